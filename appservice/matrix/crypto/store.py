"""mautrix's own tables for keys and room state, with the one table of ours beside them."""

import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
from mautrix.crypto.sessions import Session
from mautrix.crypto.store import PgCryptoStateStore, PgCryptoStore
from mautrix.types import DeviceID, IdentityKey, SessionID
from mautrix.util.async_db import Connection, Database

log = logging.getLogger(__name__)

# mautrix does not write down who holds a key; a service that restarts must know.
HOLDERS = """
CREATE TABLE IF NOT EXISTS maillage_key_holder (
    session_id   TEXT NOT NULL,
    room_id      TEXT NOT NULL,
    user_id      TEXT NOT NULL,
    device_id    TEXT NOT NULL,
    identity_key TEXT NOT NULL,
    PRIMARY KEY (session_id, user_id, device_id)
);
CREATE INDEX IF NOT EXISTS maillage_key_holder_room ON maillage_key_holder (room_id)
"""

# The database is out of reach or in trouble: nothing is wrong with what we were handling.
DATABASE_FAILURES = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)

LATEST_SESSIONS = """
SELECT DISTINCT ON (sender_key)
       sender_key, session_id, session, created_at, last_encrypted, last_decrypted
FROM crypto_olm_session
WHERE account_id = $1 AND sender_key = ANY($2)
ORDER BY sender_key, last_decrypted DESC
"""

OLD_ROOM_KEYS = "DELETE FROM crypto_megolm_inbound_session WHERE received_at < $1"
OLD_INDEXES = "DELETE FROM crypto_message_index WHERE timestamp < $1"

SAVE_SESSIONS = """
INSERT INTO crypto_olm_session (
    session_id, sender_key, session, created_at, last_encrypted, last_decrypted, account_id
)
SELECT *, $7 FROM unnest(
    $1::text[], $2::text[], $3::bytea[], $4::timestamp[], $5::timestamp[], $6::timestamp[])
ON CONFLICT (account_id, session_id)
DO UPDATE SET session = excluded.session, last_encrypted = excluded.last_encrypted
"""


class KeyStore(PgCryptoStore):
    """mautrix's store, with what a batch needs: many sessions read or written at once."""

    async def open_account(self) -> None:
        """Reads what `put_account` would otherwise overwrite with nothing."""
        # mautrix writes the sync token and device id it has in memory, read or not.
        await self.get_device_id()
        await self.get_next_batch()

    async def latest_sessions(self, keys: Sequence[str]) -> dict[str, Session]:
        """The session to write to each of those devices with, where there is one."""
        rows = await self.db.fetch(LATEST_SESSIONS, self.account_id, list(keys))
        return {row["sender_key"]: self._session(row) for row in rows}

    async def save_sessions(self, sessions: Iterable[tuple[str, Session]]) -> None:
        """Writes them in one statement, and keeps the very objects for whoever decrypts."""
        rows = []
        for key, session in sessions:
            self._olm_cache[IdentityKey(key)][SessionID(session.id)] = session
            rows.append(
                (
                    session.id,
                    key,
                    session.pickle(self.pickle_key),
                    session.creation_time,
                    session.last_encrypted,
                    session.last_decrypted,
                )
            )
        if rows:
            columns = (list(column) for column in zip(*rows, strict=True))
            await self.db.execute(SAVE_SESSIONS, *columns, self.account_id)

    async def forget_old(self, before: datetime) -> None:
        """What would open messages of long ago is of use to nobody but a thief."""
        # mautrix notes UTC without zone, and event times in milliseconds.
        await self.db.execute(OLD_ROOM_KEYS, before.astimezone(UTC).replace(tzinfo=None))
        await self.db.execute(OLD_INDEXES, int(before.timestamp() * 1000))

    async def begin_again(self) -> None:
        """Forgets the device; keys of others' messages stay, and go on opening them."""
        await self.delete()
        self.forget_unsaved()
        self._device_id = DeviceID("")
        self._sync_token = None

    def forget_unsaved(self) -> None:
        """After a write that failed: what memory holds may be ahead of the tables."""
        self._olm_cache.clear()
        self._account = None

    def _session(self, row: Any) -> Session:
        known = self._olm_cache[IdentityKey(row["sender_key"])]
        session = known.get(SessionID(row["session_id"]))
        if session is None:
            session = known[SessionID(row["session_id"])] = Session.from_pickle(
                row["session"],
                passphrase=self.pickle_key,
                creation_time=row["created_at"],
                last_encrypted=row["last_encrypted"],
                last_decrypted=row["last_decrypted"],
            )
        return session


@asynccontextmanager
async def together(database: Database) -> AsyncIterator[Connection]:
    """One transaction; what mautrix's stores do meanwhile in this task is in it.

    Never start a task inside: it would inherit the connection.
    """
    acquired: Any = database.acquire()  # mautrix says it yields nothing
    async with acquired as connection, connection.transaction():
        yield connection


@asynccontextmanager
async def key_database(dsn: str) -> AsyncIterator[Database]:
    """A pool on tables that are up to date. mautrix's two stores must share it."""
    # mautrix ends the process on an asyncpg internal error; ours says so and goes on.
    settings = {"min_size": 1, "max_size": 6, "meow_exit_on_ice": False}
    database = Database.create(dsn, db_args=settings, upgrade_table=PgCryptoStore.upgrade_table)
    await database.start()
    try:
        await PgCryptoStateStore.upgrade_table.upgrade(database)
        await database.execute(HOLDERS)
        yield database
    finally:
        await database.stop()
