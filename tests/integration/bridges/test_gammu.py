"""gammu-smsd's tables: what the contract does not say."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from support.bridge_worlds import eventually, ticking
from support.homeserver import fresh_database, postgres
from support.sms_worlds import GammuWorld, gammu_tables

from bridges.protocol import Accepted, Message, Outgoing, Receipt, ReceiptState, Rejected, Unknown
from bridges.sms.bridge import message_id
from bridges.sms.gammu_tables import SET_ASIDE

__all__ = ["fresh_database", "gammu_tables", "postgres"]
NAME = message_id("k", "s3cret")
LONG = "Faux billets de 50 euros constatés ce matin à Liffré et à Fougères. " * 4
AGED = """
UPDATE outbox SET "InsertIntoDB" = LOCALTIMESTAMP(0) - $1::interval,
    "SendingTimeOut" = LOCALTIMESTAMP(0) - INTERVAL '2 minutes'
"""
AGE = """
UPDATE outbox SET "InsertIntoDB" = LOCALTIMESTAMP(0) - INTERVAL '31 minutes',
    "SendingTimeOut" = LOCALTIMESTAMP(0) - INTERVAL '2 minutes'
"""


@pytest_asyncio.fixture
async def world(gammu_tables: str) -> AsyncIterator[GammuWorld]:
    world = GammuWorld(gammu_tables)
    await world.start()
    yield world
    await world.stop()


async def rows(world: GammuWorld, table: str) -> list[dict]:
    async with world.modem._lock:
        return [dict(row) for row in await world.modem.connection.fetch(f"SELECT * FROM {table}")]


async def test_a_long_text_is_queued_in_parts_that_a_phone_joins(world: GammuWorld) -> None:
    async with world.modem._lock:  # the modem waits
        await world.bridge.send(Outgoing("k", world.target, LONG))
        [head] = await world.modem.connection.fetch("SELECT * FROM outbox")
        more = await world.modem.connection.fetch(
            'SELECT * FROM outbox_multipart ORDER BY "SequencePosition"'
        )
    assert head["MultiPart"]
    assert [part["SequencePosition"] for part in more] == [2]
    headers = [head["UDH"], *(part["UDH"] for part in more)]
    reference = headers[0][6:8]
    assert headers == [f"050003{reference}02{place:02X}" for place in (1, 2)]
    await eventually(lambda: world.shown(world.target), "the text")
    assert world.shown(world.target) == [LONG]


async def test_asking_twice_queues_once(world: GammuWorld) -> None:
    async with world.modem._lock:
        for _ in range(2):
            outcome = await world.bridge.send(Outgoing("k", world.target, "Vol"))
            assert isinstance(outcome, Accepted)
        assert await world.modem.connection.fetchval("SELECT count(*) FROM outbox") == 1


async def test_a_lost_answer_still_has_its_receipt(world: GammuWorld) -> None:
    await world.lose_next_answer()
    assert await world.bridge.send(Outgoing("k", world.target, "Vol")) == Unknown(
        "no_answer", "gsm7 1", "Vol"
    )
    await eventually(lambda: world.sink.of(Receipt), "the receipt")
    assert world.sink.of(Receipt) == [Receipt(NAME, ReceiptState.DELIVERED)]
    assert world.shown(world.target) == ["Vol"]


async def test_a_modem_that_fails_says_so_and_keeps_nothing(world: GammuWorld) -> None:
    world.modem.state = "SendingError"
    await world.bridge.send(Outgoing("k", world.target, "Vol"))
    await eventually(lambda: world.sink.of(Receipt), "the receipt")
    [receipt] = world.sink.of(Receipt)
    assert (receipt.provider_id, receipt.state) == (NAME, ReceiptState.FAILED)
    await world.says("lu")
    await eventually(lambda: world.sink.of(Message), "the message")
    await world.bridge.stop()
    assert await rows(world, "sentitems") == []
    await world.bridge.start(world.sink)


async def test_a_text_that_awaits_its_report_is_no_longer_readable_there(
    world: GammuWorld,
) -> None:
    world.modem.state = "SendingOK"
    await world.bridge.send(Outgoing("k", world.target, "Vol secret"))
    await eventually(lambda: world.shown(world.target), "the text")
    found = ["?"]
    for _ in range(500):
        found = [row["TextDecoded"] for row in await rows(world, "sentitems")]
        if found == [""]:
            break
    assert found == [""]
    assert world.sink.of(Receipt) == []


async def test_what_waited_too_long_for_a_modem_is_not_sent(world: GammuWorld) -> None:
    async with world.modem._lock:  # the modem is away
        await world.bridge.send(Outgoing("k", world.target, "Vol"))
        await world.modem.connection.execute(AGE)
        await eventually(lambda: world.sink.of(Receipt), "the receipt")
    [receipt] = world.sink.of(Receipt)
    assert (receipt.provider_id, receipt.state) == (NAME, ReceiptState.EXPIRED)
    await world.bridge.send(Outgoing("k2", world.target, "après"))
    await eventually(lambda: world.shown(world.target), "the next")
    assert world.shown(world.target) == ["après"]


@pytest.mark.parametrize(("minutes", "steps", "kept"), [(3, 0, 5), (14, 1, 10), (840, 147, 840)])
async def test_a_text_waits_for_the_modem_as_long_as_it_is_of_use(
    world: GammuWorld, minutes: int, steps: int, kept: int
) -> None:
    """In the steps that a SIM counts in: of five minutes, then of half an hour."""
    end = ticking()() + timedelta(minutes=minutes, seconds=45)
    async with world.modem._lock:
        outcome = await world.bridge.send(Outgoing("k", world.target, "Vol", expires_at=end))
        assert isinstance(outcome, Accepted)
        assert (
            await world.modem.connection.fetchval('SELECT "RelativeValidity" FROM outbox') == steps
        )
        for age in (kept - 1, kept + 1):
            trial = world.modem.connection.transaction()  # nobody else sees that it aged
            await trial.start()
            await world.modem.connection.execute(AGED, timedelta(minutes=age))
            assert len(await world.modem.connection.fetch(SET_ASIDE)) == (age > kept)
            await trial.rollback()
        await world.modem.connection.execute("DELETE FROM outbox")


async def test_what_a_table_refuses_is_rejected(world: GammuWorld) -> None:
    async with world.modem._lock:
        await world.modem.connection.execute(
            "ALTER TABLE outbox ADD CONSTRAINT shut CHECK (\"CreatorID\" = '')"
        )
    try:
        outcome = await world.bridge.send(Outgoing("k", world.target, "Vol"))
    finally:
        async with world.modem._lock:
            await world.modem.connection.execute("ALTER TABLE outbox DROP CONSTRAINT shut")
    assert outcome == Rejected("gateway_refuses")


async def test_a_long_sms_that_came_in_parts_is_one_message(world: GammuWorld) -> None:
    for text, header in (("deux", "050003110202"), ("un et ", "050003110201")):
        await world.modem.say(world.sender, text, header)
    await eventually(lambda: world.sink.of(Message), "the message")
    assert [message.text for message in world.sink.of(Message)] == ["un et deux"]
