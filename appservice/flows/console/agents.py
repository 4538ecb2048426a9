"""The mairie enrols the agents of its land, or mends what is known of them, in plain sight."""

from collections.abc import Callable
from dataclasses import dataclass

from appservice.domain.console import Right, Visitor
from appservice.domain.errors import NotAllowed
from appservice.domain.ids import MemberId
from appservice.domain.member import Member
from appservice.domain.territory import Territory
from appservice.domain.wording.personal import agents as words
from appservice.flows.console.editing import Editing
from appservice.flows.enrolment import Enrolment
from appservice.flows.ports import Transaction
from appservice.flows.reconciliation import Ring
from appservice.flows.step import every_poste, room_parcels

NOT_ONESELF = "Vous ne modifiez pas votre propre fiche : demandez-le à l'exploitant."


@dataclass(frozen=True, slots=True)
class Agents:
    """An agent reads what merchants report: whoever is made one, the others are told.

    Raises EnrolmentRefused with every mistake, or NotAllowed.
    """

    enrolment: Enrolment
    ring: Ring

    @property
    def editing(self) -> Editing:
        return Editing(self.enrolment, self.ring, agents=True)

    async def enrol(self, visitor: Visitor, person: Member) -> Member:
        """Twice the same is once, and told once."""
        by, enrolment = visitor.account.member, self.enrolment
        if by is None or not visitor.may(Right.ENROL):
            raise NotAllowed
        async with enrolment.store.transaction() as tx:
            [member] = await enrolment.add_all(tx, [person], by)
            await self._tell(tx, visitor, member, words.enrolled, f"agent:{member.id}")
        return member

    async def of(self, visitor: Visitor, member: MemberId) -> Member | None:
        """An agent of the visitor's land; anybody else is nobody."""
        return await self.editing.of(visitor, member)

    async def change(self, visitor: Visitor, member: MemberId, wanted: Member) -> Member | None:
        """Writes `wanted` in the place of what was known; the same twice is once."""
        if member == visitor.account.member:
            raise NotAllowed(NOT_ONESELF)
        before = await self.of(visitor, member)
        changed = await self.editing.change(visitor, member, wanted)
        if before is None or changed is None:
            return None
        after = changed.member
        if (after.role, after.zones) != (before.role, before.zones):
            async with self.enrolment.store.transaction() as tx:
                name = f"agent:{member}:{self.enrolment.clock().isoformat()}"
                await self._tell(tx, visitor, after, words.changed, name)
        return after

    async def _tell(
        self,
        tx: Transaction,
        visitor: Visitor,
        member: Member,
        said: Callable[[Member, Territory, str], str],
        name: str,
    ) -> None:
        territory = self.enrolment.world.territory_of(member)
        if territory is not None:
            text = said(member, territory, visitor.account.name)
            for room in await every_poste(tx, territory):
                await tx.outbox.put(room_parcels(room, text, name))
