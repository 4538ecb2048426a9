"""One device, one writer: a PostgreSQL advisory lock per bot."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

log = logging.getLogger(__name__)

LOOK_AGAIN = 1.0  # seconds


@asynccontextmanager
async def only_writer(dsn: str, bot: str) -> AsyncIterator[asyncio.Event]:
    """Waits until no other process speaks for that bot.

    The event is set when the lock is lost, with the connection that held it: stop writing then.
    """
    connection = await asyncpg.connect(dsn)
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    try:
        waiting = False
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _number(bot)):
            if not waiting:
                log.warning("another process speaks for %s: waiting for it to stop", bot)
                waiting = True
            await asyncio.sleep(LOOK_AGAIN)
        yield lost
    finally:
        # Closing gives the lock back; a connection that is dead already has given it.
        await connection.close(timeout=5)


def _number(bot: str) -> int:
    return int.from_bytes(hashlib.sha256(f"maillage {bot}".encode()).digest()[:8], signed=True)
