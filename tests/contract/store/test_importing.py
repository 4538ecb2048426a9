"""A sheet on its way into the register, on both stores: stopped anywhere, it goes on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.console import LIFFRE, MANTES, a_signature_of, shipped_world
from support.store_builders import NOON, HandClock, counted_ids

from appservice.demo.child import wait_until
from appservice.domain.console import Account, AccountId, Opened, Position, Visitor
from appservice.domain.console.sheet import PART, SHOWN, Fault, Line, Sheet, SheetId, Stage
from appservice.domain.errors import InvalidTransition, NotAllowed
from appservice.domain.ids import Insee, MemberId, TradeId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.territory import Level, Zone
from appservice.flows.console.importing import Importing
from appservice.flows.enrolment import Enrolment

WORLD = shipped_world()
LONG = timedelta(seconds=60)
MAIRIE = Member(
    MemberId("mairie"),
    Role.MAIRIE,
    "Camille",
    LIFFRE,
    zones=(Zone(Level.TERRITORY, LIFFRE),),
    channels=frozenset({Channel.SMS}),
    phone="+33639980001",
)


class Killed(BaseException):
    """The process dies here: nothing that it was doing is finished."""


def dying(at: int) -> Callable[[], str]:
    """Gives ids until the one where the process dies."""
    ids, count = counted_ids(), iter(range(1, at + 1))

    def next_id() -> str:
        if next(count, at) == at:
            raise Killed
        return f"first-{ids()}"

    return next_id


def visitor(territory: str = LIFFRE, position: Position = Position.MAIRIE) -> Visitor:
    account = Account(AccountId("c1"), "mairie", "Camille", position, territory, MAIRIE.id)
    return Visitor(account, Opened(b"", account.id, NOON, NOON, NOON))


def merchant(number: int, **changes: Any) -> Member:
    person = Member(
        MemberId(""),
        Role.MERCHANT,
        f"Personne {number}",
        LIFFRE,
        shop=f"Commerce {number}",
        trades=(TradeId("buralistes"),),
        commune=Insee("35152"),
        channels=frozenset({Channel.SMS}),
        phone=f"+33639{number:06}",
    )
    return replace(person, **changes)


def lines(count: int, **changed: Member) -> Iterator[Line]:
    """From line 2 on; `line7=…` is another person there."""
    for number in range(2, count + 2):
        yield Line(number, changed.get(f"line{number}", merchant(number)))


@pytest.fixture
async def mairie(store: Any) -> Visitor:
    charter = WORLD.charter_for(MAIRIE)
    assert charter is not None
    async with store.transaction() as tx:
        await tx.members.save(MAIRIE)
        await tx.signatures.add(a_signature_of(MAIRIE, charter, NOON))
    return visitor()


@asynccontextmanager
async def a_process(
    store: Any, clock: HandClock, ids: Callable[[], str] | None = None
) -> AsyncIterator[Importing]:
    enrolment = Enrolment(store, clock, ids or counted_ids(), WORLD, "maillage.test")
    importing = Importing(store, clock, lambda: "the-sheet", enrolment)
    yield importing
    async with importing.working():
        pass  # ends what is at work


async def merchants(store: Any) -> list[Member]:
    async with store.transaction() as tx:
        return [m for m in await tx.members.everyone() if m.role is Role.MERCHANT]


async def ready(importing: Importing, mairie: Visitor, given: Iterator[Line]) -> SheetId:
    sheet = await importing.take_in(mairie, given)
    found = await importing.sheet(mairie, sheet, LONG)
    assert found is not None
    assert found.stage is Stage.READY, found.findings
    return sheet


async def seen(importing: Importing, mairie: Visitor, sheet: SheetId) -> Sheet:
    found = await importing.sheet(mairie, sheet, LONG)
    assert found is not None
    return found


async def test_a_sheet_is_looked_at_then_enrolled_and_its_lines_are_let_go(store, clock, mairie):
    async with a_process(store, clock) as importing:
        sheet = await ready(importing, mairie, lines(PART + 30))
        assert await merchants(store) == [], "looking writes nobody"
        assert [one.id for one in await importing.unfinished(mairie)] == [sheet]
        await importing.enrol(mairie, sheet)
        done = await seen(importing, mairie, sheet)
        assert (done.stage, done.total, done.known) == (Stage.ENROLLED, PART + 30, 0)
        assert len(await merchants(store)) == PART + 30
        assert await importing.unfinished(mairie) == []
        async with store.transaction() as tx:
            assert list(await tx.console.sheets.part(done, 0)) == []
        assert (await importing.enrol(mairie, sheet)) == done, "twice is once"


async def test_what_comes_back_of_a_line_is_the_line(store, clock, mairie):
    whole = merchant(
        *(2,), siret="73282932000074", mxid="@a:maillage.test", language="es", sms_fallback=True
    )
    fault = Fault(3, "", "Trop de colonnes.")
    given = [Line(2, whole), Line(3, None, (fault,)), Line(4, merchant(4, phone=None))]
    sheet = Sheet(SheetId("s1"), LIFFRE, MAIRIE.id, NOON, total=3)
    async with store.transaction() as tx:
        await tx.console.sheets.save(sheet)
        await tx.console.sheets.put(sheet, 0, given)
    async with store.transaction() as tx:
        assert list(await tx.console.sheets.part(sheet, 0)) == given
        assert await tx.console.sheets.get(sheet.id, hold=True) == sheet
        assert await tx.console.sheets.get(SheetId("s404")) is None


async def test_killed_in_the_middle_the_next_look_says_so_and_goes_on_nobody_twice(
    store, clock, mairie
):
    count = 3 * PART + 50
    async with a_process(store, clock, dying(2 * PART + 50)) as first:
        sheet = await ready(first, mairie, lines(count))
        await first.enrol(mairie, sheet)
        left = await seen(first, mairie, sheet)
        assert (left.stage, left.done) == (Stage.ENROLLING, 2 * PART)
        assert len(await merchants(store)) == 2 * PART, "its third part was undone whole"
    async with a_process(store, clock) as second:
        [waiting] = await second.unfinished(mairie)
        assert (waiting.id, waiting.done) == (sheet, 2 * PART)
        done = await seen(second, mairie, sheet)
        assert (done.stage, done.done) == (Stage.ENROLLED, count)
    people = await merchants(store)
    assert sorted(m.phone for m in people) == sorted(line.person.phone for line in lines(count))


async def test_a_service_that_starts_again_goes_on_by_itself(store, clock, mairie):
    async with a_process(store, clock, dying(5)) as first:
        sheet = await ready(first, mairie, lines(PART + 5))
        await first.enrol(mairie, sheet)
        await seen(first, mairie, sheet)
        assert await merchants(store) == []
    async with a_process(store, clock) as second, second.working():

        async def all_there() -> bool:  # nobody looks at the sheet
            return len(await merchants(store)) == PART + 5

        await wait_until(all_there, "Les inscriptions")


async def test_two_processes_at_the_same_sheet_enrol_nobody_twice(store, clock, mairie):
    async with a_process(store, clock) as one, a_process(store, clock, another_ids()) as other:
        sheet = await ready(one, mairie, lines(4 * PART))
        await one.enrol(mairie, sheet)
        await other.enrol(mairie, sheet)
        await asyncio.gather(seen(one, mairie, sheet), seen(other, mairie, sheet))
        assert (await seen(one, mairie, sheet)).stage is Stage.ENROLLED
    assert len(await merchants(store)) == 4 * PART


def another_ids() -> Callable[[], str]:
    ids = counted_ids()
    return lambda: f"other-{ids()}"


async def test_an_address_given_twice_is_told_however_far_apart(store, clock, mairie):
    far = PART + 42
    again = merchant(far, phone=merchant(2).phone)
    async with a_process(store, clock) as importing:
        sheet = await importing.take_in(mairie, lines(far, **{f"line{far}": again}))
        found = await seen(importing, mairie, sheet)
        assert found.stage is Stage.TO_MEND
        [fault] = found.findings.faults
        assert (fault.line, fault.field) == (far, "phone")
        assert "donné deux fois" in fault.french
        with pytest.raises(InvalidTransition):
            await importing.enrol(mairie, sheet)
    assert await merchants(store) == []


async def test_who_took_an_address_meanwhile_stops_the_sheet_and_says_where(store, clock, mairie):
    async with a_process(store, clock) as importing:
        sheet = await ready(importing, mairie, lines(2 * PART))
        wanted = merchant(PART + 20)
        async with store.transaction() as tx:
            await tx.members.save(replace(wanted, id=MemberId("faster"), name="Quelqu'un"))
        await importing.enrol(mairie, sheet)
        found = await seen(importing, mairie, sheet)
        assert (found.stage, found.done) == (Stage.HALTED, PART)
        [fault] = found.findings.faults
        assert (fault.line, fault.field) == (PART + 20, "phone")
    assert len(await merchants(store)) == PART + 1, "those before stay"


async def test_a_mairie_whose_charter_ends_meanwhile_enrols_nobody_more(store, clock, mairie):
    async with a_process(store, clock) as importing:
        sheet = await ready(importing, mairie, lines(3))
        async with store.transaction() as tx:
            await tx.signatures.revoke(MAIRIE.id, clock())
        await importing.enrol(mairie, sheet)
        found = await seen(importing, mairie, sheet)
        assert found.stage is Stage.HALTED
        assert found.findings.faults[0].line == 2
    assert await merchants(store) == []


async def test_those_who_are_there_and_those_who_resemble_are_counted(store, clock, mairie):
    async with store.transaction() as tx:
        await tx.members.save(merchant(2, id=MemberId("there")))
        await tx.members.save(merchant(3, id=MemberId("like"), phone="+33639777777"))
    async with a_process(store, clock) as importing:
        sheet = await ready(importing, mairie, lines(3))
        found = await seen(importing, mairie, sheet)
        assert (found.known, found.newcomers) == (1, 2)
        [remark] = found.findings.remarks
        assert (remark.line, remark.like) == (3, "Personne 3, Commerce 3")
        shown = await importing.preview(mairie, found, 0)
        assert [(row.line.number, row.is_known, row.like) for row in shown] == [
            (2, True, ""), (3, False, "Personne 3, Commerce 3"), (4, False, ""),
        ]  # fmt: skip


async def test_only_so_many_faults_are_kept_and_all_are_counted(store, clock, mairie):
    given = (Line(n, merchant(n, name="", shop="")) for n in range(2, SHOWN + 202))
    async with a_process(store, clock) as importing:
        sheet = await importing.take_in(mairie, given)
        found = await seen(importing, mairie, sheet)
        assert (found.findings.fault_count, len(found.findings.faults)) == (2 * SHOWN + 400, SHOWN)
        assert [f.line for f in found.findings.faults[:4]] == [2, 2, 3, 3]


async def test_a_sheet_is_nobody_elses(store, clock, mairie):
    async with a_process(store, clock) as importing:
        sheet = await ready(importing, mairie, lines(2))
        theirs = visitor(MANTES)
        assert await importing.sheet(theirs, sheet) is None
        assert await importing.enrol(theirs, sheet) is None
        assert await importing.unfinished(theirs) == []
        police = visitor(position=Position.GENDARME)
        for asked in (
            importing.sheet(police, sheet),
            importing.enrol(police, sheet),
            importing.unfinished(police),
            importing.take_in(police, lines(1)),
        ):
            with pytest.raises(NotAllowed):
                await asked
    assert await merchants(store) == []
