"""A territory seen as zones of each width, and what rooms in them are called."""

import re
from dataclasses import dataclass

from appservice.domain.ids import Insee, MemberId, TradeId
from appservice.domain.member import Member, Role
from appservice.domain.room import Kind, RoomKey
from appservice.domain.territory import Level, Territory, Zone, slug

ALIAS_PREFIX = "maillage_"
"""Ours alone on the homeserver (see the registration)."""

_UNFIT = re.compile(r"[^A-Za-z0-9_.-]")


def guichet_key(member: Member) -> RoomKey:
    """The room of one member and the service; it follows the member from commune to commune."""
    zone = Zone(Level.TERRITORY, member.territory)
    return RoomKey(Kind.GUICHET, zone, member.territory, member=member.id)


@dataclass(frozen=True, slots=True)
class Plot:
    """A zone that holds rooms: what it is called, in words and in aliases, and its space."""

    zone: Zone
    name: str
    slug: str
    parent: RoomKey
    communes: list[Insee]


class Land:
    """Zones of a territory, each made once: rooms by the hundred thousand share them."""

    def __init__(self, territory: Territory) -> None:
        self._territory = territory
        self._zones: dict[Level, dict[Insee, Zone]] = {}
        self._plots: dict[Level, dict[Zone, Plot]] = {}
        self.root = RoomKey(Kind.SPACE, Zone(Level.DEPARTMENT, territory.department), territory.id)
        levels = {trade.level for trade in territory.trades.values()} | {territory.poste_level}
        self.levels = tuple(level for level in Level if level in levels)
        # A space without a room would be one more empty thing on people's screens.
        self.has_commune_spaces = Level.COMMUNE in levels

    def zones(self, level: Level) -> dict[Insee, Zone]:
        """The zone of that width that holds each commune."""
        if level not in self._zones:
            made: dict[str, Zone] = {}
            zones = {}
            for insee in self._territory.communes:
                zone = self._territory.zone_of(insee, level)
                zones[insee] = made.setdefault(zone.code, zone)
            self._zones[level] = zones
        return self._zones[level]

    def plots(self, level: Level) -> dict[Zone, Plot]:
        """The zones of that width."""
        if level not in self._plots:
            found: dict[Zone, Plot] = {}
            for insee, zone in self.zones(level).items():
                if zone not in found:
                    found[zone] = self._plot(zone)
                found[zone].communes.append(insee)
            self._plots[level] = found
        return self._plots[level]

    def communes_of(self, member: Member) -> dict[Insee, None]:
        """Where the member belongs: a merchant's shop, or an agent's zones."""
        if member.role is Role.MERCHANT:
            return {member.commune: None} if member.commune in self._territory.communes else {}
        plots = (self.plots(zone.level).get(zone) for zone in member.zones)
        return {insee: None for plot in plots if plot for insee in plot.communes}

    def root_plot(self) -> Plot:
        """Where the space of the whole territory stands."""
        return self._plot(self.root.zone)

    def _plot(self, zone: Zone) -> Plot:
        """Slugs of communes collide, so the code follows; territories may share a département,
        so wider zones bear the slug of the territory.
        """
        parent = self.root
        slugged = f"{self._territory.id}_{zone.code}"
        if zone.level is Level.COMMUNE:
            parent = RoomKey(Kind.SPACE, zone, self._territory.id)
            slugged = f"{slug(self._territory.communes[Insee(zone.code)].name)}_{zone.code}"
        elif zone.level is Level.TERRITORY:
            slugged = f"{self._territory.id}_territoire"
        return Plot(zone, self._territory.zone_name(zone), slugged, parent, [])


def room_alias(kind: Kind, trade: TradeId | None, plot: Plot) -> str:
    """Localpart of the alias of a room; the same for ever."""
    middle = f"_{trade}" if trade else ""
    return f"{ALIAS_PREFIX}{kind.value}{middle}_{plot.slug}"


def guichet_alias(member: MemberId) -> str:
    """Localpart of the alias of a guichet."""
    plain = _UNFIT.sub("-", member)
    return f"{ALIAS_PREFIX}{Kind.GUICHET.value}_{plain}"
