"""A territory in its test phase: whatever is sent goes to the test list, and nowhere else."""

from collections.abc import Collection, Mapping, Sequence

from appservice.domain.delivery import Parcel
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel, Listed, Member, is_reached
from appservice.domain.territory import Territory
from appservice.domain.world import World
from appservice.flows.ports import Store, Transaction

OFF_LIST = "test-phase"
"""Code of a parcel that was kept back."""


async def kept_back(store: Store, world: World, parcels: Sequence[Parcel]) -> Collection[str]:
    """Keys of those that would leave a test list. Rooms and groups hold nobody else: see seats."""
    tested = [land for land in world.territories.values() if land.test_list is not None]
    alone = [p for p in parcels if p.member is not None or _is_a_strangers(p)]
    if not tested or not alone:
        return ()
    async with store.transaction() as tx:
        members = await tx.members.some({p.member for p in alone if p.member is not None})
    only_tests = len(tested) == len(world.territories)
    return {p.key for p in alone if not _may_leave(p, world, members, only_tests=only_tests)}


def _is_a_strangers(parcel: Parcel) -> bool:
    return parcel.channel is not Channel.MATRIX and not parcel.to_group


def _may_leave(
    parcel: Parcel, world: World, members: Mapping[MemberId, Member], *, only_tests: bool
) -> bool:
    """Somebody unknown belongs to no territory: nothing goes to them where all are tests."""
    member = members.get(parcel.member) if parcel.member is not None else None
    territory = world.territory_of(member) if member is not None else None
    if member is None or territory is None:
        return not only_tests
    return is_reached(member, territory)


async def withheld(
    tx: Transaction, territory: Territory, people: Sequence[Listed]
) -> Mapping[MemberId, Member]:
    """Those of them who are not on the test list; nobody when there is none."""
    if territory.test_list is None or not people:
        return {}
    members = await tx.members.some([one.id for one in people])
    return {name: one for name, one in members.items() if not is_reached(one, territory)}
