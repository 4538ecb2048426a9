"""The journal first: nothing that a bridge handed over is lost, whatever fails."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import examples
from support.memory_store import MemoryStore
from support.story import BRUNO, POSTE, Story, until

from appservice.domain.errors import TemporaryFailure
from appservice.domain.member import Channel
from appservice.flows.inbound import Inbox, decode, encode
from bridges.protocol import (
    Attachment,
    Deleted,
    Edited,
    Inbound,
    Message,
    Reacted,
    Receipt,
    ReceiptState,
)

FACT = "Un client a payé avec un faux billet ce matin"
TIMES = st.datetimes(timezones=st.just(UTC))
WORDS = st.text(max_size=20)
FILES = st.builds(Attachment, st.just("image/png"), st.binary(max_size=50), WORDS)
THINGS = st.one_of(
    st.builds(
        Message,
        key=WORDS,
        sender=WORDS,
        text=st.text(),
        sent_at=TIMES,
        group=st.none() | WORDS,
        attachments=st.lists(FILES, max_size=2).map(tuple),
        replies_to=st.none() | WORDS,
        sender_number=st.none() | WORDS,
    ),
    st.builds(Edited, WORDS, WORDS, WORDS, WORDS, TIMES, st.none() | WORDS),
    st.builds(Deleted, WORDS, WORDS, WORDS, TIMES, st.none() | WORDS),
    st.builds(Reacted, WORDS, WORDS, WORDS, WORDS, TIMES, st.none() | WORDS, st.booleans()),
    st.builds(Receipt, WORDS, st.sampled_from(ReceiptState), WORDS, WORDS),
)


@given(THINGS)
def test_what_is_written_is_what_is_read(thing: Inbound) -> None:
    assert decode(encode(thing)) == thing


def inbox(story: Story, **more: object) -> Inbox:
    return Inbox(
        channel=Channel.SIGNAL,
        journal=story.store.journal,
        store=story.store,
        wake=story.store.wake,
        inbound=story.inbound,
        clock=story.clock,
        **more,  # type: ignore[arg-type] # a test's own settings
    )


def message(key: str = "k1", text: str = FACT) -> Message:
    return Message(key, BRUNO.signal or "", text, datetime(2026, 11, 21, tzinfo=UTC))


async def pending(story: Story) -> int:
    return len(await story.store.journal.pending("signal", 100))


async def test_a_message_is_handled_then_done(story: Story) -> None:
    box = inbox(story)
    sink = box.sink()
    await sink(message())
    await sink(message())  # the bridge may hand it over again
    assert await pending(story) == 1
    assert await box.work_once()
    assert await pending(story) == 0
    assert len(story.store.tables.reports) == 1
    assert not await box.work_once()


async def test_a_receipt_is_kept_for_good_before_it_is_answered(story: Story) -> None:
    sink = inbox(story).sink()
    await sink(Receipt("1", ReceiptState.DELIVERED, "a"))
    await sink(Receipt("1", ReceiptState.DELIVERED, "b"))
    await sink(Receipt("1", ReceiptState.READ, "a"))
    await sink(Receipt("1", ReceiptState.DELIVERED, "a"))
    assert len(story.store.tables.receipts) == 3
    assert await pending(story) == 0


class Refusing:
    """Keeps no receipt at first."""

    def __init__(self, story: Story, error: Exception) -> None:
        self.real, self.world, self.errors = story.inbound, story.world, [error]

    async def receipts(self, channel: Channel, said: Sequence[Receipt]) -> None:
        if self.errors:
            raise self.errors.pop()
        await self.real.receipts(channel, said)

    async def handle(self, channel: Channel, thing: Inbound) -> None:
        await self.real.handle(channel, thing)


async def test_a_receipt_that_nobody_can_write_down_is_not_answered(story: Story) -> None:
    """So it is handed over again."""
    box, receipt = inbox(story), Receipt("1", ReceiptState.DELIVERED, "a")
    box.inbound = Refusing(story, TemporaryFailure())  # type: ignore[assignment] # a fake of the methods that are used
    with pytest.raises(TemporaryFailure):
        await box.sink()(receipt)
    assert (await pending(story), len(story.store.tables.receipts)) == (0, 0)
    await box.sink()(receipt)
    assert len(story.store.tables.receipts) == 1


async def test_a_receipt_that_breaks_us_waits_in_the_journal(story: Story) -> None:
    box = inbox(story)
    box.inbound = Refusing(story, ValueError("une erreur à nous"))  # type: ignore[assignment] # as above
    await box.sink()(Receipt("1", ReceiptState.DELIVERED, "a"))
    assert (await pending(story), len(story.store.tables.receipts)) == (1, 0)
    assert await box.work_once()
    assert (await pending(story), len(story.store.tables.receipts)) == (0, 1)


class Failing:
    """Fails for one key, so many times."""

    def __init__(self, story: Story, key: str, error: Exception, times: int = 10**6) -> None:
        self.real = story.inbound
        self.world = story.world
        self.key = key
        self.error = error
        self.times = times

    async def handle(self, channel: Channel, thing: Inbound) -> None:
        if getattr(thing, "key", "") == self.key and self.times > 0:
            self.times -= 1
            raise self.error
        await self.real.handle(channel, thing)


async def test_what_fails_waits_while_the_others_go_on(story: Story) -> None:
    box = inbox(story)
    box.inbound = Failing(story, "k1", ZeroDivisionError(FACT), times=2)  # type: ignore[assignment] # a fake of the one method that is used
    sink = box.sink()
    await sink(message("k1"))
    await sink(message("k2", "vol de tabac ce matin rue Foch"))
    assert await box.work_once()
    assert await pending(story) == 1
    assert not await box.work_once()  # not yet
    for _ in range(2):
        story.later(minutes=5)
        await box.work_once()
    assert await pending(story) == 0
    assert len(story.store.tables.reports) == 2


async def test_what_always_fails_is_parked_and_told(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    box = inbox(story, tries=3)
    box.inbound = Failing(story, "k1", ZeroDivisionError(FACT))  # type: ignore[assignment] # as above
    await box.sink()(message("k1"))
    with caplog.at_level(logging.DEBUG):
        for _ in range(2):
            await box.work_once()
            assert await pending(story) == 1
            story.later(minutes=5)
        await box.work_once()
        story.later(hours=2)
        await box.work_once()
    assert await pending(story) == 1  # kept: a mended version may read it
    (line,) = story.poste()
    assert "n'a pas pu être traité" in line
    assert FACT not in line
    assert story.verbs == ["inbound.park"]
    assert "ZeroDivisionError" in caplog.text
    assert FACT not in caplog.text
    box.inbound = story.inbound
    story.later(hours=2)
    await box.work_once()
    assert await pending(story) == 0
    assert len(story.store.tables.reports) == 1


async def test_an_outage_parks_nothing(story: Story) -> None:
    box = inbox(story, tries=2)
    box.inbound = Failing(story, "k1", TemporaryFailure(), times=20)  # type: ignore[assignment] # as above
    await box.sink()(message("k1"))
    for _ in range(21):
        await box.work_once()
        story.later(minutes=5)
    assert await pending(story) == 0
    assert len(story.store.tables.reports) == 1
    assert story.verbs == ["report.open"]


async def test_the_worker_wakes_for_what_comes_in(story: Story) -> None:
    box = inbox(story, poll=timedelta(minutes=10))
    worker = asyncio.create_task(box.run())
    await asyncio.sleep(0)
    await box.sink()(message())
    await until(lambda: bool(story.store.tables.reports))
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker
    assert POSTE in {p.target for p in story.parcels()}


class Dying:
    """A store whose process dies around some commits: just before, or just after."""

    def __init__(self, real: MemoryStore, deaths: list[str]) -> None:
        self._real = real
        self._deaths = deaths

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        death = self._deaths.pop(0) if self._deaths else ""
        async with self._real.transaction() as tx:
            yield tx
            if death == "before":
                raise TemporaryFailure
        if death == "after":
            raise TemporaryFailure


@examples(25)
@given(st.lists(st.sampled_from(["", "before", "after"]), max_size=6))
def test_dying_anywhere_loses_nothing_and_does_nothing_twice(deaths: list[str]) -> None:
    asyncio.run(_outlive(deaths))


async def _outlive(deaths: list[str]) -> None:
    story = await Story().begin()
    story.inbound.store = Dying(story.store, deaths)  # type: ignore[assignment] # a store that dies
    box = inbox(story)
    await box.sink()(message("k1"))
    await box.sink()(message("k2", "état S1"))
    for _ in range(12):
        await inbox(story).work_once()  # another process each time
        story.later(minutes=5)
    assert await pending(story) == 0
    assert len(story.store.tables.reports) == 1
    assert len(story.parcels(Channel.SIGNAL, BRUNO.signal)) == 2
    assert story.verbs == ["report.open"]
