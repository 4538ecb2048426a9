"""What a person must be to be enrolled: each mistake names its field and says what to do."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stdnum.fr import siret

from appservice.domain.errors import Refused
from appservice.domain.ids import UserId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.territory import Territory, slug
from appservice.domain.world import World

LANGUAGES = ("fr", "en", "es", "de", "it")
OPERATOR = "operator"
"""Whoever runs the service from the command line; the other enrollers are members."""

_PHONE = re.compile(r"\+[1-9][0-9]{7,14}")
_MXID = re.compile(r"@[a-z0-9._=/+-]+:(?P<server>\S+)")
_ACI = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONGEST_NAME = 80
_LONGEST_MXID = 255  # Matrix specification, appendix on user identifiers


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """`rank` is the place of the person in the list that was given, from 0."""

    rank: int
    field: str
    code: str
    french: str


class EnrolmentRefused(Refused):
    """L'inscription est refusée."""

    code = "inscription-refusee"

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__(" ".join(mistake.french for mistake in mistakes))
        self.mistakes = mistakes


def mistakes_in(
    member: Member, world: World, server_name: str, rank: int = 0
) -> tuple[Mistake, ...]:
    """Everything that keeps this person from being enrolled, others apart."""
    found = [*_about_the_person(member), *_about_channels(member, server_name)]
    territory = world.territory_of(member)
    if territory is None:
        found.append(("territory", "unknown-territory", "Territoire inconnu."))
    elif member.role is Role.MERCHANT:
        found += _about_the_shop(member, territory)
    else:
        found += _about_the_land(member, territory)
    return tuple(Mistake(rank, *mistake) for mistake in found)


def likenesses(member: Member) -> tuple[str, ...]:
    """Two who share one may be the same shop, enrolled twice: to be asked, not refused."""
    if member.role is not Role.MERCHANT:
        return ()
    shop = slug(member.shop)
    return (
        *((f"siret {member.siret}",) if member.siret else ()),
        *((f"shop {member.commune} {shop}",) if shop else ()),
    )


_Found = Iterator[tuple[str, str, str]]


def _about_the_person(member: Member) -> _Found:
    if not member.name.strip():
        yield "name", "no-name", "Le nom manque."
    for field in ("name", "shop"):
        text: str = getattr(member, field)
        if len(text) > _LONGEST_NAME or not text.isprintable():
            yield field, "bad-text", f"« {field} » : {_LONGEST_NAME} caractères lisibles au plus."
    if member.language not in LANGUAGES:
        yield "language", "unknown-language", f"Langue : {', '.join(LANGUAGES)}."


def _about_channels(member: Member, server_name: str) -> _Found:
    if not member.channels:
        yield "channels", "no-channel", "Au moins un canal : matrix, signal ou sms."
    # On Matrix an account may come later: it is opened, or proved, once the charter is signed.
    if Channel.SIGNAL in member.channels and member.signal is None and member.phone is None:
        yield "phone", "no-address", "Le canal signal demande un numéro ou un compte Signal."
    if Channel.SMS in member.channels and member.phone is None:
        yield "phone", "no-address", "Le canal sms demande un numéro de mobile."
    signal_alone = Channel.SIGNAL in member.channels and Channel.SMS not in member.channels
    if member.sms_fallback and (member.phone is None or not signal_alone):
        said = "Le secours par SMS demande le canal signal, sans le canal sms, et un numéro."
        yield "sms_fallback", "no-fallback", said
    yield from _about_addresses(member, server_name)


def _about_addresses(member: Member, server_name: str) -> _Found:
    if member.phone is not None and not _PHONE.fullmatch(member.phone):
        yield "phone", "bad-phone", "Le numéro n'est pas au format international (+33…)."
    if member.signal is not None and not _ACI.fullmatch(member.signal):
        yield "signal", "bad-account", "Le compte Signal n'est pas un identifiant (ACI)."
    mistake = account_mistake(member.mxid, server_name) if member.mxid is not None else None
    if mistake is not None:
        yield "mxid", *mistake


def account_mistake(user: UserId, server_name: str) -> tuple[str, str] | None:
    """What keeps a Matrix account from our rooms: a code and a sentence."""
    match = _MXID.fullmatch(user)
    if match is None or len(user) > _LONGEST_MXID:
        return "bad-mxid", "L'identifiant Matrix s'écrit @nom:serveur."
    if match["server"] != server_name:
        # Rooms do not federate: an account elsewhere could never come in.
        return "foreign-mxid", f"Le compte Matrix doit être sur {server_name}."
    return None


def _about_the_shop(member: Member, territory: Territory) -> _Found:
    if not member.shop.strip():
        yield "shop", "no-shop", "Le nom du commerce manque : c'est lui que les autres lisent."
    if member.commune not in territory.communes:
        yield "commune", "unknown-commune", f"Commune hors du territoire {territory.name}."
    if member.siret and not siret.is_valid(member.siret):
        yield "siret", "bad-siret", "Ce SIRET est faux : quatorze chiffres, vérifiés par une clé."
    yield from _about_the_trades(member, territory)
    if member.zones:
        yield "zones", "merchant-zones", "Un commerçant a une commune, pas de zones."


def _about_the_trades(member: Member, territory: Territory) -> _Found:
    if not member.trades:
        yield "trades", "no-trade", "Au moins un métier."
    for trade in member.trades:
        if trade not in territory.trades:
            known = ", ".join(territory.trades)
            yield "trades", "unknown-trade", f"Métier inconnu « {trade} » (connus : {known})."
    if len(set(member.trades)) != len(member.trades):
        yield "trades", "repeated-trade", "Le même métier est écrit deux fois."


def _about_the_land(member: Member, territory: Territory) -> _Found:
    if not member.zones:
        yield "zones", "no-zone", "Au moins une zone de compétence."
    for zone in member.zones:
        if not any(territory.covers(zone, commune) for commune in territory.communes):
            yield "zones", "unknown-zone", f"Zone hors du territoire : {zone}."
    if member.trades or member.commune:
        yield "trades", "agent-shop", "Un agent n'a ni métier ni commune de commerce."
