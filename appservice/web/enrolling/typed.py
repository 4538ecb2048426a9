"""Somebody as typed in a form or a sheet, and the person whom that makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from stdnum.fr import siret

from appservice.domain.ids import Insee, MemberId, TradeId, UserId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.telephone.number import NotAMobile, mobile_of
from appservice.domain.territory import Level, Territory, Zone, slug

FEW = 25
"""Places that one ticks or picks from a list; beyond, one types."""
AGENTS = tuple(role for role in Role if role is not Role.MERCHANT)
NO_ROLE = "Choisissez la fonction."
NO_ZONE = "Au moins une zone de compétence."
NOT_A_COMMUNE = "Une de ces communes n'est pas dans votre territoire. Séparez-les par « ; »."


@dataclass(frozen=True, slots=True)
class Typed:
    """Words, as they were typed."""

    name: str = ""
    shop: str = ""
    siret: str = ""
    trades: tuple[str, ...] = ()
    commune: str = ""  # an INSEE code, alone or before the name, or the name
    phone: str = ""
    channels: tuple[str, ...] = ()
    mxid: str = ""  # or the name of the account alone
    language: str = "fr"
    fallback: bool = False
    trained: str = ""  # the day of the training
    role: str = ""  # of an agent
    zones: tuple[str, ...] = ()  # of an agent: `departement:35`
    communes: str = ""  # more of them, as people write them


@dataclass(frozen=True, slots=True)
class Understood:
    """The person, and what could not be read, by field."""

    person: Member
    problems: Mapping[str, str] = field(default_factory=dict)


def understand(typed: Typed, territory: Territory, server_name: str) -> Understood:
    """A merchant of that territory. What is read but wrong is for the flow to say."""
    problems: dict[str, str] = {}
    trained = day_of(typed.trained)
    if typed.trained and trained is None:
        problems["trained"] = "Le jour de la formation s'écrit 21/11/2026."
    commune = commune_of(typed.commune, territory)
    if not commune:
        problems["commune"] = (
            f"Commune inconnue dans le territoire {territory.name}."
            if typed.commune
            else "La commune du commerce manque."
        )
    person = replace(
        _reached(typed, territory, server_name, problems),
        shop=typed.shop.strip(),
        trades=tuple(trade_of(word, territory) for word in typed.trades),
        commune=commune,
        siret=siret.compact(typed.siret),
        trained=trained,
    )
    return Understood(person, problems)


def understand_agent(typed: Typed, territory: Territory, server_name: str) -> Understood:
    """An agent of that territory."""
    problems: dict[str, str] = {}
    role = next((role for role in AGENTS if role.value == typed.role), None)
    if role is None:
        problems["role"] = NO_ROLE
    zones = [zone for zone in zones_of(territory) if str(zone) in typed.zones]
    for word in typed.communes.split(";"):
        if word.strip():
            code = commune_of(word.strip(), territory)
            if code:
                zones.append(Zone(Level.COMMUNE, code))
            else:
                problems["communes"] = NOT_A_COMMUNE
    if not zones and "communes" not in problems:
        problems["zones"] = NO_ZONE
    person = _reached(typed, territory, server_name, problems)
    land = tuple(dict.fromkeys(zones))
    return Understood(replace(person, role=role or AGENTS[0], zones=land), problems)


def zones_of(territory: Territory) -> list[Zone]:
    """The wide ones first; communes too where one may tick them."""
    places = territory.communes.values()
    wide = [Zone(Level.TERRITORY, territory.id)]
    wide += [Zone(Level.DEPARTMENT, code) for code in sorted({p.department for p in places})]
    epcis = sorted({place.epci for place in places if place.epci})
    if len(epcis) <= FEW:
        wide += [Zone(Level.EPCI, code) for code in epcis]
    if len(places) <= FEW:
        wide += [Zone(Level.COMMUNE, place.insee) for place in places]
    return wide


def _reached(
    typed: Typed, territory: Territory, server_name: str, problems: dict[str, str]
) -> Member:
    """What merchants and agents have in common."""
    phone = None
    if typed.phone:
        try:
            phone = mobile_of(typed.phone)
        except NotAMobile as mistake:
            problems["phone"] = f"{mistake}."
    channels = [channel_of(word) for word in typed.channels]
    if None in channels:
        problems["channels"] = "Canaux connus : element, signal, sms."
    return Member(
        id=MemberId(""),
        role=Role.MERCHANT,
        name=typed.name.strip(),
        territory=territory.id,
        channels=frozenset(channel for channel in channels if channel is not None),
        mxid=_account(typed.mxid, server_name),
        phone=phone,
        language=typed.language,
        sms_fallback=typed.fallback,
    )


def day_of(text: str) -> date | None:
    """As people write it, or as spreadsheets do."""
    for form in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return None


def commune_of(text: str, territory: Territory) -> Insee:
    """Of the territory, by its INSEE code or by its name; empty when there is none, or several."""
    code = Insee(text.strip().partition(" ")[0])
    if code in territory.communes:
        return code
    wanted = slug(text)
    found = [insee for insee, place in territory.communes.items() if slug(place.name) == wanted]
    return found[0] if len(found) == 1 else Insee("")


def trade_of(word: str, territory: Territory) -> TradeId:
    """By its id or by its name; what is neither stays as it is, to be refused."""
    wanted = slug(word)
    named = (t.id for t in territory.trades.values() if wanted in (slug(t.id), slug(t.name)))
    return next(named, TradeId(word.strip()))


def channel_of(word: str) -> Channel | None:
    """By the name that people know, or ours."""
    wanted = word.strip().lower()
    return next((c for c in Channel if wanted in (c.value, c.label.lower())), None)


def _account(text: str, server_name: str) -> UserId | None:
    name = text.strip().lower()
    if not name:
        return None
    return UserId(name if name.startswith("@") else f"@{name}:{server_name}")
