"""What Signal says is handed over: messages one by one, receipts a few at a time."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from support.bridge_worlds import SignalWorldUnderTest, eventually
from support.bridges import RecordingSink

from bridges.protocol import Accepted, Inbound, Message, Outgoing, Receipt

AT_ONCE = 32


class SlowBooks(RecordingSink):
    """Keeps every receipt waiting until the books are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()
        self.asked = 0

    async def __call__(self, thing: Inbound) -> None:
        if isinstance(thing, Receipt):
            self.asked += 1
            await self.open.wait()
        await super().__call__(thing)


class SlowWorld(SignalWorldUnderTest):
    def __init__(self) -> None:
        super().__init__()
        self.sink: SlowBooks = SlowBooks()

    async def writes(self, count: int) -> None:
        """Each of these texts is received by the telephone, which says so."""
        for n in range(count):
            sent = await self.bridge.send(Outgoing(f"k{n}", self.target, f"texte {n}"))
            assert isinstance(sent, Accepted)


@pytest_asyncio.fixture
async def world() -> AsyncIterator[SlowWorld]:
    world = SlowWorld()
    await world.start()
    yield world
    world.sink.open.set()
    await world.stop()


async def test_no_message_waits_for_the_receipts_before_it(world: SlowWorld) -> None:
    await world.writes(5)
    await eventually(lambda: world.sink.asked == 5, "five receipts in hand")
    await world.says("bonjour")
    await eventually(lambda: world.sink.of(Message), "the message")
    assert not world.sink.of(Receipt)


async def test_beyond_a_few_receipts_nothing_more_is_read_until_they_are_written(
    world: SlowWorld,
) -> None:
    await world.writes(AT_ONCE + 8)
    await eventually(lambda: world.sink.asked == AT_ONCE, "as many receipts as may wait")
    await world.says("bonjour")
    await asyncio.sleep(0.2)
    assert world.sink.asked == AT_ONCE
    assert not world.sink.seen
    world.sink.open.set()
    await eventually(lambda: len(world.sink.seen) == AT_ONCE + 8 + 1, "all that was said")
    assert len(set(world.sink.of(Receipt))) == AT_ONCE + 8


async def test_a_receipt_that_is_refused_comes_again(world: SlowWorld) -> None:
    world.sink.failing = 3
    world.sink.open.set()
    await world.writes(4)
    await eventually(lambda: len(world.sink.of(Receipt)) == 4, "the receipts")
    assert world.sink.refused == 3


async def test_stopping_waits_for_the_receipts_in_hand(world: SlowWorld) -> None:
    await world.writes(3)
    await eventually(lambda: world.sink.asked == 3, "three receipts in hand")
    stopping = asyncio.create_task(world.bridge.stop())
    await asyncio.sleep(0.1)
    assert not stopping.done()
    world.sink.open.set()
    await stopping
    assert len(world.sink.of(Receipt)) == 3
