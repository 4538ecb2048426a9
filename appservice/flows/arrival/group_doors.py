"""Links of the Signal groups that somebody is due in: who follows one asks, and we approve."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from appservice.domain.member import Channel, Member, is_reached
from appservice.domain.membership import desired
from appservice.domain.world import World
from appservice.flows.ports import Clock, Store
from bridges.protocol import Group, Groups


@dataclass(frozen=True, slots=True)
class GroupDoor:
    """A group that they are not in yet, and how to ask."""

    title: str
    link: str


@dataclass(frozen=True, slots=True)
class GroupDoors:
    """Without `groups`, or while Signal can't say, there are none to show."""

    store: Store
    clock: Clock
    world: World
    groups: Groups | None

    async def of(self, member: Member) -> Sequence[GroupDoor]:
        """Only once their Signal account is known: nobody else who asks would be let in."""
        territory = self.world.territory_of(member)
        if self.groups is None or territory is None or not is_reached(member, territory):
            return ()
        if member.signal is None or Channel.SIGNAL not in member.channels:
            return ()
        due = await self._due(self._alone(member), member)
        if not due:
            return ()
        try:
            listed = {group.id: group for group in await self.groups.list_groups()}
        except ConnectionError:
            return ()
        found = [listed[group] for group in due if group in listed]
        return [GroupDoor(one.title, one.link) for one in found if _asks(one, member.signal)]

    def _alone(self, member: Member) -> World:
        """The world as far as that person's rooms go."""
        land = self.world.territories[member.territory]
        return replace(self.world, territories={member.territory: land})

    async def _due(self, world: World, member: Member) -> list[str]:
        """Groups where the charter in force seats them."""
        async with self.store.transaction() as tx:
            signature = await tx.signatures.latest(member.id)
        if signature is None:
            return []
        signed, now = {member.id: signature}, self.clock()
        wanted = await asyncio.to_thread(desired, world, [member], signed, now)
        keys = [key for key, room in wanted.rooms.items() if member.signal in room.signal_people]
        async with self.store.transaction() as tx:
            known = [await tx.rooms.by_key(key) for key in keys]
        return [room.signal_group for room in known if room and room.signal_group]


def _asks(group: Group, account: str) -> bool:
    """A door that asks us first, with that person outside."""
    return group.link.startswith("https://") and group.sealed and account not in group.members
