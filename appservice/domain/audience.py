"""Whom an alert is for, and through which conversations it reaches each person once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from appservice.domain.ids import MemberId, TradeId
from appservice.domain.member import Channel, Listed, Member, Role
from appservice.domain.room import Kind as RoomKind
from appservice.domain.room import KnownRoom, RoomKey
from appservice.domain.territory import Territory, Zone


@dataclass(frozen=True, slots=True)
class Audience:
    """Zone × trades, chosen independently of how wide rooms are; no trade named means all."""

    zone: Zone
    trades: frozenset[TradeId] = frozenset()

    def holds(self, member: Listed, territory: Territory) -> bool:
        """Whether the alert is for that member."""
        if member.role is not Role.MERCHANT or member.territory != territory.id:
            return False
        if self.trades and self.trades.isdisjoint(member.trades):
            return False
        return territory.covers(self.zone, member.commune)


def is_land_of(agent: Member, zone: Zone, territory: Territory) -> bool:
    """Whether the agent's land meets the zone: what the poste of their land would show them."""
    return agent.territory == territory.id and any(
        territory.covers(zone, commune)
        and any(territory.covers(land, commune) for land in agent.zones)
        for commune in territory.communes
    )


@dataclass(frozen=True, slots=True)
class Route:
    """One conversation to post to: a room, a Signal group, or `member` alone.

    The roll knows no addresses: `target` is empty for one person, until it is looked up.
    """

    channel: Channel
    target: str = ""
    member: MemberId | None = None
    to_group: bool = False


def routes(
    people: Iterable[Listed],
    homes: Mapping[Channel, Mapping[MemberId, str]],
    audiences: Mapping[str, int],
) -> tuple[Route, ...]:
    """The conversations through which these people each get one copy per channel.

    `people` are the members of the audience whose charter is in force; `homes` says in which
    `alertes` room or announcement group each member sits (at most one per channel, see
    `Member.home_trade`); `audiences` counts the merchants who sit in each of those. A room is
    used when all who sit in it are in the audience; otherwise its members are reached one by
    one, so that nobody outside the audience reads the alert and nobody reads it twice.
    """
    chosen: dict[tuple[Channel, str], Route] = {}
    members = list(people)
    for channel in Channel:
        home = homes.get(channel, {})
        seated: dict[str, int] = {}
        for member in members:
            room = home.get(member.id)
            if room is not None:
                seated[room] = seated.get(room, 0) + 1
        whole = {room for room, count in seated.items() if count == audiences.get(room)}
        for member in members:
            if channel not in member.channels:
                continue
            room = home.get(member.id)
            if room is not None and room in whole:
                route = Route(channel, room, to_group=channel is Channel.SIGNAL)
            else:
                route = Route(channel, member=member.id)
            chosen.setdefault((channel, route.target or member.id), route)
    return tuple(chosen.values())


def homes_of(
    people: Iterable[Listed], rooms: Iterable[KnownRoom], territory: Territory
) -> dict[Channel, dict[MemberId, str]]:
    """In which `alertes` room and announcement group each merchant sits.

    `people` are the merchants of the territory whose charter is in force: each sits in the room
    of their home trade, and that is the one room per channel in which an alert can find them.
    """
    known = {room.key: room for room in rooms if room.key.kind is RoomKind.ALERTES}
    homes: dict[Channel, dict[MemberId, str]] = {Channel.MATRIX: {}, Channel.SIGNAL: {}}
    for member in people:
        room = known.get(key) if (key := _home_key(member, territory)) else None
        if room is None:
            continue
        if Channel.MATRIX in member.channels:
            homes[Channel.MATRIX][member.id] = room.room_id
        group = room.signal_group
        if Channel.SIGNAL in member.channels and group is not None:
            homes[Channel.SIGNAL][member.id] = group
    return homes


def _home_key(member: Listed, territory: Territory) -> RoomKey | None:
    trade = territory.trades.get(member.home_trade) if member.home_trade else None
    if trade is None or member.commune not in territory.communes:
        return None
    zone = territory.zone_of(member.commune, trade.level)
    return RoomKey(RoomKind.ALERTES, zone, territory.id, trade=trade.id)
