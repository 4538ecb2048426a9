"""What came in, in SQL: sealed until it is handled, empty afterwards."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from appservice.domain.member import Channel
from appservice.flows.ports.mail import AT_ONCE
from appservice.store.gathering import Gathering
from appservice.store.session import Database, Session
from appservice.store.vault import BrokenSeal, DataKey
from appservice.store.wake import CHANNEL

SEALED = "journal.sealed"
BATCH = 200  # entries of up to 64 KiB; a larger one counts for several
LINGER = 0.001  # seconds; a commit waits for the disk for longer than that
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Entry:
    source: str
    index: bytes
    payload: bytes
    at: datetime

    @property
    def owner(self) -> str:
        return f"journal:{self.at:%Y-%m-%d}"


class PgJournal:
    """Implements `ports.Journal`. A key a day: what is older can be erased by its day."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._gathering = Gathering(
            self._write, lambda entry: (entry.source, entry.index), BATCH, _weight, LINGER
        )

    async def write(self, source: str, key: str, payload: bytes, at: datetime) -> bool:
        index = self._database.vault.index(f"journal:{source}", key)
        return await self._gathering.put(_Entry(source, index, payload, at))

    async def _write(self, entries: Sequence[_Entry]) -> list[bool]:
        """One commit for those that came together; each is durable when this returns."""
        async with self._database.session() as session:
            rows = [
                (
                    entry.source,
                    entry.index,
                    entry.owner,
                    (await session.key(entry.owner)).seal(SEALED, entry.payload),
                    entry.at,
                )
                for entry in entries
            ]
            columns = (list(column) for column in zip(*rows, strict=True))
            written = await session.rows(WRITE, *columns, CHANNEL)
        new = {(row["source"], row["key_index"]) for row in written}
        return [(entry.source, entry.index) in new for entry in entries]

    async def pending(
        self, source: str, limit: int, besides: Collection[int] = ()
    ) -> Sequence[tuple[int, bytes]]:
        async with self._database.session() as session:
            rows = await session.rows(PENDING, source, limit, list(besides), AT_ONCE)
            keys = await session.keys(row["owner"] for row in rows)
            entries: list[tuple[int, bytes]] = []
            for row in rows:
                payload = _opened(keys.get(row["owner"]), row["sealed"])
                if payload is None:
                    # It would come back for ever and hold up what follows.
                    log.error("journal entry %s can't be opened: set aside", row["id"])
                    await session.run(DONE, [row["id"]], session.clock())
                else:
                    entries.append((row["id"], payload))
        return entries

    async def done(self, *entries: int) -> None:
        async with self._database.session() as session:
            await session.run(DONE, entries, session.clock())


def _weight(entry: _Entry) -> int:
    return 1 + len(entry.payload) // 65_536


def _opened(key: DataKey | None, sealed: bytes) -> bytes | None:
    try:
        return key.open(SEALED, sealed) if key else None
    except BrokenSeal:
        return None


async def first_time(session: Session, channel: Channel, key: str) -> bool:
    """`ports.Transaction.first_time`: waits for whoever is handling the same message."""
    index = session.vault.index(f"handled:{channel.value}", key)
    return await session.row(FIRST_TIME, channel.value, index, session.clock()) is not None


# One bell for each source: a commit that rings waits for every other commit that does.
WRITE = """
WITH entry AS (
    INSERT INTO journal (source, key_index, owner, sealed, written_at)
    SELECT * FROM unnest($1::text[], $2::bytea[], $3::text[], $4::bytea[], $5::timestamptz[])
    ON CONFLICT (source, key_index) DO NOTHING RETURNING source, key_index
), bell AS (
    SELECT count(pg_notify($6, 'journal:' || source)) FROM (SELECT DISTINCT source FROM entry) s
)
SELECT source, key_index FROM entry, bell
"""
# The length of a value is read without the value.
PENDING = """
WITH next AS (
    SELECT id, octet_length(sealed) AS size FROM journal
    WHERE source = $1 AND done_at IS NULL AND id <> ALL($3) ORDER BY id LIMIT $2
), added AS (
    SELECT id, size, sum(size) OVER (ORDER BY id) AS so_far FROM next
)
SELECT id, owner, sealed FROM journal JOIN added USING (id)
WHERE so_far <= $4 OR so_far = size ORDER BY id
"""
DONE = "UPDATE journal SET done_at = $2, sealed = NULL WHERE id = ANY($1) AND done_at IS NULL"
FIRST_TIME = """
INSERT INTO handled (channel, key_index, at) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING channel
"""
