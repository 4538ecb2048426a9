"""One merchant as typed in a form or a sheet, and the person whom that makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from stdnum.fr import siret

from appservice.domain.ids import Insee, MemberId, TradeId, UserId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.telephone.number import NotAMobile, mobile_of
from appservice.domain.territory import Territory, slug


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


@dataclass(frozen=True, slots=True)
class Understood:
    """The person, and what could not be read, by field."""

    person: Member
    problems: Mapping[str, str] = field(default_factory=dict)


def understand(typed: Typed, territory: Territory, server_name: str) -> Understood:
    """A merchant of that territory. What is read but wrong is for the flow to say."""
    problems: dict[str, str] = {}
    phone = None
    if typed.phone:
        try:
            phone = mobile_of(typed.phone)
        except NotAMobile as mistake:
            problems["phone"] = f"{mistake}."
    channels = [channel_of(word) for word in typed.channels]
    if None in channels:
        problems["channels"] = "Canaux connus : element, signal, sms."
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
    person = Member(
        id=MemberId(""),
        role=Role.MERCHANT,
        name=typed.name.strip(),
        territory=territory.id,
        shop=typed.shop.strip(),
        trades=tuple(trade_of(word, territory) for word in typed.trades),
        commune=commune,
        channels=frozenset(channel for channel in channels if channel is not None),
        mxid=_account(typed.mxid, server_name),
        phone=phone,
        siret=siret.compact(typed.siret),
        language=typed.language,
        sms_fallback=typed.fallback,
        trained=trained,
    )
    return Understood(person, problems)


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
