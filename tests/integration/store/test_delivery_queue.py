"""The queue under several processes, processes that die, and a database that restarts."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from support.store_builders import MINUTE, NOON, HandClock, a_parcel, counted_ids

from appservice.demo.database import Postgres
from appservice.domain.delivery import Settled, State
from appservice.domain.errors import TemporaryFailure
from appservice.domain.ids import AlertId
from appservice.domain.member import Channel
from appservice.files.keys import Keys
from appservice.store.mail.queue import CLAIM, CLAIM_BUT_ALERTS
from appservice.store.migrate import migrate
from appservice.store.postgres import PgStore, connect
from bridges.protocol import Receipt, ReceiptState

LEA = "+33612345678"


async def put(store: PgStore, *parcels: Any) -> None:
    async with store.transaction() as tx:
        await tx.outbox.put(parcels)


async def test_processes_never_share_a_parcel_nor_a_conversation(
    make_store: Any, sql: asyncpg.Connection
) -> None:
    people, each = 25, 8
    processes = [await make_store() for _ in range(4)]
    await put(
        processes[0],
        *(
            a_parcel(f"{person}/{n}", f"+336{person:08}")
            for n in range(each)
            for person in range(people)
        ),
    )
    in_flight: set[str] = set()
    one_query_at_a_time = asyncio.Lock()
    order: dict[str, list[str]] = {}

    async def work(store: PgStore) -> None:
        while await left():
            batch = await store.queue.claim(Channel.SMS, 7, MINUTE, NOON)
            targets = {claimed.parcel.target for claimed in batch}
            assert len(targets) == len(batch)
            assert not targets & in_flight
            in_flight.update(targets)
            for claimed in batch:
                order.setdefault(claimed.parcel.target, []).append(claimed.parcel.key)
            await asyncio.sleep(0)
            in_flight.difference_update(targets)
            for claimed in batch:
                assert await store.queue.settle(
                    [Settled(claimed, State.ACCEPTED, NOON, provider_id="x")]
                )

    async def left() -> int:
        async with one_query_at_a_time:
            count: int = await sql.fetchval(
                "SELECT count(*) FROM deliveries WHERE state = 'queued'"
            )
            return count

    async with asyncio.timeout(60):
        await asyncio.gather(*(work(store) for store in processes))
    assert order == {
        f"+336{person:08}": [f"{person}/{n}" for n in range(each)] for person in range(people)
    }


async def test_the_database_itself_refuses_two_in_flight(
    store: PgStore, sql: asyncpg.Connection
) -> None:
    await put(store, a_parcel("p1"), a_parcel("p2"))
    await store.queue.claim(Channel.SMS, 10, MINUTE, NOON)
    with pytest.raises(asyncpg.UniqueViolationError, match="deliveries_in_flight"):
        await sql.execute(
            "UPDATE deliveries SET state = 'submitting', token = 't', lease_until = now()"
        )


async def test_a_parcel_put_late_with_an_older_number_waits_its_turn(make_store: Any) -> None:
    """Numbers are given before transactions commit, so an older one may appear afterwards."""
    slow, quick = await make_store(), await make_store()
    put_slow, go_on = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with slow.transaction() as tx:
            await tx.outbox.put([a_parcel("older")])
            put_slow.set()
            await go_on.wait()

    holding = asyncio.create_task(hold())
    await put_slow.wait()
    await put(quick, a_parcel("newer"))
    [newer] = await quick.queue.claim(Channel.SMS, 10, MINUTE, NOON)
    go_on.set()
    await holding
    assert newer.parcel.key == "newer"
    assert not await quick.queue.claim(Channel.SMS, 10, MINUTE, NOON)
    await quick.queue.settle([Settled(newer, State.ACCEPTED, NOON, provider_id="1")])
    [older] = await quick.queue.claim(Channel.SMS, 10, MINUTE, NOON)
    assert older.parcel.key == "older"


KILLED = """
import asyncio, sys
from pathlib import Path
from support.store_builders import MINUTE, NOON, HandClock, counted_ids
from appservice.domain.member import Channel
from appservice.files.keys import load_keys
from appservice.store.postgres import connect

async def main():
    store = await connect(sys.argv[1], load_keys(Path(sys.argv[2])), HandClock(), counted_ids())
    claimed = await store.queue.claim(Channel(sys.argv[3]), 10, MINUTE, NOON)
    print(*(one.parcel.key for one in claimed), flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("channel", "target", "becomes", "again"),
    [("sms", LEA, "unknown", 0), ("matrix", "!a:exemple.fr", "queued", 1)],
)
async def test_killed_between_claim_and_settle(
    store: PgStore,
    dsn: str,
    keys: Keys,
    tmp_path: Path,
    channel: str,
    target: str,
    becomes: str,
    again: int,
) -> None:
    await put(store, a_parcel("p1", target, channel=Channel(channel), alert=AlertId(7)))
    root = Path(__file__).parents[3]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", KILLED, dsn, str(tmp_path / "cles"), channel),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{root}:{root / 'tests'}"},
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        assert await process.stdout.readline() == b"p1\n"
        process.send_signal(signal.SIGKILL)
        await process.wait()
    assert not await store.queue.claim(Channel(channel), 10, MINUTE, NOON)
    after = NOON + 2 * MINUTE
    assert len(await store.queue.claim(Channel(channel), 10, MINUTE, after)) == again
    async with store.transaction() as tx:
        [(_, state)] = (await tx.outbox.tally(AlertId(7))).counts
    assert state == (State.SUBMITTING if again else State(becomes))


async def test_answers_that_arrive_together_are_written_together(store: PgStore) -> None:
    count = 230
    await put(store, *(a_parcel(f"p{n}", f"+336{n:08}", alert=AlertId(7)) for n in range(count)))
    claimed = await store.queue.claim(Channel.SMS, count, MINUTE, NOON)
    assert len(claimed) == count
    stranger = replace(claimed[0], token="autre")
    outcomes = [Settled(one, State.ACCEPTED, NOON, one.parcel.key) for one in claimed[1:]]
    written = await store.queue.settle([Settled(stranger, State.FAILED, NOON), *outcomes])
    assert written == {one.id for one in claimed[1:]}
    async with store.transaction() as tx:
        assert (await tx.outbox.tally(AlertId(7))).counts == {
            (Channel.SMS, State.ACCEPTED): count - 1,
            (Channel.SMS, State.SUBMITTING): 1,
        }


async def test_the_claim_looks_at_one_conversation_whatever_the_planner_knows(
    store: PgStore, sql: asyncpg.Connection
) -> None:
    """A table that was empty a moment ago has no statistics: thousands of texts, one by one."""
    await put(store, *(a_parcel(f"p{n}", f"+336{n:08}") for n in range(300)))
    await sql.execute("SET plan_cache_mode = force_generic_plan")  # as the store's connections
    for name, query in (("whatever", CLAIM), ("but_alerts", CLAIM_BUT_ALERTS)):
        await sql.execute(f"PREPARE {name} AS {query}")
        rows = await sql.fetch(f"EXPLAIN EXECUTE {name} (NULL, NULL, NULL, NULL, NULL, NULL)")
        plan = "\n".join(row[0] for row in rows)
        for index, alias in (("deliveries_next_said", "q"), ("deliveries_in_flight", "b")):
            found = rf"{index} on deliveries {alias}\b.*\n *Index Cond: .*conversation"
            assert re.search(found, plan), plan


FILL = """
WITH put AS (
    INSERT INTO parcels (key_index, kind, to_group, notice, said_urgent, alert, blobs, owner,
        sealed, put_at)
    SELECT sha256(n::text::bytea), 'post', FALSE, FALSE, FALSE, $3, '{}', 'case:A1', '\\x00', $4
    FROM generate_series($1::integer, $2::integer) n RETURNING id, key_index
)
INSERT INTO deliveries (id, channel, conversation, urgency, lane, turn)
SELECT id, 'sms', encode(key_index, 'hex'), 1, $3, id FROM put
"""


async def test_a_claim_costs_the_same_whatever_waits(sql: asyncpg.Connection) -> None:
    """Pages read, counted by PostgreSQL itself: thirty times as many texts cost no more."""
    await sql.execute("SET plan_cache_mode = force_generic_plan")
    await sql.execute(f"PREPARE next AS {CLAIM}")
    read: list[int] = []
    filled = 0
    for count in (1_000, 30_000):
        await sql.execute(FILL, filled + 1, count, 1, NOON)
        filled = count
        for token in ("warm", "counted"):
            explained = await sql.fetchval(
                "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE next "
                f"('sms', '{NOON.isoformat()}', 8, '{token}', '{NOON.isoformat()}', '')"
            )
        [told] = json.loads(explained)
        plan = told["Plan"]
        assert plan["Actual Rows"] == 8
        read.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
    few, many = read
    assert many <= 1.5 * few, read


async def test_an_answer_passes_in_the_middle_of_seven_thousand_texts(store: PgStore) -> None:
    alert = [a_parcel(f"p{n}", f"+336{n:08}", alert=AlertId(7)) for n in range(7_000)]
    await put(store, *alert)
    for _ in range(3):
        batch = await store.queue.claim(Channel.SMS, 8, MINUTE, NOON)
        assert [one.parcel.alert for one in batch] == [7] * 8
        done = [Settled(one, State.ACCEPTED, NOON, provider_id=one.parcel.key) for one in batch]
        await store.queue.settle(done)
    await put(store, a_parcel("answer", "+33700000001"))
    await put(store, *(a_parcel(f"q{n}", f"+338{n:08}", alert=AlertId(8)) for n in range(3)))
    last = f"+336{6_999:08}"
    await put(store, a_parcel("to the last", last))
    batch = await store.queue.claim(Channel.SMS, 8, MINUTE, NOON)
    keys = {one.parcel.key for one in batch}
    assert {"answer", "q0", "q1"} <= keys
    assert "p6999" in keys  # the alert first, for the answer to its reader is next
    assert {"p24", "p25"} <= keys


async def test_receipts_that_race_with_the_answer_are_never_lost(make_store: Any) -> None:
    here, there = await make_store(), await make_store()
    count = 60
    await put(here, *(a_parcel(f"p{n}", f"+336{n:08}", alert=AlertId(7)) for n in range(count)))
    claimed = await here.queue.claim(Channel.SMS, count, MINUTE, NOON)
    work = []
    for number, one in enumerate(claimed):
        name = f"sms-{number}"
        work.append(here.queue.settle([Settled(one, State.ACCEPTED, NOON, provider_id=name)]))
        receipt = Receipt(name, ReceiptState.DELIVERED)
        work += [there.queue.receipts(Channel.SMS, [receipt], NOON) for _ in range(2)]
    await asyncio.gather(*work)
    # Of two that crossed, neither may have seen the other: the next look at the queue does.
    assert not await here.queue.claim(Channel.SMS, 1, MINUTE, NOON + timedelta(seconds=1))
    async with here.transaction() as tx:
        assert (await tx.outbox.tally(AlertId(7))).counts == {
            (Channel.SMS, State.DELIVERED): count
        }


async def test_a_receipt_left_over_by_a_dead_process_is_applied_by_the_next(
    store: PgStore, sql: asyncpg.Connection
) -> None:
    await put(store, a_parcel("p1", alert=AlertId(7)), a_parcel("p2", "+33687654321"))
    first, second = await store.queue.claim(Channel.SMS, 10, MINUTE, NOON)
    await store.queue.settle([Settled(first, State.ACCEPTED, NOON, provider_id="1")])
    await store.queue.receipts(Channel.SMS, [Receipt("1", ReceiptState.DELIVERED)], NOON)
    # As if it had died after writing the receipt down and before applying it.
    await sql.execute("UPDATE receipts SET matched = FALSE")
    await sql.execute("UPDATE deliveries SET state = 'accepted' WHERE id = $1", first.id)
    await store.queue.settle([Settled(second, State.ACCEPTED, NOON, provider_id="2")])
    async with store.transaction() as tx:
        assert (await tx.outbox.tally(AlertId(7))).total(State.DELIVERED) == 1


async def test_what_was_delivered_to_a_group_is_counted(
    store: PgStore, sql: asyncpg.Connection
) -> None:
    group = a_parcel("g", "Z3JvdXBl", channel=Channel.SIGNAL, to_group=True)
    await put(store, group)
    [claimed] = await store.queue.claim(Channel.SIGNAL, 1, MINUTE, NOON)
    await store.queue.settle([Settled(claimed, State.ACCEPTED, NOON, provider_id="1784")])
    for person in ("aci-lea", "aci-paul", "aci-lea"):
        receipt = Receipt("1784", ReceiptState.DELIVERED, recipient=person)
        await store.queue.receipts(Channel.SIGNAL, [receipt], NOON)
    assert await sql.fetchval("SELECT count(*) FROM receipts WHERE matched") == 2


@pytest_asyncio.fixture(loop_scope="session")
async def own_server(tmp_path: Path) -> AsyncIterator[Postgres]:
    """A server that the test may stop."""
    server = Postgres(tmp_path / "postgres")
    await server.start("maillage")
    yield server
    await server.stop()


async def test_the_database_stops_and_comes_back_under_use(
    own_server: Postgres, keys: Keys, clock: HandClock
) -> None:
    dsn = own_server.dsn("maillage")
    await migrate(dsn)
    store = await connect(dsn, keys, clock, counted_ids())
    await put(store, a_parcel("p1", alert=AlertId(7)))
    [claimed] = await store.queue.claim(Channel.SMS, 1, MINUTE, NOON)
    waiting = asyncio.create_task(store.wake.wait("sms", timedelta(seconds=30)))

    async def stop_in_the_middle() -> None:
        async with store.transaction() as tx:
            await tx.outbox.put([a_parcel("lost", "+33687654321")])
            await own_server.stop()
            await tx.outbox.put([a_parcel("lost too", "+33687654321")])

    async with asyncio.timeout(60):
        with pytest.raises(TemporaryFailure):
            await stop_in_the_middle()
        assert await waiting  # it asks to look again, since it can't tell what it missed
        with pytest.raises(TemporaryFailure):
            await store.journal.write("sms", "k", b"x", NOON)
        with pytest.raises(TemporaryFailure):
            await store.queue.settle([Settled(claimed, State.ACCEPTED, NOON, provider_id="1")])
        with pytest.raises(TemporaryFailure):
            await store.queue.claim(Channel.SMS, 1, MINUTE, NOON)
        assert not await store.wake.wait("sms", timedelta(milliseconds=50))

        await own_server.start()
        assert await store.journal.write("sms", "k", b"x", NOON)
        assert await store.queue.settle([Settled(claimed, State.ACCEPTED, NOON, provider_id="1")])
        assert await store.wake.wait("sms", timedelta(seconds=30))
        waiting = asyncio.create_task(store.wake.wait("sms", timedelta(seconds=30)))
        await put(store, a_parcel("p2"))
        assert await waiting
        found = await store.queue.claim(Channel.SMS, 9, MINUTE, NOON)
        assert [one.parcel.key for one in found] == ["p2"]
    await store.close()
