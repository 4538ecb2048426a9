"""The register as a visitor of the console may see it: their land, and nobody else's."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from appservice.domain.audit import Act
from appservice.domain.charter import Charter, InForce, NotInForce
from appservice.domain.console import Right, Visitor
from appservice.domain.console.search import CharterState, Order, Search, by_public, state_of
from appservice.domain.errors import NotAllowed
from appservice.domain.ids import MemberId
from appservice.domain.member import Member
from appservice.domain.telephone.consent import Consent
from appservice.domain.territory import slug
from appservice.domain.world import World
from appservice.flows.ports import Clock, Store, Transaction

PAGE = 50
FEW = 500
"""People who are opened to be sorted by name; a longer list is sorted by commune."""
_BATCH = 200  # of a file


@dataclass(frozen=True, slots=True)
class Participant:
    """A member, and whether they may take part."""

    member: Member
    standing: InForce | NotInForce
    state: CharterState
    consent: Consent | None = None  # of their number, to texts


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the register."""

    people: Sequence[Participant]
    count: int  # found
    total: int  # in the register
    page: int
    order: Order  # as it is sorted, whatever was asked

    @property
    def pages(self) -> int:
        """At least one."""
        return max(1, -(-self.count // PAGE))


@dataclass(frozen=True, slots=True)
class Register:
    """Every question needs the right to read the register. Raises NotAllowed."""

    store: Store
    clock: Clock
    world: World

    async def member(self, visitor: Visitor, member: MemberId) -> Participant | None:
        """Somebody of another territory is nobody."""
        self._check(visitor)
        async with self.store.transaction() as tx:
            person = await tx.members.get(member)
            if person is None or not visitor.covers(person.territory):
                return None
            return next(iter(await self._opened(tx, [member])), None)

    async def listed(self, visitor: Visitor, wanted: Search, page: int) -> Listing:
        """A page of those who are looked for; the last one when there are fewer pages."""
        self._check(visitor, wanted)
        now, due = self.clock(), self._due(wanted)
        async with self.store.transaction() as tx:
            if wanted.order is Order.NAME:
                found = await tx.roll.find(wanted, due, now, 1, FEW)
                if found.count <= FEW:
                    people = sorted(await self._opened(tx, found.people), key=_by_name)
                    page = max(1, min(page, -(-found.count // PAGE)))
                    shown = people[(page - 1) * PAGE : page * PAGE]
                    return Listing(shown, found.count, found.total, page, Order.NAME)
            found = await tx.roll.find(wanted, due, now, page, PAGE)
            shown = await self._opened(tx, found.people)
        order = Order.PLACE if wanted.order is Order.NAME else wanted.order
        return Listing(shown, found.count, found.total, found.page, order)

    async def taken_out(
        self, visitor: Visitor, wanted: Search
    ) -> AsyncIterator[Sequence[Participant]]:
        """All of them, some at a time, for a file that leaves the console.

        The audit chain says who took it, and by which filters, before the first one is opened.
        """
        self._check(visitor, wanted)
        account, now = visitor.account, self.clock()
        land = wanted.territory
        act = Act(account.actor, "register-export", land, now, wanted.codes, land)
        async with self.store.transaction() as tx:
            found = await tx.roll.find(wanted, self._due(wanted), now, 1, 0)
            await tx.acts.append(act)
        return self._batches(found.people)

    async def _batches(self, people: Sequence[MemberId]) -> AsyncIterator[Sequence[Participant]]:
        for start in range(0, len(people), _BATCH):
            async with self.store.transaction() as tx:
                batch = await self._opened(tx, people[start : start + _BATCH])
            yield batch

    async def _opened(self, tx: Transaction, people: Sequence[MemberId]) -> list[Participant]:
        """In the order that is given; whoever was erased meanwhile is left out."""
        now = self.clock()
        members = await tx.members.some(people)
        signatures = {listed.id: listed.signature for listed in await tx.roll.of(people)}
        consents = await tx.telephone.consents.held_by(people)
        found = []
        for one in people:
            if (member := members.get(one)) is not None:
                standing = self.world.standing(member, signatures.get(one), now)
                state = state_of(standing, now)
                found.append(Participant(member, standing, state, consents.get(one)))
        return found

    def _due(self, wanted: Search) -> Mapping[str, Charter]:
        """The charter that each kind of member must have signed there."""
        territory = self.world.territories.get(wanted.territory)
        chosen = territory.charters if territory is not None else {}
        known = self.world.charters
        due = {kind: known[charter] for kind, charter in chosen.items() if charter in known}
        trades = territory.trades if territory is not None else {}
        publics = [self.world.publics[trade] for trade in trades if trade in self.world.publics]
        return due | {by_public(one.id): known[one.charter] for one in publics}

    def _check(self, visitor: Visitor, wanted: Search | None = None) -> None:
        covered = wanted is None or visitor.covers(wanted.territory)
        if not (visitor.may(Right.READ_REGISTER) and covered):
            raise NotAllowed


def _by_name(one: Participant) -> tuple[str, str, MemberId]:
    """Shops as a telephone book sorts them; agents, who have none, come first."""
    return slug(one.member.shop), slug(one.member.name), one.member.id
