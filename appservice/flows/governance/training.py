"""Who followed the training: the mairie and the associations say so, and nobody else."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from appservice.domain.audit import Act
from appservice.domain.console import Right, Visitor
from appservice.domain.console.search import Order, Search
from appservice.domain.errors import NotAllowed
from appservice.domain.ids import MemberId
from appservice.domain.member import Member, Role
from appservice.flows.ports import Clock, Store

PAGE = 50


@dataclass(frozen=True, slots=True)
class Class:
    """Some merchants of a territory, all of them trained or none."""

    people: Sequence[Member]
    count: int
    total: int  # in the register, of any sort
    page: int

    @property
    def pages(self) -> int:
        """At least one."""
        return max(1, -(-self.count // PAGE))


@dataclass(frozen=True, slots=True)
class Training:
    """Every question and act needs the right to mark. Raises NotAllowed."""

    store: Store
    clock: Clock

    async def listed(self, visitor: Visitor, territory: str, page: int, *, trained: bool) -> Class:
        """By commune: names are sealed."""
        self._check(visitor, territory)
        wanted = Search(territory, trained=trained, order=Order.PLACE)
        async with self.store.transaction() as tx:
            found = await tx.roll.find(wanted, {}, self.clock(), page, PAGE)
            people = await tx.members.some(found.people)
        shown = [people[one] for one in found.people if one in people]
        return Class(shown, found.count, found.total, found.page)

    async def mark(self, visitor: Visitor, member: MemberId, *, trained: bool) -> Member | None:
        """The merchant as the register now has them; None for nobody, or somebody elsewhere.

        Twice is once: the day that stands is the first.
        """
        self._check(visitor)
        now = self.clock()
        async with self.store.transaction() as tx:
            person = await tx.members.get(member)
            if person is None or person.role is not Role.MERCHANT:
                return None
            if not visitor.covers(person.territory):
                return None
            if (person.trained is not None) == trained:
                return person
            marked = replace(person, trained=now.date() if trained else None)
            await tx.members.save(marked)
            verb = "member.train" if trained else "member.untrain"
            act = Act(visitor.account.actor, verb, member, now, territory=person.territory)
            await tx.acts.append(act)
        return marked

    def _check(self, visitor: Visitor, territory: str | None = None) -> None:
        covered = territory is None or visitor.covers(territory)
        if not (visitor.may(Right.MARK_TRAINED) and covered):
            raise NotAllowed
