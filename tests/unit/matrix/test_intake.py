"""The intake loses nothing, repeats nothing that it need not, and nothing stops it."""

import asyncio
import dataclasses
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from support.memory_store import MemoryJournal, MemoryWake

from appservice.domain.errors import TemporaryFailure
from appservice.matrix import intake as intake_module
from appservice.matrix.api import MatrixError, Unreachable
from appservice.matrix.crypto.opening import KeyMissing, Unopenable
from appservice.matrix.events import Event, to_inbound
from appservice.matrix.intake import Intake
from appservice.matrix.settings import Callbacks, MatrixSettings, Unreadable
from bridges.protocol import Inbound

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SETTINGS = MatrixSettings("", "s", "", "", "", b"", Path("unused"))


class World:
    """The intake between a journal, a reader that does as it is told, and a sink."""

    def __init__(self) -> None:
        self.journal = MemoryJournal(MemoryWake())
        self.now = NOON
        self.failures: dict[
            str, list[Exception]
        ] = {}  # event id → what reading it raises, in turn
        self.reads: Counter[str] = Counter()
        self.received: list[str] = []
        self.unreadable: list[tuple[str, Unreadable]] = []
        self.sink_failures: list[Exception] = []
        self.callback_failures: list[Exception] = []
        callbacks = Callbacks(on_unreadable=self._unread)
        self.intake = Intake(SETTINGS, self.journal, self, self._sink, callbacks, lambda: self.now)

    async def read(self, event: Event) -> Inbound | None:
        self.reads[event.event_id] += 1
        if failures := self.failures.get(event.event_id):
            raise failures.pop(0)
        return to_inbound(event)

    async def push(self, *names: str, raw: tuple[Any, ...] = ()) -> None:
        events = [message(name) for name in names]
        payload = json.dumps({"events": [*events, *raw]}).encode()
        await self.journal.write("matrix", "-".join(names), payload, self.now)
        self.intake.wake()

    async def waiting(self, source: str = "matrix-waiting") -> int:
        return len(await self.journal.pending(source, 100))

    async def until(self, found: Any) -> None:
        deadline = asyncio.get_running_loop().time() + 5
        while not found():
            assert asyncio.get_running_loop().time() < deadline, (self.received, self.unreadable)
            await asyncio.sleep(0.005)

    async def _sink(self, inbound: Inbound) -> None:
        if self.sink_failures:
            raise self.sink_failures.pop(0)
        assert not isinstance(inbound, str)
        self.received.append(inbound.key)

    async def _unread(self, room: str, sender: str, event: str, reason: Unreadable) -> None:
        if self.callback_failures:
            raise self.callback_failures.pop(0)
        self.unreadable.append((event, reason))


def message(name: str) -> dict[str, Any]:
    return {
        "event_id": name,
        "room_id": "!r:s",
        "sender": "@m:s",
        "type": "m.room.message",
        "content": {"msgtype": "m.text", "body": name},
    }


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "PAUSE", 0.001)


@asynccontextmanager
async def running() -> AsyncIterator[World]:
    world = World()
    task = asyncio.create_task(world.intake.run())
    try:
        yield world
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_events_come_in_order_and_leave_the_journal() -> None:
    async with running() as world:
        await world.push("$1", "$2")
        await world.push("$3")
        await world.until(lambda: world.received == ["$1", "$2", "$3"])
        assert await world.waiting("matrix") == 0


@pytest.mark.parametrize(
    "failure",
    [
        TemporaryFailure(),
        Unreachable("x"),
        MatrixError(503, "M_UNKNOWN"),
        ConnectionRefusedError(),
        asyncpg.ConnectionDoesNotExistError(),
        asyncpg.InterfaceError("connection is closed"),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_what_a_pause_may_mend_is_tried_until_it_is_mended(failure: Exception) -> None:
    async with running() as world:
        world.sink_failures = [failure] * 10
        await world.push("$1", "$2")
        await world.until(lambda: world.received == ["$1", "$2"])
        assert world.unreadable == []


@pytest.mark.parametrize(
    "failure",
    [ValueError("of ours"), MatrixError(400, "M_BAD_JSON"), asyncpg.DataError("NUL")],
    ids=lambda failure: type(failure).__name__,
)
async def test_what_nothing_mends_is_put_aside_and_said(failure: Exception) -> None:
    async with running() as world:
        world.failures["$1"] = [failure] * 10
        await world.push("$1", "$2")
        await world.until(lambda: world.received == ["$2"])
        assert world.unreadable == [("$1", Unreadable.REFUSED)]
        assert await world.waiting("matrix-refused") == 1
        assert world.reads["$1"] == 3


async def test_an_event_whose_key_is_late_lets_others_pass_and_comes_when_it_can() -> None:
    async with running() as world:
        world.failures["$1"] = [KeyMissing(), KeyMissing()]
        await world.push("$1", "$2")
        await world.until(lambda: world.received == ["$2"])
        await world.intake.keys_came()
        await world.until(lambda: world.reads["$1"] == 2)
        await world.intake.keys_came()
        await world.until(lambda: world.received == ["$2", "$1"])
        assert await world.waiting() == 0


async def test_a_key_that_never_comes_is_said_after_some_hours() -> None:
    async with running() as world:
        world.failures["$1"] = [KeyMissing()] * 100
        await world.push("$1", "$2")
        await world.until(lambda: world.received == ["$2"])
        world.now += SETTINGS.patience - timedelta(seconds=1)
        await world.intake.keys_came()
        await world.until(lambda: world.reads["$1"] >= 2)
        assert world.unreadable == []
        world.now += timedelta(seconds=2)
        await world.intake.keys_came()
        await world.until(lambda: world.unreadable == [("$1", Unreadable.UNDECRYPTABLE)])
        await world.push("$3")
        await world.until(lambda: "$3" in world.received)
        assert await world.waiting() == 0


async def test_what_no_key_will_open_is_said_at_once() -> None:
    async with running() as world:
        world.failures["$1"] = [Unopenable("junk")]
        await world.push("$1", "$2")
        await world.until(lambda: world.received == ["$2"])
        assert world.unreadable == [("$1", Unreadable.UNDECRYPTABLE)]


async def test_telling_is_tried_again_when_a_pause_may_mend_it_and_only_then() -> None:
    async with running() as world:
        world.failures["$1"] = [Unopenable("x")] * 10
        world.failures["$2"] = [Unopenable("x")] * 10
        world.callback_failures = [TemporaryFailure()]
        await world.push("$1")
        await world.until(lambda: world.unreadable == [("$1", Unreadable.UNDECRYPTABLE)])
        world.callback_failures = [ValueError("of the callback")]
        await world.push("$2", "$3")
        await world.until(lambda: world.received == ["$3"])


async def test_what_is_no_event_is_skipped() -> None:
    async with running() as world:
        await world.push("$1", raw=(None, 4, [], {"event_id": "$x"}))
        await world.journal.write("matrix", "junk", b"[" * 50_000, NOON)
        await world.journal.write("matrix", "text", b"\xff", NOON)
        await world.journal.write("matrix", "list", b'{"events": {}}', NOON)
        await world.push("$2")
        await world.until(lambda: world.received == ["$1", "$2"])


def test_secrets_are_in_no_log() -> None:
    settings = dataclasses.replace(
        SETTINGS, as_token="secret", hs_token="secret", pickle_key=b"secret", database="secret"
    )
    assert "secret" not in repr(settings)
