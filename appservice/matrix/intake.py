"""From the journal to the sink: every event that the homeserver pushed, in order, once or more.

A transaction stays in the journal until each of its events was handled; the sink knows what it
has seen. An event whose key has not come waits in the journal too, under its own name.
"""

import asyncio
import contextlib
import json
import logging
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

import asyncpg

from appservice.domain.errors import TemporaryFailure
from appservice.flows.ports import Journal
from appservice.matrix.api import MatrixError, Unreachable
from appservice.matrix.crypto.opening import KeyMissing, Unopenable
from appservice.matrix.crypto.store import DATABASE_FAILURES
from appservice.matrix.events import Event, Malformed, event_id_of, read_event
from appservice.matrix.reading import Reader
from appservice.matrix.server import SOURCE
from appservice.matrix.settings import Callbacks, MatrixSettings, Unreadable
from bridges.protocol import Sink

log = logging.getLogger(__name__)

WAITING = "matrix-waiting"  # no key yet
REFUSED = "matrix-refused"  # our own handling failed: kept for whoever mends it
AT_ONCE = 50
IDLE = 5.0  # seconds between looks at the journal when nobody wakes us
LOOK_AT_WAITING = 60.0  # seconds
PAUSE = 1.0  # seconds, after a failure
TRIES = 3

TEMPORARY = (TemporaryFailure, Unreachable, *DATABASE_FAILURES)


class Intake:
    """One worker. Nothing that a client sends stops it; nothing that fails on our side is lost."""

    def __init__(
        self,
        settings: MatrixSettings,
        journal: Journal,
        reader: Reader,
        sink: Sink,
        callbacks: Callbacks,
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._reader = reader
        self._sink = sink
        self._callbacks = callbacks
        self._clock = clock
        self._awake = asyncio.Event()
        self._look_at_waiting = True
        self._failures: Counter[str] = Counter()

    def wake(self) -> None:
        """A transaction was written."""
        self._awake.set()

    async def keys_came(self) -> None:
        """What waits may be readable now."""
        self._look_at_waiting = True
        self._awake.set()

    async def run(self) -> None:
        """For ever."""
        loop = asyncio.get_running_loop()
        looked = loop.time()
        while True:
            self._awake.clear()
            try:
                # First: a message whose key came goes before those that were written after it.
                if self._look_at_waiting or loop.time() - looked > LOOK_AT_WAITING:
                    self._look_at_waiting = False
                    looked = loop.time()
                    await self._waiting()
                worked = await self._transactions()
            except (*TEMPORARY, MatrixError) as failure:
                log.warning("intake stops for a moment: %s", type(failure).__name__)
                self._look_at_waiting = True
                await asyncio.sleep(PAUSE)
                continue
            if not worked:
                await self._rest()

    async def _rest(self) -> None:
        # Not wait_for: before Python 3.12 it may swallow a cancellation, and we would never stop.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(IDLE):
                await self._awake.wait()

    async def _transactions(self) -> bool:
        entries = await self._journal.pending(SOURCE, AT_ONCE)
        for entry, payload in entries:
            for raw in _events(payload):
                await self._guarded(raw)
            await self._journal.done(entry)
        return bool(entries)

    async def _guarded(self, raw: object) -> None:
        """Handles one event whatever it is made of."""
        try:
            event = read_event(raw)
        except Malformed as mistake:
            log.warning("event %s is malformed (%s): skipped", event_id_of(raw), mistake)
            return
        if not await self._attempt(event):
            waiting = {"since": self._clock().isoformat(), "event": event.raw}
            payload = json.dumps(waiting).encode()
            await self._journal.write(WAITING, event.event_id, payload, self._clock())
            log.info("event %s waits for its key", event.event_id)

    async def _attempt(self, event: Event) -> bool:
        """False when its key is missing. Raises what a pause may mend."""
        try:
            await self._deliver(event)
        except KeyMissing:
            return False
        except asyncpg.DataError as failure:
            # What PostgreSQL refuses to write (class 22) it will refuse for ever.
            await self._failed(event, failure)
        except TEMPORARY:
            raise
        except MatrixError as failure:
            if failure.temporary:
                raise
            await self._failed(event, failure)
        except Exception as failure:
            await self._failed(event, failure)
        self._failures.pop(event.event_id, None)
        return True

    async def _deliver(self, event: Event) -> None:
        try:
            inbound = await self._reader.read(event)
        except Unopenable as reason:
            log.warning("event %s can't be opened: %s", event.event_id, reason)
            await self._unreadable(event, Unreadable.UNDECRYPTABLE)
            return
        if inbound is not None:
            await self._sink(inbound)

    async def _waiting(self) -> None:
        seen: set[int] = set()
        while entries := await self._journal.pending(WAITING, AT_ONCE, seen):
            for entry, payload in entries:
                seen.add(entry)
                if await self._is_over(json.loads(payload)):
                    await self._journal.done(entry)

    async def _is_over(self, kept: dict[str, Any]) -> bool:
        """Whether nothing more is to be done with what waited for its key."""
        event = read_event(kept["event"])
        if not await self._attempt(event):
            waited = self._clock() - datetime.fromisoformat(kept["since"])
            if waited < self._settings.patience:
                return False
            log.warning("the key of event %s never came", event.event_id)
            await self._unreadable(event, Unreadable.UNDECRYPTABLE)
        return True

    async def _failed(self, event: Event, failure: Exception) -> None:
        """Tries again a few times, then puts the event aside and lets the others pass."""
        self._failures[event.event_id] += 1
        # The frames say where; the message might quote a person.
        where = "".join(traceback.format_tb(failure.__traceback__))
        log.error("event %s: %s\n%s", event.event_id, type(failure).__name__, where)
        if self._failures[event.event_id] < TRIES:
            raise TemporaryFailure from failure
        payload = json.dumps(event.raw).encode()
        await self._journal.write(REFUSED, event.event_id, payload, self._clock())
        await self._unreadable(event, Unreadable.REFUSED)

    async def _unreadable(self, event: Event, reason: Unreadable) -> None:
        try:
            await self._callbacks.on_unreadable(event.room, event.sender, event.event_id, reason)
        except TEMPORARY:
            raise
        except Exception as failure:
            told = "nobody could be told of event %s: %s"
            log.error(told, event.event_id, type(failure).__name__)  # noqa: TRY400 - ids only


def _events(payload: bytes) -> list[object]:
    try:
        events: list[object] = json.loads(payload)["events"]
    except (ValueError, RecursionError, KeyError, TypeError):
        log.exception("a transaction of the journal can't be read: skipped")
        return []
    return events
