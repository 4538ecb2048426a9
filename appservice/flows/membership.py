"""Membership by charter: plan, apply, revoke at once, and open a guichet on demand."""

import asyncio
import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from appservice.domain.audit import Act
from appservice.domain.charter import Signature
from appservice.domain.errors import TemporaryFailure
from appservice.domain.ids import MemberId, RoomId, UserId
from appservice.domain.member import Member
from appservice.domain.membership import (
    Desired,
    Phase,
    Step,
    desired,
    desired_by_territory,
    desired_guichet,
    guichet_key,
    in_order,
    plan,
)
from appservice.domain.membership.group_steps import RemoveFromGroup
from appservice.domain.membership.people_steps import Remove
from appservice.domain.room import KnownRoom
from appservice.domain.world import World
from appservice.flows.charter.links import take_back
from appservice.flows.ports import Clock, Homeserver, Seals, Store
from appservice.flows.provisioning import Applied, OnStep, Provisioner
from bridges.protocol import Group, Groups

_T = TypeVar("_T")

# What can be decided about one room without looking at the others.
_WITHIN_A_ROOM = frozenset(
    {Phase.SETTINGS, Phase.REMOVALS, Phase.PROOFS, Phase.INVITATIONS, Phase.WELCOMES}
)


AHEAD = timedelta(seconds=90)
"""Seats end this long before the charter does: longer than one walk to the next, so that nobody
still sits in a room when an alert comes that is no longer for them."""


@dataclass(frozen=True, slots=True)
class Ourselves:
    """The service's own accounts, who sit in every room and group."""

    bot: UserId
    signal: str = ""

    @property
    def server_name(self) -> str:
        """The homeserver that holds the rooms."""
        return self.bot.partition(":")[2]

    @property
    def accounts(self) -> frozenset[str]:
        """Those that a plan must leave where they are."""
        return frozenset({self.bot, self.signal} - {""})


class Membership:
    """Who sits where, decided by charters; the same walk for a new trade and a revocation."""

    def __init__(
        self,
        store: Store,
        homeserver: Homeserver,
        groups: Groups | None,
        seals: Seals,
        clock: Clock,
        world: World,
        ourselves: Ourselves,
    ) -> None:
        self._store = store
        self._homeserver = homeserver
        self._groups = groups
        self._seals = seals
        self._clock = clock
        self._world = world
        self._ourselves = ourselves
        self._reconciling = asyncio.Lock()
        self._opening = asyncio.Lock()

    async def plan(self) -> tuple[Step, ...]:
        """What differs from what must be; empty when nothing does. Changes nothing."""
        members, signatures, known = await self._register()
        groups = await self._list_groups()
        soon = self._clock() + AHEAD
        # One territory at a time: what the homeserver says of a country would fill the memory.
        territories = desired_by_territory(self._world, members, signatures, soon)
        steps: list[Step] = []
        while wanted := await asyncio.to_thread(_undisturbed, lambda: next(territories, None)):
            own = [room for room in known if room.key.territory in wanted.territories]
            theirs = _not_others(groups, known, wanted.territories)
            steps += await self._compare(wanted, own, [room.room_id for room in own], theirs)
        return in_order(steps)

    async def apply(self, steps: Iterable[Step], on_step: OnStep | None = None) -> Applied:
        """Does the steps; what failed is in the answer and in the next plan."""
        return await self._provisioner().apply(steps, on_step)

    async def reconcile(self, on_step: OnStep | None = None) -> Applied:
        """Plan and apply, one at a time in this process."""
        async with self._reconciling:
            return await self.apply(await self.plan(), on_step)

    async def repair(self, rooms: Sequence[RoomId]) -> Applied:
        """Puts right a few rooms only: quick, for when somebody has just joined or tampered."""
        wanted, known = await self._wanted()
        keys = {room.key for room in known if room.room_id in set(rooms)}
        steps = await self._compare(wanted, known, rooms, None)
        mine = (step for step in steps if step.key in keys and step.phase in _WITHIN_A_ROOM)
        return await self.apply(mine)

    async def revoke(self, member: MemberId, by: str) -> Applied:
        """Takes the right away, then the seats: where they should sit first, then wherever else.

        `by` is a member id or `operator`. SMS stop by themselves: delivery looks at the charter.
        """
        now = self._clock()
        before, known = await self._wanted()
        async with self._store.transaction() as tx:
            person = await tx.members.get(member)
            await tx.signatures.revoke(member, now)
            await take_back(tx, member, now)
            await tx.arrivals.end(member, now)
            await tx.acts.append(
                Act(by, "revoke", member, now, territory=person.territory if person else "")
            )
        if person is None:
            return Applied()
        seats = _seats_of(person, before, known)
        after, _ = await self._wanted()
        groups = await self._list_groups()
        expected = await self._compare(after, known, seats, groups)
        applied = await self.apply(_removals_of(person, expected))
        # Whoever was let in by hand in other rooms leaves them too.
        rest = await self.apply(_removals_of(person, await self.plan()))
        return Applied(applied.done + rest.done, rest.failures)

    async def room_of(self, member: MemberId) -> RoomId | None:
        """The guichet of a member, made now if need be; None for whoever may not have one.

        Raises TemporaryFailure when it can't be made now.
        """
        async with self._opening:
            async with self._store.transaction() as tx:
                person = await tx.members.get(member)
                signature = await tx.signatures.latest(member)
                known = await tx.rooms.by_key(guichet_key(person)) if person else None
            if person is None:
                return None
            wanted = desired_guichet(self._world, person, signature, self._clock())
            if not wanted.rooms:
                return None
            if known is None:
                await self.apply(plan(wanted, (), {}, None))
                async with self._store.transaction() as tx:
                    known = await tx.rooms.by_key(guichet_key(person))
            if known is None:
                raise TemporaryFailure("Le guichet n'a pas pu être ouvert.")
            return known.room_id

    async def _register(
        self,
    ) -> tuple[Sequence[Member], Mapping[MemberId, Signature], Sequence[KnownRoom]]:
        async with self._store.transaction() as tx:
            members = await tx.members.everyone()
            signatures = await tx.signatures.all_latest()
            return members, signatures, await tx.rooms.all()

    async def _wanted(self) -> tuple[Desired, Sequence[KnownRoom]]:
        members, signatures, known = await self._register()
        soon = self._clock() + AHEAD
        wanted = await asyncio.to_thread(
            _undisturbed, lambda: desired(self._world, members, signatures, soon)
        )
        return wanted, known

    async def _compare(
        self,
        wanted: Desired,
        known: Sequence[KnownRoom],
        rooms: Sequence[RoomId],
        groups: Sequence[Group] | None,
    ) -> tuple[Step, ...]:
        actual = await self._homeserver.snapshot(rooms)
        ours = self._ourselves.accounts
        return await asyncio.to_thread(
            _undisturbed, lambda: plan(wanted, known, actual, groups, ours)
        )

    async def _list_groups(self) -> Sequence[Group] | None:
        if self._groups is None:
            return None
        try:
            return await self._groups.list_groups()
        except ConnectionError:
            # Not knowing is not knowing that there are none.
            return None

    def _provisioner(self) -> Provisioner:
        return Provisioner(
            self._store,
            self._homeserver,
            self._groups,
            self._seals,
            self._ourselves.server_name,
        )


def _undisturbed(compute: Callable[[], _T]) -> _T:
    """Planning makes many objects and drops none: a collection on the way only costs time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        return compute()
    finally:
        if collecting:
            gc.enable()


def _not_others(
    groups: Sequence[Group] | None, known: Sequence[KnownRoom], territories: frozenset[str]
) -> Sequence[Group] | None:
    """Without the groups of other territories: nobody adopts a group that has a room."""
    if groups is None:
        return None
    others = {r.signal_group for r in known if r.key.territory not in territories}
    return [group for group in groups if group.id not in others]


def _seats_of(person: Member, wanted: Desired, known: Sequence[KnownRoom]) -> list[RoomId]:
    """The rooms where the member is due, on Matrix or on Signal."""
    due = {
        key
        for key, room in wanted.rooms.items()
        if person.mxid in room.people or person.signal in room.signal_people
    }
    return [room.room_id for room in known if room.key in due]


def _removals_of(person: Member, steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        match step:
            case Remove(user=user) if user == person.mxid:
                yield step
            case RemoveFromGroup(people=people) if person.signal in people:
                yield replace(step, people=(person.signal,))
            case _:
                pass
