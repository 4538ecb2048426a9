"""Bells over PostgreSQL's LISTEN and NOTIFY, so that work begins at once."""

import asyncio
from collections import defaultdict
from datetime import timedelta

import asyncpg

from appservice.domain.errors import TemporaryFailure
from appservice.store.session import CONNECT, translated

CHANNEL = "maillage"
NOTIFY = "SELECT pg_notify($1, $2)"


class PgWake:
    """Implements `ports.Wake` with a connection of its own, opened again when it is lost."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._bells: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()

    async def start(self) -> None:
        """Listen from now on. Raises TemporaryFailure."""
        with translated():
            self._connection = await self._open()

    async def wait(self, topic: str, at_most: timedelta) -> bool:
        bell = self._bells[topic]
        try:
            async with asyncio.timeout(at_most.total_seconds()):
                await self._listen()
                await bell.wait()
        except TimeoutError:
            return False
        bell.clear()
        return True

    async def ring(self, topic: str) -> None:
        """Wakes whoever waits there, in every process. Raises TemporaryFailure."""
        with translated():
            connection = await self._open()
            try:
                await connection.execute(NOTIFY, CHANNEL, topic)
            finally:
                await connection.close()

    async def close(self) -> None:
        """Nobody waits any more."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            await connection.close(timeout=CONNECT.total_seconds())

    async def _listen(self) -> None:
        """Returns once connected, however long the database stays down."""
        async with self._opening:
            while self._connection is None or self._connection.is_closed():
                try:
                    await self.start()
                except TemporaryFailure:
                    await asyncio.sleep(0.5)
                    continue
                # Who knows what was put while nobody listened.
                self._ring_all()

    async def _open(self) -> "asyncpg.Connection[asyncpg.Record]":
        settings = {"application_name": "maillage-wake"}
        connection = await asyncpg.connect(
            self._dsn, timeout=CONNECT.total_seconds(), server_settings=settings
        )
        await connection.add_listener(CHANNEL, self._rung)
        connection.add_termination_listener(lambda _: self._ring_all())
        return connection

    def _rung(self, _connection: object, _pid: int, _channel: str, topic: object) -> None:
        self._bells[str(topic)].set()

    def _ring_all(self) -> None:
        for bell in self._bells.values():
            bell.set()
