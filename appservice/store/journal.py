"""What came in, in SQL: sealed until it is handled, empty afterwards."""

import logging
from collections.abc import Sequence
from datetime import datetime

from appservice.domain.member import Channel
from appservice.store.session import Database, Session
from appservice.store.vault import BrokenSeal, DataKey
from appservice.store.wake import CHANNEL

SEALED = "journal.sealed"
log = logging.getLogger(__name__)


class PgJournal:
    """Implements `ports.Journal`. A key a day: what is older can be erased by its day."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, source: str, key: str, payload: bytes, at: datetime) -> bool:
        async with self._database.session() as session:
            owner = f"journal:{at:%Y-%m-%d}"
            sealed = (await session.key(owner)).seal(SEALED, payload)
            index = session.vault.index(f"journal:{source}", key)
            topic = f"journal:{source}"
            row = await session.row(WRITE, source, index, owner, sealed, at, CHANNEL, topic)
        return row is not None

    async def pending(self, source: str, limit: int) -> Sequence[tuple[int, bytes]]:
        async with self._database.session() as session:
            rows = await session.rows(PENDING, source, limit)
            keys = await session.keys(row["owner"] for row in rows)
            entries: list[tuple[int, bytes]] = []
            for row in rows:
                payload = _opened(keys.get(row["owner"]), row["sealed"])
                if payload is None:
                    # It would come back for ever and hold up what follows.
                    log.error("journal entry %s can't be opened: set aside", row["id"])
                    await session.run(DONE, row["id"], session.clock())
                else:
                    entries.append((row["id"], payload))
        return entries

    async def done(self, entry: int) -> None:
        async with self._database.session() as session:
            await session.run(DONE, entry, session.clock())


def _opened(key: DataKey | None, sealed: bytes) -> bytes | None:
    try:
        return key.open(SEALED, sealed) if key else None
    except BrokenSeal:
        return None


async def first_time(session: Session, channel: Channel, key: str) -> bool:
    """`ports.Transaction.first_time`: waits for whoever is handling the same message."""
    index = session.vault.index(f"handled:{channel.value}", key)
    return await session.row(FIRST_TIME, channel.value, index, session.clock()) is not None


WRITE = """
WITH entry AS (
    INSERT INTO journal (source, key_index, owner, sealed, written_at)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (source, key_index) DO NOTHING RETURNING id
)
SELECT id, pg_notify($6, $7) FROM entry
"""
PENDING = """
SELECT id, owner, sealed FROM journal WHERE source = $1 AND done_at IS NULL ORDER BY id LIMIT $2
"""
DONE = "UPDATE journal SET done_at = $2, sealed = NULL WHERE id = $1 AND done_at IS NULL"
FIRST_TIME = """
INSERT INTO handled (channel, key_index, at) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING channel
"""
