"""Who may read alerts now, where each of them sits, and how an audience is reached."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from appservice.domain.alert import Alert
from appservice.domain.audience import Audience, Route, homes_of, routes
from appservice.domain.charter import InForce
from appservice.domain.delivery import GUICHET
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel, Listed, Member
from appservice.domain.room import Kind
from appservice.domain.territory import Territory
from appservice.domain.world import World
from appservice.flows.departure.testing import withheld
from appservice.flows.ports import Transaction


@dataclass(frozen=True, slots=True)
class Reach:
    """Who is where now, and by which conversations the audience is reached."""

    present: Mapping[MemberId, Listed]  # merchants whose charter is in force
    homes: Mapping[Channel, Mapping[MemberId, str]]
    routes: tuple[Route, ...]
    unasked: int  # people who chose SMS and get none for want of their OUI
    withheld: tuple[Member, ...] = ()  # who would be reached, were it not a test

    def seated(self, channel: Channel, target: str) -> list[MemberId]:
        """Whoever sits in that room or group."""
        return [who for who, home in self.homes.get(channel, {}).items() if home == target]

    def read_by(self) -> Mapping[MemberId, frozenset[Channel]]:
        """Each person whom a route reaches, and on which channels."""
        found: dict[MemberId, set[Channel]] = {}
        for route in self.routes:
            people = [route.member] if route.member else self.seated(route.channel, route.target)
            for who in people:
                found.setdefault(who, set()).add(route.channel)
        return {who: frozenset(channels) for who, channels in found.items()}

    def readers(self, channel: Channel) -> int:
        """How many people it reaches there, one by one or together."""
        return sum(channel in channels for channels in self.read_by().values())


async def reach_of(
    tx: Transaction, world: World, territory: Territory, alert: Alert, now: datetime
) -> Reach:
    """As things stand; whoever left meanwhile is not in it."""
    return await reach_to(tx, world, territory, alert.audience, now)


async def reach_to(
    tx: Transaction, world: World, territory: Territory, audience: Audience, now: datetime
) -> Reach:
    """The same for an audience that no alert was written for yet."""
    merchants = await present(tx, world, territory, now)
    out = await withheld(tx, territory, merchants)  # none sits in a room
    inside = [m for m in merchants if m.id not in out]
    homes = homes_of(inside, await tx.rooms.of(territory.id, Kind.ALERTES), territory)
    seated = Counter(room for home in homes.values() for room in home.values())
    people = [m for m in inside if audience.holds(m, territory)]
    silent = await _without_consent(tx, people)
    texted = [
        replace(m, channels=m.channels - {Channel.SMS}) if m.id in silent else m for m in people
    ]
    addressed = await _addressed(tx, routes(texted, homes, seated))
    off_list = tuple(out[m.id] for m in merchants if m.id in out and audience.holds(m, territory))
    known = {member.id: member for member in merchants}
    return Reach(known, homes, addressed, len(silent), off_list)


async def _without_consent(tx: Transaction, people: Sequence[Listed]) -> frozenset[MemberId]:
    """Who chose SMS and has not answered OUI: no alert goes to that number."""
    chose = [member for member in people if Channel.SMS in member.channels]
    return frozenset(member.id for member in chose) - await agreed(tx, chose)


async def agreed(tx: Transaction, people: Sequence[Listed | Member]) -> frozenset[MemberId]:
    """Whose number answered OUI, and no STOP since."""
    consents = await tx.telephone.consents.held_by([m.id for m in people]) if people else {}
    return frozenset(
        member.id
        for member in people
        if (consent := consents.get(member.id)) is not None and consent.allows(member.id)
    )


async def present(
    tx: Transaction, world: World, territory: Territory, now: datetime
) -> list[Listed]:
    """The merchants of the territory whose charter is in force."""
    return [
        member
        for member in await tx.roll.merchants(territory.id)
        if isinstance(world.standing(member, member.signature, now), InForce)
    ]


async def _addressed(tx: Transaction, found: Sequence[Route]) -> tuple[Route, ...]:
    """With the addresses of those who are reached one by one: nobody else's words are opened."""
    alone = {r.member for r in found if r.member is not None and r.channel is not Channel.MATRIX}
    members = await tx.members.some(alone) if alone else {}
    return tuple(
        replace(route, target=target)
        for route in found
        if (target := route.target or _address(route, members))
    )


def _address(route: Route, members: Mapping[MemberId, Member]) -> str | None:
    if route.member is None or route.channel is Channel.MATRIX:
        return f"{GUICHET}{route.member}"
    member = members.get(route.member)
    return member.address(route.channel) if member is not None else None
