"""Who may read alerts now, where each of them sits, and how an audience is reached."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from appservice.domain.alert import Alert
from appservice.domain.audience import Route, homes_of, routes
from appservice.domain.charter import InForce
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.territory import Territory
from appservice.domain.world import World
from appservice.flows.ports import Transaction


@dataclass(frozen=True, slots=True)
class Reach:
    """Who is where now, and by which conversations the audience is reached."""

    present: Mapping[MemberId, Member]  # merchants whose charter is in force
    homes: Mapping[Channel, Mapping[MemberId, str]]
    routes: tuple[Route, ...]
    unasked: int  # people who chose SMS and get none for want of their OUI

    def seated(self, channel: Channel, target: str) -> list[Member]:
        """Whoever sits in that room or group."""
        homes = self.homes.get(channel, {})
        return [self.present[who] for who, home in homes.items() if home == target]


async def reach_of(
    tx: Transaction, world: World, territory: Territory, alert: Alert, now: datetime
) -> Reach:
    """As things stand; whoever left meanwhile is not in it."""
    merchants = await _merchants_in_force(tx, world, territory, now)
    homes = homes_of(merchants, await tx.rooms.all(), territory)
    seated = Counter(room for home in homes.values() for room in home.values())
    people = [m for m in merchants if alert.audience.holds(m, territory)]
    silent = await _without_consent(tx, people)
    texted = [
        replace(m, channels=m.channels - {Channel.SMS}) if m.id in silent else m for m in people
    ]
    present = {member.id: member for member in merchants}
    return Reach(present, homes, routes(texted, homes, seated), len(silent))


async def _without_consent(tx: Transaction, people: Sequence[Member]) -> frozenset[MemberId]:
    """Who chose SMS and has not answered OUI: no alert goes to that number."""
    chose = [member for member in people if Channel.SMS in member.channels]
    return frozenset(member.id for member in chose) - await agreed(tx, chose)


async def agreed(tx: Transaction, people: Sequence[Member]) -> frozenset[MemberId]:
    """Whose number answered OUI, and no STOP since."""
    consents = await tx.telephone.consents.held_by([m.id for m in people]) if people else {}
    return frozenset(
        member.id
        for member in people
        if (consent := consents.get(member.id)) is not None and consent.allows(member.id)
    )


async def _merchants_in_force(
    tx: Transaction, world: World, territory: Territory, now: datetime
) -> list[Member]:
    signatures = await tx.signatures.all_latest()
    return [
        member
        for member in await tx.members.everyone(territory.id)
        if member.role is Role.MERCHANT
        and isinstance(world.standing(member, signatures.get(member.id), now), InForce)
    ]
