"""gammu-smsd through its PostgreSQL tables: a modem with a SIM, for a town that has nothing else.

Our id is the `CreatorID` of a row, so that asking twice queues once. What was read or has its
receipt is deleted: these tables keep texts and numbers in clear.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from bridges.protocol import (
    Accepted,
    Outcome,
    Receipt,
    ReceiptState,
    Rejected,
    Sink,
    Throttled,
    Unknown,
)
from bridges.sms import gammu_tables as sql
from bridges.sms.gammu_inbox import gather, message_of, part_of
from bridges.sms.polling import Polling
from bridges.sms.segments import Encoding, Sms
from bridges.sms.settings import GammuSettings
from bridges.sms.transport import LATER, Submission

_CODING = {Encoding.GSM7: "Default_No_Compression", Encoding.UCS2: "Unicode_No_Compression"}
_DOWN = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_BAD = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
_LAST = 2.0  # seconds for what is on its way
_ROOM_EVERY = 0.5  # seconds between two looks at a full outbox

Connection = PoolConnectionProxy


class Gammu:
    """The transport of one modem; implements `Transport`."""

    def __init__(self, settings: GammuSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._pool: asyncpg.Pool | None = None
        self._making = asyncio.Lock()
        self._open = False
        self._sink: Sink | None = None
        self._polling = Polling(self._look, settings.poll)

    async def open(self, sink: Sink) -> None:
        self._sink, self._open = sink, True
        self._polling.start()

    async def close(self) -> None:
        self._open = False
        await self._polling.stop()
        if self._pool is not None:
            try:
                async with asyncio.timeout(_LAST):
                    await self._pool.close()
            except TimeoutError:
                self._pool.terminate()
            self._pool = None

    def wording(self, sms: Sms) -> str:
        return sms.text

    async def submit(self, submission: Submission) -> Outcome:
        if not self._open:
            return Throttled(LATER, "not_started")
        try:
            async with asyncio.timeout(self._settings.timeout):
                await self._room()
        except _DOWN:
            # Nothing was asked yet: the modem is behind, or the database away.
            return Throttled(LATER, "gateway_down")
        try:
            async with asyncio.timeout(self._settings.timeout):
                await self._queue(submission)
        except _BAD:
            return Rejected("gateway_refuses")
        except _DOWN:
            return Unknown("no_answer")  # perhaps committed
        return Accepted(submission.id)

    async def _room(self) -> None:
        """Waits until few enough texts wait for the modem: what waits here can't be overtaken."""
        while True:
            async with self._connection() as connection:
                if await connection.fetchval(sql.WAITING) < self._settings.backlog:
                    return
            await asyncio.sleep(_ROOM_EVERY)

    async def _queue(self, submission: Submission) -> None:
        sms, coding = submission.sms, _CODING[submission.sms.encoding]
        headers = _headers(sms.segments)
        values = (submission.number, sms.parts[0], headers[0], coding, submission.id)
        validity = submission.validity(self._now(), self._settings.validity_minutes)
        more = (_relative(validity), list(sms.parts[1:]), headers[1:])
        async with self._connection() as connection:
            await connection.execute(sql.QUEUE, *values, *more)

    async def alive(self) -> bool:
        """Whether a gammu-smsd says that its modem can send."""
        if not self._open:
            return False
        try:
            async with asyncio.timeout(self._settings.timeout), self._connection() as connection:
                return bool(await connection.fetchval(sql.SERVED))
        except _DOWN:
            return False

    async def _look(self) -> None:
        if self._sink is None:
            return
        async with self._connection() as connection:
            await self._receipts(connection, self._sink)
            await self._messages(connection, self._sink)

    async def _receipts(self, connection: Connection, sink: Sink) -> None:
        for row in await connection.fetch(sql.SET_ASIDE):
            await sink(Receipt(row["id"], ReceiptState.EXPIRED, code="modem_away"))
            await connection.execute(sql.FORGET_QUEUED, row["row"])
        for row in await connection.fetch(sql.FATES):
            state = ReceiptState.FAILED if row["failed"] else ReceiptState.DELIVERED
            code = f"modem_{row['error']}" if row["failed"] else ""
            await sink(Receipt(row["id"], state, code=code))
            await connection.execute(sql.FORGET_SENT, row["id"])
        await connection.execute(sql.HIDE_SENT)
        await connection.execute(sql.FORGET_OLD)

    async def _messages(self, connection: Connection, sink: Sink) -> None:
        parts = [part_of(dict(row)) for row in await connection.fetch(sql.CAME_IN)]
        for heap in gather(parts, self._settings.partial_after):
            await sink(message_of(heap, self._settings.region))
            await connection.execute(sql.FORGET_CAME_IN, [part.row for part in heap])

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        async with self._making:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._settings.dsn,
                    min_size=1,
                    max_size=4,
                    timeout=self._settings.timeout,
                    command_timeout=self._settings.timeout,
                )
        # The time also bounds how long a connection that no answer reaches is given back.
        async with self._pool.acquire(timeout=self._settings.timeout) as connection:
            yield connection


def _headers(count: int) -> list[str | None]:
    """What tells a phone which part of which message it reads; none for a single SMS."""
    if count == 1:
        return [None]
    reference = random.randrange(256)  # noqa: S311 # tells two messages to one phone apart
    return [f"050003{reference:02X}{count:02X}{place:02X}" for place in range(1, count + 1)]


def _relative(minutes: int) -> int:
    """As the GSM counts: steps of five minutes up to twelve hours, then of half an hour."""
    minutes = max(5, min(minutes, 24 * 60))
    return minutes // 5 - 1 if minutes <= 12 * 60 else 143 + (minutes - 12 * 60) // 30
