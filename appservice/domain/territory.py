"""Communes, zones and territories: where a room, a member or an alert belongs."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from appservice.domain.ids import Insee, TradeId
from appservice.domain.telephone.rules import TextRules

_UNFIT = re.compile(r"[^A-Za-z0-9]+")


class Level(StrEnum):
    """How wide a room is."""

    COMMUNE = "commune"
    EPCI = "epci"
    DEPARTMENT = "departement"
    TERRITORY = "territoire"

    __hash__ = str.__hash__  # an enum's own is slow, and zones are looked up by it


@dataclass(frozen=True, slots=True)
class Commune:
    """One row of the Code officiel géographique."""

    insee: Insee
    name: str
    department: str
    epci: str = ""
    centre: tuple[float, float] | None = None  # latitude and longitude, in degrees


class Zone(NamedTuple):
    """A piece of land with a code: commune 35152, EPCI 243500139, département 35."""

    level: Level
    code: str

    def __str__(self) -> str:
        return f"{self.level.value}:{self.code}"


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade of a territory and how wide its rooms are."""

    id: TradeId
    name: str
    level: Level


@dataclass(frozen=True, slots=True)
class Territory:
    """One operator's land: its communes, trades and charters (one YAML file)."""

    id: str
    name: str
    department: str
    communes: Mapping[Insee, Commune]
    trades: Mapping[TradeId, Trade]
    poste_level: Level
    charters: Mapping[str, str]  # kind of member -> charter id
    contact: str = ""  # how to reach the mairie, shown to strangers
    texts: TextRules = field(default_factory=TextRules)
    training_required: bool = False  # an untrained merchant receives, and reports nothing yet
    test_list: frozenset[str] | None = None  # addresses of who takes part in a test; None: no test
    chiefs_send: bool = False  # only a chef de quart sends alerts; other officers propose them

    gaps: tuple[str, ...] = ()  # what its legal checklist lacks, as people are told

    def asks_training_of(self, *, merchant: bool, trained: bool) -> bool:
        """Whether that person receives, and reports nothing before they have been trained."""
        return self.training_required and merchant and not trained

    @property
    def is_open(self) -> bool:
        """Whether anything may be made there: its legal checklist is complete."""
        return not self.gaps

    def zone_of(self, commune: Insee, level: Level) -> Zone:
        """The zone of that width that holds the commune."""
        place = self.communes[commune]
        match level:
            case Level.COMMUNE:
                return Zone(level, place.insee)
            case Level.EPCI:
                return Zone(level, place.epci)
            case Level.DEPARTMENT:
                return Zone(level, place.department)
            case Level.TERRITORY:
                return Zone(level, self.id)

    def zone_name(self, zone: Zone) -> str:
        """What people call the zone."""
        match zone.level:
            case Level.COMMUNE:
                return self.communes[Insee(zone.code)].name
            case Level.TERRITORY:
                return self.name
            case Level.DEPARTMENT:
                return f"département {zone.code}"
            case Level.EPCI:
                return f"EPCI {zone.code}"

    def zone_names(self, zones: Iterable[Zone]) -> list[str]:
        """The same for several; files may have lost a commune since."""
        return [
            zone.code
            if zone.level is Level.COMMUNE and zone.code not in self.communes
            else self.zone_name(zone)
            for zone in zones
        ]

    def covers(self, zone: Zone, commune: Insee) -> bool:
        """Whether the commune lies in the zone."""
        place = self.communes.get(commune)
        return place is not None and self.zone_of(commune, zone.level) == zone


def slug(name: str) -> str:
    """ASCII, lower case, hyphens: `Saint-Évroult` gives `saint-evroult`.

    Slugs alone collide for thousands of communes: always join a département or an INSEE code.
    """
    plain = unicodedata.normalize("NFKD", name.replace("œ", "oe").replace("Œ", "oe").lower())
    if not plain.isascii():
        plain = "".join(c for c in plain if not unicodedata.combining(c))
    return _UNFIT.sub("-", plain).strip("-")
