"""The mairie mends what the register says of somebody; another person is another enrolment."""

from dataclasses import dataclass, fields, replace

from appservice.domain.audit import Act
from appservice.domain.charter import InForce
from appservice.domain.console import Right, Visitor
from appservice.domain.enrolment import EnrolmentRefused, Mistake, mistakes_in
from appservice.domain.errors import NotAllowed
from appservice.domain.ids import MemberId
from appservice.domain.member import Member, Role
from appservice.domain.signing.identity import is_same_person
from appservice.flows.enrolment import Enrolment, Known, taken
from appservice.flows.ports import Transaction
from appservice.flows.reconciliation import Ring, announced
from appservice.flows.telephone import consent

ANOTHER_PERSON = (
    "Ce nom est celui d'une autre personne. La charte engage qui l'a signée : inscrivez la "
    "nouvelle personne, faites-lui signer la charte, puis retirez l'ancienne. De même pour un nom "
    "qui a changé (mariage)."
)
ANOTHER_ACCOUNT = "Le compte Element ne se change pas ici : remettez la page des premiers pas."


@dataclass(frozen=True, slots=True)
class Changed:
    """What came of it: written, unless somebody resembles."""

    member: Member
    lookalikes: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Editing:
    """Merchants, or `agents`. `ring` has rooms and groups follow at once."""

    enrolment: Enrolment
    ring: Ring
    agents: bool = False

    async def of(self, visitor: Visitor, member: MemberId) -> Member | None:
        """Somebody of the visitor's land; anybody else is nobody. Raises NotAllowed."""
        if not visitor.may(Right.ENROL):
            raise NotAllowed
        async with self.enrolment.store.transaction() as tx:
            return await self._of(tx, visitor, member)

    async def change(
        self, visitor: Visitor, member: MemberId, wanted: Member, *, distinct: bool = False
    ) -> Changed | None:
        """Writes `wanted` in the place of what was known; the same twice is once.

        Another mobile is asked for its agreement anew, and its Signal account is not known yet.
        Raises EnrolmentRefused with every mistake, or NotAllowed.
        """
        by = visitor.account.member
        if by is None or not visitor.may(Right.ENROL):
            raise NotAllowed
        async with self.enrolment.store.transaction() as tx:
            current = await self._of(tx, visitor, member)
            if current is None:
                return None
            person = _merged(current, wanted)
            await self.enrolment.check_right(tx, [person], by)
            alike = await self._checked(tx, current, person)
            if person == current or (alike and not distinct):
                return Changed(person, alike if person != current else ())
            await self._write(tx, current, person, by)
        await announced(self.ring)
        return Changed(person)

    async def _of(self, tx: Transaction, visitor: Visitor, member: MemberId) -> Member | None:
        found = await tx.members.get(member)
        if found is None or (found.role is Role.MERCHANT) == self.agents:
            return None
        return found if visitor.covers(found.territory) else None

    async def _checked(
        self, tx: Transaction, current: Member, person: Member
    ) -> tuple[Member, ...]:
        """Who else may be that shop. Raises EnrolmentRefused."""
        enrolment = self.enrolment
        mistakes = list(mistakes_in(person, enrolment.world, enrolment.server_name))
        if await tx.signatures.latest(current.id) and not is_same_person(
            person.name, current.name
        ):
            mistakes.append(Mistake(0, "name", "another-person", ANOTHER_PERSON))
        if current.mxid is not None and person.mxid != current.mxid:
            mistakes.append(Mistake(0, "mxid", "another-account", ANOTHER_ACCOUNT))
        near = await tx.members.near([person, current])
        others = Known([member for member in near if member.id != current.id])
        mistakes += taken(person, others.holders(person), 0)
        if mistakes:
            raise EnrolmentRefused(tuple(mistakes))
        asked_already = others.like(current)
        return tuple(one for one in others.like(person) if one not in asked_already)

    async def _write(self, tx: Transaction, current: Member, person: Member, by: str) -> None:
        now, world = self.enrolment.clock(), self.enrolment.world
        await tx.members.save(person)
        names = (one.name for one in fields(Member))
        codes = tuple(n for n in names if getattr(current, n) != getattr(person, n))
        await tx.acts.append(Act(by, "member.edit", person.id, now, codes, person.territory))
        signature = await tx.signatures.latest(person.id)
        if isinstance(world.standing(person, signature, now), InForce):
            await consent.ask(tx, world, person, now)


def _merged(current: Member, wanted: Member) -> Member:
    """What the form says, and what it says nothing of."""
    same_phone = wanted.phone == current.phone
    return replace(
        wanted,
        id=current.id,
        trained=current.trained,
        signal=current.signal if same_phone else None,
    )
