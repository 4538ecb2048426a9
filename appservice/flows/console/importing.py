"""Importing: a sheet is kept sealed, looked at and then enrolled in parts, one transaction each.

Where it stands is written with what was done, so that whoever takes over goes on from there.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice

from appservice.domain.audit import Act
from appservice.domain.console import Right, Visitor
from appservice.domain.console.sheet import PART, Fault, Line, Remark, Sheet, SheetId, Stage
from appservice.domain.enrolment import EnrolmentRefused
from appservice.domain.errors import InvalidTransition, NotAllowed, Refused
from appservice.domain.ids import MemberId
from appservice.domain.member import Member
from appservice.flows.enrolment import Enrolment, said_twice
from appservice.flows.ports import Clock, NewId, Store, Transaction
from appservice.flows.rounds import rounds

_LOG = logging.getLogger(__name__)

AGAIN = timedelta(minutes=1)
"""How often sheets that a dead process left behind are looked for."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would become of one line."""

    line: Line
    is_known: bool
    like: str  # whom it may be, empty when nobody


@dataclass(frozen=True, slots=True)
class Importing:
    """Every question needs the right to enrol, and is about the visitor's own land."""

    store: Store
    clock: Clock
    new_id: NewId
    enrolment: Enrolment
    _at_work: dict[SheetId, asyncio.Task[None]] = field(default_factory=dict)

    async def take_in(self, visitor: Visitor, lines: Iterable[Line]) -> SheetId:
        """Keeps the sheet, a part at a time, and begins to look at it. Raises NotAllowed."""
        sheet = Sheet(
            SheetId(self.new_id()),
            visitor.account.territory,
            _enroller(visitor),
            self.clock(),
        )
        async with self.store.transaction() as tx:
            sheets, total = tx.console.sheets, 0
            await sheets.save(sheet)
            for number, part in enumerate(_parts(_marked(lines))):
                await sheets.put(sheet, number, part)
                total += len(part)
            await sheets.save(replace(sheet, total=total))
        self._go_on(sheet.id)
        return sheet.id

    async def sheet(
        self, visitor: Visitor, sheet: SheetId, patience: timedelta = timedelta()
    ) -> Sheet | None:
        """Where it stands; a sheet of another territory is none.

        One that nobody works on is taken up. Whoever has some patience may see it finished.
        """
        found = await self._of(visitor, sheet)
        if found is None or not found.stage.is_moving:
            return found
        self._go_on(sheet)
        if patience:
            await asyncio.wait([self._at_work[sheet]], timeout=patience.total_seconds())
        return await self._of(visitor, sheet)

    async def preview(self, visitor: Visitor, sheet: Sheet, part: int) -> Sequence[Preview]:
        """One part, as enrolling it now would go."""
        by = _enroller(visitor)
        async with self.store.transaction() as tx:
            lines = await tx.console.sheets.part(sheet, part)
            people = _people(lines)
            examined = await self.enrolment.examine_all(tx, people, by)
        return [
            Preview(line, rank in examined.enrolled, _like(examined.lookalikes.get(rank, ())))
            for rank, line in enumerate(lines)
        ]

    async def enrol(self, visitor: Visitor, sheet: SheetId) -> Sheet | None:
        """Begins; a second time changes nothing. Raises NotAllowed, or InvalidTransition."""
        by = _enroller(visitor)
        async with self.store.transaction() as tx:
            found = await tx.console.sheets.get(sheet, hold=True)
            if found is None or not visitor.covers(found.territory):
                return None
            if found.stage is Stage.READY:
                found = found.confirmed(by)
                await tx.console.sheets.save(found)
                codes = (f"lines:{found.total}",)
                act = Act(visitor.account.actor, "sheet.enrol", sheet, self.clock(), codes)
                await tx.acts.append(replace(act, territory=found.territory))
        if found.stage not in (Stage.ENROLLING, Stage.ENROLLED):
            raise InvalidTransition("Ce fichier n'est pas à inscrire.")
        self._go_on(sheet)
        return found

    async def unfinished(self, visitor: Visitor) -> Sequence[Sheet]:
        """Sheets of the visitor's land that wait for somebody, or are under way."""
        _enroller(visitor)
        async with self.store.transaction() as tx:
            found = await tx.console.sheets.unfinished()
        return [sheet for sheet in found if sheet.territory == visitor.account.territory]

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """While this is held, sheets that were left in the middle are taken up."""
        watch = asyncio.create_task(rounds(self._look, AGAIN, _LOG, "sheets"))
        try:
            yield
        finally:
            tasks = [watch, *self._at_work.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self) -> None:
        async with self.store.transaction() as tx:
            found = await tx.console.sheets.unfinished()
        for sheet in found:
            if sheet.stage.is_moving:
                self._go_on(sheet.id)

    def _go_on(self, sheet: SheetId) -> None:
        if sheet not in self._at_work:
            task = asyncio.create_task(self._work(sheet))
            self._at_work[sheet] = task
            task.add_done_callback(lambda _: self._at_work.pop(sheet, None))

    async def _work(self, sheet: SheetId) -> None:
        """Until it stands still. What fails is tried again by whoever looks next."""
        try:
            while await self._step(sheet):
                pass
        except Exception as failure:  # its words may hold names
            _LOG.warning("sheet: %s", type(failure).__name__)

    async def _step(self, wanted: SheetId) -> bool:
        """One part, all of it or nothing; whether there is more. Another process may do the same:
        each takes the part that comes next."""
        async with self.store.transaction() as tx:
            sheet = await tx.console.sheets.get(wanted)
        if sheet is None or not sheet.stage.is_moving:
            return False
        try:
            async with self.store.transaction() as tx:
                held = await tx.console.sheets.get(wanted, hold=True)
                if held != sheet:
                    return True  # somebody else moved it
                moved = await self._moved(tx, sheet)
                await tx.console.sheets.save(moved)
                return moved.stage.is_moving
        except Refused as refused:
            await self._halt(sheet, refused)
            return False

    async def _moved(self, tx: Transaction, sheet: Sheet) -> Sheet:
        lines = await tx.console.sheets.part(sheet, sheet.part)
        if not lines:
            raise LookupError("a part of the sheet is gone")
        if sheet.stage is Stage.ENROLLING:
            await self.enrolment.add_all(tx, _people(lines), sheet.by)
            return sheet.enrolled(len(lines))
        readable = [line for line in lines if line.person is not None]
        people = _people(readable)
        examined = await self.enrolment.examine_all(tx, people, sheet.by)
        unread = [fault for line in lines for fault in line.faults]
        told = {(fault.line, fault.field) for fault in unread}
        said = (_at(readable, m.rank, m.field, m.french) for m in examined.mistakes)
        faults = [fault for fault in said if (fault.line, fault.field) not in told]
        remarks = [
            Remark(readable[rank].number, _named(people[rank]), _like(others))
            for rank, others in examined.lookalikes.items()
        ]
        findings = sheet.findings.plus(sorted([*unread, *faults]), remarks)
        return sheet.looked(len(lines), len(examined.enrolled), findings)

    async def _halt(self, sheet: Sheet, refused: Refused) -> None:
        """Somebody took an address since, or the mairie's charter ended."""
        async with self.store.transaction() as tx:
            held = await tx.console.sheets.get(sheet.id, hold=True)
            if held != sheet:
                return
            lines = await tx.console.sheets.part(sheet, sheet.part)
            mistakes = refused.mistakes if isinstance(refused, EnrolmentRefused) else ()
            faults = [_at(lines, m.rank, m.field, m.french) for m in mistakes]
            whole = [_at(lines, 0, "", refused.message)]
            await tx.console.sheets.save(sheet.halted(faults or whole))

    async def _of(self, visitor: Visitor, sheet: SheetId) -> Sheet | None:
        _enroller(visitor)
        async with self.store.transaction() as tx:
            found = await tx.console.sheets.get(sheet)
        return found if found is not None and visitor.covers(found.territory) else None


def _enroller(visitor: Visitor) -> MemberId:
    """The mairie's own member. Raises NotAllowed."""
    member = visitor.account.member
    if member is None or not visitor.may(Right.ENROL):
        raise NotAllowed
    return member


def _marked(lines: Iterable[Line]) -> Iterator[Line]:
    """With the addresses that an earlier line has already given."""
    seen: set[str] = set()
    for line in lines:
        again = said_twice(seen, line.person) if line.person is not None else ()
        faults = tuple(Fault(line.number, name, french) for name, french in again)
        yield replace(line, faults=(*line.faults, *faults))


def _parts(lines: Iterable[Line]) -> Iterator[list[Line]]:
    rest = iter(lines)
    while part := list(islice(rest, PART)):
        yield part


def _people(lines: Sequence[Line]) -> list[Member]:
    return [line.person for line in lines if line.person is not None]


def _at(lines: Sequence[Line], rank: int, name: str, french: str) -> Fault:
    return Fault(lines[rank].number, name, french)


def _named(person: Member) -> str:
    return f"{person.name}, {person.shop}"


def _like(others: Sequence[Member]) -> str:
    return _named(others[0]) if others else ""
