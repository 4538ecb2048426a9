"""The register as a visitor of the console may see it: their land, and nobody else's."""

from collections.abc import Sequence
from dataclasses import dataclass

from appservice.domain.audit import Act
from appservice.domain.charter import InForce, NotInForce
from appservice.domain.console import Right, Visitor
from appservice.domain.errors import NotAllowed
from appservice.domain.ids import MemberId
from appservice.domain.member import Member
from appservice.domain.telephone.consent import Consent
from appservice.domain.world import World
from appservice.flows.ports import Clock, Store


@dataclass(frozen=True, slots=True)
class Participant:
    """A member, and whether they may take part."""

    member: Member
    standing: InForce | NotInForce
    consent: Consent | None = None  # of their number, to texts


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
            signature = await tx.signatures.latest(member)
            consents = await tx.telephone.consents.held_by([member])
        standing = self.world.standing(person, signature, self.clock())
        return Participant(person, standing, consents.get(member))

    async def everyone(self, visitor: Visitor) -> Sequence[Participant]:
        """By shop, then name."""
        self._check(visitor)
        async with self.store.transaction() as tx:
            people = await tx.members.everyone(visitor.account.territory or None)
            signatures = await tx.signatures.all_latest()
            consents = await tx.telephone.consents.held_by()
        now = self.clock()
        return [
            Participant(
                person,
                self.world.standing(person, signatures.get(person.id), now),
                consents.get(person.id),
            )
            for person in sorted(people, key=lambda p: (p.shop.casefold(), p.name.casefold()))
        ]

    async def taken_out(self, visitor: Visitor) -> Sequence[Participant]:
        """Everybody, for a file that leaves the console: the audit chain says who took it."""
        people = await self.everyone(visitor)
        account = visitor.account
        act = Act(account.actor, "register-export", account.territory, self.clock())
        async with self.store.transaction() as tx:
            await tx.acts.append(act)
        return people

    def _check(self, visitor: Visitor) -> None:
        if not visitor.may(Right.READ_REGISTER):
            raise NotAllowed
