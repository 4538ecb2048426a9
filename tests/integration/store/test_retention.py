"""What is past its time goes, and nothing before; time is moved by hand."""

from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio
from support.store_builders import (
    NOON,
    HandClock,
    a_merchant,
    a_parcel,
    a_report,
    a_signature,
    an_alert,
)

from appservice.domain.audit import Act, faults
from appservice.domain.delivery import Kind, Settled, State
from appservice.domain.errors import PermanentFailure
from appservice.domain.ids import AlertId, MemberId, ReportId
from appservice.domain.member import Channel
from appservice.domain.rating.given import Rating, month_of
from appservice.domain.report import close
from appservice.domain.world import Retention
from appservice.flows.retention import retain
from appservice.store.audit import read_export
from appservice.store.postgres import PgStore
from bridges.protocol import Receipt, ReceiptState

DAY = timedelta(days=1)
KEPT = Retention()
GONE = MemberId("m2")


@pytest_asyncio.fixture(loop_scope="session")
async def lived(store: PgStore, clock: HandClock) -> PgStore:
    """A day's life: people, cases, parcels sent and waiting, talk, acts."""
    async with store.transaction() as tx:
        await tx.members.save(a_merchant())
        await tx.signatures.add(a_signature(valid_until=NOON + 20 * 365 * DAY))
        await tx.members.save(replace(a_merchant(GONE), phone="+33612345679"))
        await tx.signatures.add(a_signature(GONE, revoked_at=NOON))
        await tx.alerts.open(an_alert())
        for _ in range(2):
            await tx.reports.open(a_report())
        first = await tx.reports.get(ReportId(1))
        assert await tx.reports.advance(close(first, MemberId("o1"), NOON), "received")
        assert await tx.ratings.give(Rating(first.id, NOON, month_of(NOON), 4, "rapide"))
        await tx.outbox.put([a_parcel("sent", alert=AlertId(1)), a_parcel("waits", "+336")])
        await tx.outbox.put([a_parcel("card", "+337", report=ReportId(2), kind=Kind.EDIT)])
        assert await tx.first_time(Channel.SMS, "in-1")
        await tx.links.relate("sms:1", "sent")
        await tx.acts.append(Act("m1", "report.open", "S1", NOON))
    claimed = await store.queue.claim(Channel.SMS, 10, DAY, NOON)
    assert len(claimed) == 3
    states = {"sent": State.ACCEPTED, "card": State.ACCEPTED, "waits": State.QUEUED}
    for one in claimed:
        retry = NOON + 1000 * DAY if one.parcel.key == "waits" else None
        said = Settled(one, states[one.parcel.key], NOON, provider_id="x", retry_at=retry)
        await store.queue.settle([said])
    await store.queue.receipts(Channel.SMS, [Receipt("y", ReceiptState.DELIVERED)], NOON)
    await store.journal.write("sms", "k", b"x", NOON)
    [(entry, _)] = await store.journal.pending("sms", 1)
    await store.journal.done(entry)
    return store


async def after(store: PgStore, clock: HandClock, days: int) -> None:
    clock.now = NOON + days * DAY
    await retain(store, KEPT, clock())


async def count(sql: asyncpg.Connection, table: str) -> int:
    return int(await sql.fetchval(f"SELECT count(*) FROM {table}"))


async def keys(sql: asyncpg.Connection) -> set[str]:
    return {row["owner"] for row in await sql.fetch("SELECT owner FROM data_keys")}


async def test_a_card_that_has_left_is_not_kept(
    lived: PgStore, clock: HandClock, sql: asyncpg.Connection
) -> None:
    await after(lived, clock, 0)
    assert await count(sql, "parcels") == 2
    assert {"case:S1", "case:S2", "case:A1", "m1", GONE} <= await keys(sql)


@pytest.mark.parametrize(
    ("days", "erased"),
    [
        (29, set[str]()),
        (30, {"case:S1"}),
        (60, {"case:S1", "case:A1"}),
        (90, {"case:S1", "case:A1", "case:S2"}),
        (1825, {"case:S1", "case:A1", "case:S2"}),
        (1826, {"case:S1", "case:A1", "case:S2", GONE}),
    ],
)
async def test_people_and_cases_go_at_their_hour(
    lived: PgStore, clock: HandClock, sql: asyncpg.Connection, days: int, erased: set[str]
) -> None:
    await after(lived, clock, days)
    everybody = {"case:S1", "case:S2", "case:A1", "m1", GONE}
    assert everybody & await keys(sql) == everybody - erased
    async with lived.transaction() as tx:
        assert ((await tx.members.get(GONE)) is None) == (GONE in erased)
        assert await tx.signatures.latest(GONE) is not None, "the proof stays"


async def test_a_rating_stays_as_a_figure_once_its_case_is_erased(
    lived: PgStore, clock: HandClock, sql: asyncpg.Connection
) -> None:
    figures = await lived.counted.ratings()
    await after(lived, clock, 29)
    assert await sql.fetchval("SELECT report FROM ratings") == 1
    await after(lived, clock, 30)
    [row] = await sql.fetch("SELECT report, closed_at, sealed FROM ratings")
    assert tuple(row) == (None, None, None)
    await after(lived, clock, 5000)
    assert (
        await lived.counted.ratings() == figures == {"liffre": {month_of(NOON): (0, 0, 0, 1, 0)}}
    )


async def test_a_key_is_not_destroyed_without_a_line_in_the_audit(
    lived: PgStore, clock: HandClock, sql: asyncpg.Connection
) -> None:
    await sql.execute(
        "ALTER TABLE audit_entries ADD CONSTRAINT shut CHECK (verb <> 'retention.shred')"
    )
    with pytest.raises(PermanentFailure, match="shut"):
        await after(lived, clock, 30)
    assert "case:S1" in await keys(sql)
    await sql.execute("ALTER TABLE audit_entries DROP CONSTRAINT shut")
    await after(lived, clock, 30)
    assert "case:S1" not in await keys(sql)


async def test_what_was_sent_and_came_goes_and_what_waits_stays(
    lived: PgStore, clock: HandClock, sql: asyncpg.Connection
) -> None:
    tables = ("receipts", "handled", "journal", "links")
    await after(lived, clock, 59)
    assert {table: await count(sql, table) for table in tables} == dict.fromkeys(tables, 1)
    assert await count(sql, "parcels") == 2
    await after(lived, clock, 60)
    assert {table: await count(sql, table) for table in tables} == dict.fromkeys(tables, 0)
    assert await sql.fetchval("SELECT state FROM deliveries") == "queued"
    assert await count(sql, "parcels") == 1


async def test_acts_are_forgotten_and_the_chain_still_holds(
    lived: PgStore, clock: HandClock, sql: asyncpg.Connection
) -> None:
    await after(lived, clock, 366)
    lines = [line async for line in lived.audit.export()]
    entries, _ = read_export(lines)
    assert entries[0].act is None
    assert faults(entries) == []
    assert any(entry.act and entry.act.verb == "retention.shred" for entry in entries)


async def test_a_thousand_rows_go_in_batches(
    lived: PgStore, clock: HandClock, sql: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appservice.store.retention.BATCH", 100)
    await sql.execute(
        "INSERT INTO handled SELECT 'sms', sha256(n::text::bytea), $1 "
        "FROM generate_series(1, 1000) n",
        NOON,
    )
    await after(lived, clock, 60)
    assert await count(sql, "handled") == 0
