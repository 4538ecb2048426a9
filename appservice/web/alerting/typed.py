"""An alert as typed in the composer, and the draft that this makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from appservice.domain.audience import Audience
from appservice.domain.commands.offences import Offence
from appservice.domain.console import Draft, Witness
from appservice.domain.ids import TradeId
from appservice.domain.territory import Level, Territory, Zone
from appservice.web.enrolling.typed import commune_of

LONGEST = 1000
"""Characters of a text; what is over 160 septets is refused by the rules, in words."""


@dataclass(frozen=True, slots=True)
class Typed:
    """Words, as they were typed and chosen."""

    text: str = ""
    zone: str = ""  # `commune:35152`, or what the list of suggestions shows
    trades: tuple[str, ...] = ()  # none: all of them
    offence: str = ""
    witness: str = ""
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Understood:
    """The draft, and what could not be read, by field."""

    draft: Draft
    problems: Mapping[str, str] = field(default_factory=dict)


def zones(territory: Territory) -> Sequence[tuple[Zone, str]]:
    """Where an alert may be for, the widest first, and what people call it."""
    wide = {Zone(Level.TERRITORY, territory.id), *_wide(territory, Level.DEPARTMENT)}
    if any(place.epci for place in territory.communes.values()):
        wide |= _wide(territory, Level.EPCI)
    communes = [Zone(Level.COMMUNE, insee) for insee in territory.communes]
    ordered = sorted(wide, key=lambda zone: (_WIDEST.index(zone.level), zone.code))
    named = sorted(communes, key=territory.zone_name)
    return [(zone, territory.zone_name(zone)) for zone in (*ordered, *named)]


def understand(typed: Typed, territory: Territory) -> Understood:
    """For that territory only: nothing of another one can be named."""
    problems: dict[str, str] = {}
    zone = _zone(typed.zone, territory)
    if zone is None:
        problems["zone"] = "Choisissez une zone de la liste."
    trades = frozenset(TradeId(word) for word in typed.trades)
    if not trades <= set(territory.trades):
        problems["trades"] = "Choisissez des métiers de la liste."
    if typed.offence not in ("", *Offence):
        problems["offence"] = "Choisissez une infraction de la liste."
    if typed.witness not in ("", *Witness):
        problems["witness"] = "Choisissez un service de la liste."
    if mistake := mistake_in(typed.text):
        problems["text"] = mistake
    draft = Draft(
        audience=Audience(zone or Zone(Level.TERRITORY, territory.id), trades),
        text=typed.text,
        offence=Offence(typed.offence) if typed.offence in tuple(Offence) else None,
        witness=Witness(typed.witness) if typed.witness in tuple(Witness) else None,
        urgent=typed.urgent,
    )
    return Understood(draft, problems)


def mistake_in(text: str) -> str:
    """What is wrong with a text before anybody judges it, in French; empty when nothing is."""
    if not text.strip():
        return "Le texte manque."
    return "Le texte est trop long." if len(text) > LONGEST else ""


_WIDEST = (Level.TERRITORY, Level.DEPARTMENT, Level.EPCI, Level.COMMUNE)


def _wide(territory: Territory, level: Level) -> set[Zone]:
    found = {territory.zone_of(insee, level) for insee in territory.communes}
    return {zone for zone in found if zone.code}


def _zone(text: str, territory: Territory) -> Zone | None:
    """By its code, by its name, or as a commune is typed."""
    named = next((z for z, name in zones(territory) if text in (str(z), name)), None)
    if named is not None or not text:
        return named
    commune = commune_of(text, territory)
    return Zone(Level.COMMUNE, commune) if commune else None
