"""Who would receive an alert now: the very routes that publication takes, counted."""

from collections.abc import Sequence
from dataclasses import dataclass

from appservice.domain.audience import Audience
from appservice.domain.charter import InForce
from appservice.domain.console import Right, Visitor
from appservice.domain.console.reached import Concerned, Reached, summed
from appservice.domain.errors import NotAllowed
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel, is_reached
from appservice.domain.territory import Territory
from appservice.domain.world import World
from appservice.flows.departure.reach import reach_to
from appservice.flows.ports import Clock, Store, Transaction


@dataclass(frozen=True, slots=True)
class Audiences:
    """Counts for whoever may propose an alert. Raises NotAllowed."""

    store: Store
    clock: Clock
    world: World

    async def reached(self, visitor: Visitor, territory: Territory, audience: Audience) -> Reached:
        """Of everybody enrolled there, whom it would reach and what keeps it from the others."""
        if not (visitor.may(Right.SUBMIT_ALERT) and visitor.covers(territory.id)):
            raise NotAllowed
        now = self.clock()
        async with self.store.transaction() as tx:
            reads_on = (await reach_to(tx, self.world, territory, audience, now)).read_by()
            everybody = await tx.roll.merchants(territory.id)
            people = [member for member in everybody if audience.holds(member, territory)]
            standings = {m.id: self.world.standing(m, m.signature, now) for m in people}
            silent = [
                member.id
                for member in people
                if isinstance(standings[member.id], InForce)
                and Channel.SMS in member.channels
                and not reads_on.get(member.id)
            ]
            off_list = await _off_list(tx, territory, [member.id for member in people])
            consents = await tx.telephone.consents.held_by(silent) if silent else {}
        return summed(
            Concerned(
                member,
                standings[member.id],
                consents.get(member.id),
                reads_on.get(member.id, frozenset()),
                member.id in off_list,
            )
            for member in people
        )


async def _off_list(
    tx: Transaction, territory: Territory, people: Sequence[MemberId]
) -> frozenset[MemberId]:
    """In a test phase, those of them who are kept out of it."""
    if territory.test_list is None:
        return frozenset()
    members = (await tx.members.some(people)).values()
    return frozenset(member.id for member in members if not is_reached(member, territory))
