"""The store on PostgreSQL: what the rest of the service is given."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from appservice.domain.errors import PermanentFailure
from appservice.domain.member import Channel
from appservice.flows import ports
from appservice.flows.ports import Clock, NewId
from appservice.store import journal, migrate
from appservice.store.alerts import PgAlerts
from appservice.store.audit import Audit, PgActs
from appservice.store.blobs import PgBlobs
from appservice.store.mail.links import PgLinks
from appservice.store.mail.outbox import PgOutbox
from appservice.store.mail.queue import PgQueue
from appservice.store.members import PgMembers
from appservice.store.reports import PgReports
from appservice.store.rooms import PgRooms
from appservice.store.session import Database, Session, open_pool
from appservice.store.signatures import PgSignatures
from appservice.store.vault import Secrets, Vault
from appservice.store.wake import PgWake

CONNECTIONS = 10


class PgTransaction:
    """Implements `ports.Transaction`."""

    def __init__(self, session: Session, new_id: NewId) -> None:
        self._session = session
        self.members: ports.Members = PgMembers(session)
        self.signatures: ports.Signatures = PgSignatures(session)
        self.alerts: ports.Alerts = PgAlerts(session)
        self.reports: ports.Reports = PgReports(session)
        self.rooms: ports.Rooms = PgRooms(session)
        self.outbox: ports.Outbox = PgOutbox(session)
        self.links: ports.Links = PgLinks(session)
        self.blobs: ports.Blobs = PgBlobs(session)
        self.acts = PgActs(session, new_id)

    async def first_time(self, channel: Channel, key: str) -> bool:
        return await journal.first_time(self._session, channel, key)


class PgStore:
    """Implements `ports.Store`; `journal`, `queue` and `wake` implement the ports of that name."""

    def __init__(self, database: Database, dsn: str, new_id: NewId) -> None:
        self._database = database
        self._new_id = new_id
        self.journal: ports.Journal = journal.PgJournal(database)
        self.queue = PgQueue(database, new_id)
        self.wake = PgWake(dsn)
        self.audit = Audit(database)

    @property
    def as_ports(self) -> tuple[ports.Store, ports.Journal, ports.Queue, ports.Wake]:
        """The four that the flows are given."""
        return self, self.journal, self.queue, self.wake

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[ports.Transaction]:
        """Raises TemporaryFailure when the database is out of reach."""
        async with self._database.transaction() as session:
            transaction = PgTransaction(session, self._new_id)
            yield transaction
            await transaction.acts.write()

    async def shred(self, owner: str) -> None:
        """Erase everything sealed for a member, a case or a day, by erasing its key.

        A member leaves the register as well; signatures stay, as the proof that they are.
        """
        async with self._database.transaction() as session:
            await session.run(SHRED_KEY, owner)
            await session.run(SHRED_MEMBER, owner)
            await session.run(SHRED_BLOBS, owner)
            await session.run(SHRED_PARCELS, owner, session.clock())
            await session.run(SHRED_JOURNAL, owner, session.clock())
        self._database.vault.forget(owner)

    async def purge(self, now: datetime) -> None:
        """Delete photos whose end has come."""
        async with self._database.session() as session:
            await session.run(PURGE_BLOBS, now)

    async def rewrap(self) -> int:
        """Wrap every data key under the current master key; how many had another."""
        vault = self._database.vault
        async with self._database.transaction() as session:
            rows = await session.rows(OLD_KEYS, vault.current)
            await session.run_each(
                REWRAP,
                [(row["owner"], vault.current, vault.rewrap(*row.values())) for row in rows],
            )
        return len(rows)

    async def close(self) -> None:
        """Writes what is on its way, then disconnects."""
        await self.queue.close()
        await self.wake.close()
        await self._database.close()


async def connect(
    dsn: str, keys: Secrets, clock: Clock, new_id: NewId, *, connections: int = CONNECTIONS
) -> PgStore:
    """Raises TemporaryFailure when the database is down, PermanentFailure when it is not ready."""
    pool = await open_pool(dsn, connections)
    database = Database(pool, dsn, Vault(keys, clock), clock)
    try:
        async with database.session() as session:
            waiting = await migrate.pending(session.connection)
    except BaseException:
        await database.close()
        raise
    if waiting:
        await database.close()
        raise PermanentFailure(
            f"La base de données attend {len(waiting)} migration(s) : lancez « maillage migrate »."
        )
    store = PgStore(database, dsn, new_id)
    try:
        await store.wake.start()
    except BaseException:
        await store.close()
        raise
    return store


SHRED_KEY = "DELETE FROM data_keys WHERE owner = $1"
SHRED_MEMBER = "DELETE FROM members WHERE id = $1"
SHRED_BLOBS = "DELETE FROM blobs WHERE owner = $1"
SHRED_PARCELS = """
UPDATE deliveries SET state = 'failed', code = 'shredded', settled_at = $2
FROM parcels WHERE parcels.id = deliveries.id AND owner = $1 AND state = 'queued'
"""
SHRED_JOURNAL = """
UPDATE journal SET sealed = NULL, done_at = $2 WHERE owner = $1 AND done_at IS NULL
"""
PURGE_BLOBS = "DELETE FROM blobs WHERE until <= $1"
OLD_KEYS = "SELECT owner, master, wrapped FROM data_keys WHERE master <> $1 FOR UPDATE"
REWRAP = "UPDATE data_keys SET master = $2, wrapped = $3 WHERE owner = $1"
