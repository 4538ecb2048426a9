"""The store on PostgreSQL: what the rest of the service is given."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from appservice.domain.audit import Act
from appservice.domain.console.sheet import KEPT
from appservice.domain.errors import PermanentFailure
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel
from appservice.domain.world import Retention
from appservice.flows import ports
from appservice.flows.ports import Clock, NewId
from appservice.flows.ports.stamps import TimeStamps
from appservice.store import journal, migrate
from appservice.store.alerts import PgAlerts
from appservice.store.audit import Audit, PgActs
from appservice.store.blobs import PgBlobs
from appservice.store.cases import PgCases
from appservice.store.console.entries import PgConsole
from appservice.store.figures import PgFigures
from appservice.store.mail.links import PgLinks
from appservice.store.mail.outbox import PgOutbox
from appservice.store.mail.queue import PgQueue
from appservice.store.mail.recall import PgRecall
from appservice.store.members import PgMembers
from appservice.store.register.arrivals import PgArrivals
from appservice.store.register.claims import PgClaims, PgClosings
from appservice.store.register.counts import PgCounts
from appservice.store.register.directory import index_members
from appservice.store.register.protocols import PgProtocols
from appservice.store.register.ratings import PgRatings
from appservice.store.register.roll import PgRoll
from appservice.store.reports import PgReports
from appservice.store.retention import PgRetention
from appservice.store.rooms import PgRooms
from appservice.store.session import Database, Session, open_pool
from appservice.store.signatures import PgSignatures
from appservice.store.signing.time_stamps import PgTimeStamps
from appservice.store.signing_links import PgSigningLinks
from appservice.store.telephone.drawer import telephone
from appservice.store.vault import Secrets, Vault
from appservice.store.wake import PgWake

CONNECTIONS = 10
JOURNAL_KEPT = timedelta(days=2)
STRANGERS_KEPT = timedelta(days=31)  # longer than the longest wait that can be set
TRIES_KEPT = timedelta(hours=1)
LINKS_KEPT = timedelta(days=31)  # to say of an old one what became of it


class PgTransaction:
    """Implements `ports.Transaction`."""

    def __init__(self, session: Session, new_id: NewId) -> None:
        self._session = session
        self.members: ports.Members = PgMembers(session)
        self.roll: ports.Roll = PgRoll(session)
        self.signatures: ports.Signatures = PgSignatures(session)
        self.signing_links: ports.SigningLinks = PgSigningLinks(session)
        self.arrivals: ports.Arrivals = PgArrivals(session)
        self.claims: ports.Claims = PgClaims(session)
        self.closings: ports.Closings = PgClosings(session)
        self.time_stamps: TimeStamps = PgTimeStamps(session)
        self.alerts: ports.Alerts = PgAlerts(session)
        self.reports: ports.Reports = PgReports(session)
        self.cases: ports.Cases = PgCases(session)
        self.ratings: ports.Ratings = PgRatings(session)
        self.rooms: ports.Rooms = PgRooms(session)
        self.outbox: ports.Outbox = PgOutbox(session)
        self.recall: ports.Recall = PgRecall(session)
        self.links: ports.Links = PgLinks(session)
        self.blobs: ports.Blobs = PgBlobs(session)
        self.acts = PgActs(session, new_id)
        self.protocols: ports.Protocols = PgProtocols(session)
        self.telephone: ports.Telephone = telephone(session)
        self.console: ports.Console = PgConsole(session)

    async def first_time(self, channel: Channel, key: str) -> bool:
        return await journal.first_time(self._session, channel, key)


class PgStore:
    """Implements `Store` and `Archive`; `journal`, `queue`, `wake` the ports of that name."""

    def __init__(self, database: Database, dsn: str, new_id: NewId) -> None:
        self._database = database
        self._new_id = new_id
        self.journal: ports.Journal = journal.PgJournal(database)
        self.queue = PgQueue(database, new_id)
        self.wake = PgWake(dsn)
        self.audit = Audit(database)
        self.counted: ports.Counted = PgCounts(database)
        self._retention = PgRetention(database)
        self.figures: ports.Watched = PgFigures(database)

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

    async def shred(self, owner: str, act: Act | None = None) -> None:
        """Erase everything sealed for a member, a case or a day, by erasing its key.

        A member leaves the register as well; signatures stay, as the proof that they are.
        `act` tells of it in the audit, in the same transaction.
        """
        async with self._database.transaction() as session:
            if act is not None and not act.territory:
                land = await session.row(LAND, owner)
                act = replace(act, territory=land["territory"] or "" if land else "")
            await self._forget_addresses(session, owner)
            await session.run(SHRED_SHARED_CARDS, owner)
            await session.run(SHRED_KEY, owner)
            await session.run(SHRED_CONSENTS, owner)
            await session.run(SHRED_THREADS, owner)
            await session.run(SHRED_MEMBER, owner)
            await session.run(SHRED_ACCOUNT, owner)
            await session.run(SHRED_SIGNING_LINKS, owner)
            await session.run(CLOSE_ACCOUNTS, owner, session.clock())
            await session.run(SHRED_ARRIVALS, owner)
            await session.run(SHRED_RATINGS, owner)
            await session.run(SHRED_BLOBS, owner)
            await session.run(SHRED_PARCELS, owner, session.clock())
            await session.run(SHRED_JOURNAL, owner, session.clock())
            if act is not None:
                acts = PgActs(session, self._new_id)
                await acts.append(act)
                await acts.write()
        self._database.vault.forget(owner)

    async def due(self, now: datetime, kept: Retention) -> Sequence[str]:
        return await self._retention.due(now, kept)

    async def sweep(self, now: datetime, kept: Retention) -> int:
        count = await self._retention.sweep(now, kept)
        await self.audit.forget(now - kept.actes)
        return count

    async def _forget_addresses(self, session: Session, owner: str) -> None:
        """An HMAC of a number says nothing, until somebody with the key tries every number."""
        await session.run(SHRED_NAMES, owner)
        member = await PgMembers(session).get(MemberId(owner))
        if member is None:
            return
        for channel in (Channel.SIGNAL, Channel.SMS):
            if address := member.address(channel):
                index = session.vault.index(channel.value, address)
                await session.run(SHRED_RECEIPTS, channel.value, index)
                await session.run(SHRED_CONVERSATIONS, channel.value, index.hex())
                await session.run(SHRED_STRANGER, channel.value, index)

    async def cases_of(self, member: str) -> Sequence[str]:
        """The reports that the member wrote, as owners of keys."""
        async with self._database.session() as session:
            return [f"case:S{row['id']}" for row in await session.rows(CASES_OF, member)]

    async def vacuum(self) -> None:
        """Has PostgreSQL give back at once the place of what was erased or replaced."""
        async with self._database.session() as session:
            for table in VACUUMED:
                await session.run(f"VACUUM {table}")

    async def purge(self, now: datetime) -> None:
        """Delete what is over: photos, keys of days of the journal, strangers, old links."""
        async with self._database.session() as session:
            await session.run(PURGE_TRIES, now - TRIES_KEPT)
            await session.run(PURGE_BLOBS, now)
            await session.run(PURGE_DAYS, now - JOURNAL_KEPT)
            await session.run(PURGE_STRANGERS, now - STRANGERS_KEPT)
            await session.run(PURGE_THREADS, now - STRANGERS_KEPT)
            await session.run(PURGE_SIGNING_LINKS, now - LINKS_KEPT)
            await session.run(PURGE_SHEETS, now - KEPT)
            await session.run(PURGE_SHEET_KEYS)
            await session.run(PURGE_ARRIVALS, now - LINKS_KEPT)

    async def index_members(self) -> int:
        """Lets searches find whoever was enrolled by a version that had none; how many."""
        return await index_members(self._database)

    async def rewrap(self) -> int:
        """Wrap each data key under the key in use of its territory; how many had another."""
        vault = self._database.vault
        async with self._database.transaction() as session:
            rows = await session.rows(ALL_KEYS)
            turned = [
                (row["owner"], vault.master_of(row["territory"]), vault.rewrap(*row.values()))
                for row in rows
                if row["master"] != vault.master_of(row["territory"])
            ]
            await session.run_each(REWRAP, turned)
        return len(turned)

    async def close(self) -> None:
        """Disconnects."""
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
            lost = None if waiting else await session.row(LOST_KEYS, database.vault.masters)
    except BaseException:
        await database.close()
        raise
    if waiting:
        await database.close()
        raise PermanentFailure(
            f"La base de données attend {len(waiting)} migration(s) : lancez « maillage migrate »."
        )
    if lost is not None:
        await database.close()
        raise PermanentFailure(
            f"Il manque la clé maîtresse {lost['master']} dans le dossier des clés : elle ferme "
            "une partie de la base : restaurez le dossier des clés le plus récent."
        )
    store = PgStore(database, dsn, new_id)
    try:
        await store.wake.start()
    except BaseException:
        await store.close()
        raise
    return store


VACUUMED = (
    "data_keys", "members", "console_accounts", "blobs", "journal", "deliveries", "parcels",
    "sheet_parts", "ratings",
)  # fmt: skip
LAND = """
SELECT coalesce((SELECT territory FROM members WHERE id = $1),
    (SELECT territory FROM alerts WHERE 'case:A' || id = $1),
    (SELECT territory FROM reports WHERE 'case:S' || id = $1)) AS territory
"""
SHRED_KEY = "DELETE FROM data_keys WHERE owner = $1"
SHRED_MEMBER = "DELETE FROM members WHERE id = $1"
# A number by its HMAC could be tried; whoever is enrolled anew is asked anew.
SHRED_CONSENTS = """
DELETE FROM consents WHERE member = $1
    OR number_index = (SELECT phone_index FROM members WHERE id = $1)
"""
SHRED_THREADS = "DELETE FROM threads WHERE member = $1"
SHRED_ACCOUNT = "DELETE FROM console_accounts WHERE member = $1"
SHRED_SIGNING_LINKS = "DELETE FROM signing_links WHERE member = $1"
# The homeserver is told afterwards; the name says nothing of anybody.
CLOSE_ACCOUNTS = """
INSERT INTO account_closings (account, asked_at)
SELECT DISTINCT account, $2::timestamptz FROM arrivals WHERE member = $1 AND account IS NOT NULL
ON CONFLICT DO NOTHING
"""
SHRED_ARRIVALS = "DELETE FROM arrivals WHERE member = $1"
# What is left is a score of a month: of which case, and so of whom, is forgotten.
SHRED_RATINGS = r"""
UPDATE ratings SET report = NULL, closed_at = NULL, sealed = NULL
WHERE report = substring($1 FROM '^case:S(\d+)$')::bigint
"""
SHRED_BLOBS = "DELETE FROM blobs WHERE owner = $1"
SHRED_PARCELS = """
UPDATE deliveries SET state = 'failed', code = 'shredded', settled_at = $2
FROM parcels WHERE parcels.id = deliveries.id AND (owner = $1 OR member = $1)
    AND state = 'queued'
"""
SHRED_JOURNAL = """
UPDATE journal SET sealed = NULL, done_at = $2 WHERE owner = $1 AND done_at IS NULL
"""
# The card of an event quotes everybody who told of it, under its leader's key.
SHRED_SHARED_CARDS = """
DELETE FROM parcels USING reports
WHERE 'case:S' || reports.id = $1 AND parcels.report = reports.leader AND parcels.kind = 'edit'
"""
# Parcels stay as the record that something was sent, under names that nobody can guess.
SHRED_NAMES = """
UPDATE parcels SET key_index = sha256(uuid_send(gen_random_uuid())) WHERE owner = $1 OR member = $1
"""
SHRED_RECEIPTS = "DELETE FROM receipts WHERE channel = $1 AND recipient_index = $2"
SHRED_STRANGER = "DELETE FROM strangers WHERE channel = $1 AND sender_index = $2"
SHRED_CONVERSATIONS = """
UPDATE deliveries SET conversation = 'erased:' || id WHERE channel = $1 AND conversation = $2
"""
CASES_OF = "SELECT id FROM reports WHERE author = $1 ORDER BY id"
# What was handled is empty already; this empties what lies on in the files and logs of PostgreSQL.
PURGE_DAYS = """
DELETE FROM data_keys k WHERE starts_with(owner, 'journal:') AND made_at < $1
    AND NOT EXISTS (SELECT FROM journal j WHERE j.owner = k.owner AND j.done_at IS NULL)
"""
PURGE_STRANGERS = "DELETE FROM strangers WHERE answered_at <= $1"
PURGE_TRIES = "DELETE FROM console_attempts WHERE first_at <= $1"
PURGE_THREADS = "DELETE FROM threads WHERE asked_at <= $1"
PURGE_SIGNING_LINKS = "DELETE FROM signing_links WHERE until <= $1"
PURGE_SHEETS = "DELETE FROM sheets WHERE given_at <= $1"
PURGE_SHEET_KEYS = """
DELETE FROM data_keys k WHERE starts_with(owner, 'sheet:')
    AND NOT EXISTS (SELECT FROM sheets s WHERE k.owner = 'sheet:' || s.id || '/' || s.territory)
"""
# Which account is theirs is known for as long as they are.
PURGE_ARRIVALS = "DELETE FROM arrivals WHERE until <= $1 AND account IS NULL"
PURGE_BLOBS = "DELETE FROM blobs WHERE until <= $1"
ALL_KEYS = """
SELECT k.owner, k.master, k.wrapped,
    coalesce(m.territory, a.territory, r.territory, split_part(k.owner, '/', 2)) AS territory
FROM data_keys k LEFT JOIN members m ON m.id = k.owner
LEFT JOIN alerts a ON 'case:A' || a.id = k.owner
LEFT JOIN reports r ON 'case:S' || r.id = k.owner
FOR UPDATE OF k
"""
LOST_KEYS = "SELECT master FROM data_keys WHERE master <> ALL ($1::text[]) LIMIT 1"
REWRAP = "UPDATE data_keys SET master = $2, wrapped = $3 WHERE owner = $1"
