"""The way to PostgreSQL: the one place that knows connections and what their failures mean."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from appservice.domain.errors import PermanentFailure, TemporaryFailure
from appservice.flows.ports import Clock
from appservice.store.vault import DataKey, Vault

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

CONNECT = timedelta(seconds=5)
# A statement that takes longer than this is stuck, and so is whoever waits for a connection.
STATEMENT = timedelta(seconds=30)
SETTINGS = {
    "application_name": "maillage",
    "jit": "off",
    # Every statement finds its rows by an index: planning it again each time is time lost.
    "plan_cache_mode": "force_generic_plan",
    # A process that froze inside a transaction must not hold its locks for ever.
    "idle_in_transaction_session_timeout": "60s",
    "lock_timeout": "20s",
}

# Whoever makes more keys at once, by a sheet of merchants, has no use for them soon.
FEW = 20

# Owners whose key many transactions use at the same time: a day of exchanges, of the journal.
SHARED = ("exchanges:", "journal:")

_TRY_AGAIN = (
    OSError,
    TimeoutError,
    asyncio.TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutdown, cancelled statement, not ready yet
    asyncpg.InsufficientResourcesError,  # disk full, too many connections
    asyncpg.TransactionRollbackError,  # deadlock: somebody had to yield
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)

_WRONG_ADDRESS = (
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.ClientConfigurationError,
)


class AlreadyThere(PermanentFailure):
    """Cela existe déjà."""

    code = "deja-present"


@contextmanager
def translated(connection: "Connection | None" = None) -> Iterator[None]:
    """Says TemporaryFailure when the database is out of reach, PermanentFailure when it refuses.

    PostgreSQL's own words stay in `__cause__`: they name constraints and sealed values only.
    """
    try:
        yield
    except _TRY_AGAIN as error:
        raise TemporaryFailure("La base de données est momentanément hors d'atteinte.") from error
    except asyncpg.InterfaceError as error:
        # On a live connection this is a mistake of ours, and must be seen as such.
        if connection is not None and not _is_dead(connection):
            raise
        raise TemporaryFailure("La connexion à la base de données a été perdue.") from error
    except _WRONG_ADDRESS as error:
        raise PermanentFailure(
            "La base de données refuse la connexion : vérifiez son adresse, son rôle et son nom."
        ) from error
    except asyncpg.UniqueViolationError as error:
        raise AlreadyThere(_refusal(error)) from error
    except asyncpg.IntegrityConstraintViolationError as error:
        raise PermanentFailure(_refusal(error)) from error


def _refusal(error: asyncpg.IntegrityConstraintViolationError) -> str:
    name = getattr(error, "constraint_name", None) or "?"
    return f"La base de données refuse cette écriture ({name})."


class Session:
    """One connection; the SQL of the aggregates goes through here."""

    def __init__(self, connection: Connection, database: "Database") -> None:
        self.connection = connection
        self.vault = database.vault
        self.clock = database.clock
        self.made: dict[str, DataKey] = {}
        self._database = database

    async def rows(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Every row of the answer."""
        with translated(self.connection):
            return await self.connection.fetch(query, *values)

    async def row(self, query: str, *values: object) -> asyncpg.Record | None:
        """The first row of the answer."""
        with translated(self.connection):
            return await self.connection.fetchrow(query, *values)

    async def run(self, query: str, *values: object) -> None:
        """No answer is expected."""
        with translated(self.connection):
            await self.connection.execute(query, *values)

    async def run_each(self, query: str, values: Iterable[Sequence[object]]) -> None:
        """The same statement for each, in one go."""
        with translated(self.connection):
            await self.connection.executemany(query, values)

    async def key(self, owner: str, territory: str = "") -> DataKey:
        """The owner's key, made when there is none; `territory` says whose key wraps it then."""
        found = (await self.keys([owner])).get(owner)
        if found is not None:
            return found
        if owner.startswith(SHARED):
            return await self._database.shared_key(owner)
        return await self.make_key(owner, territory)

    async def make_key(self, owner: str, territory: str = "") -> DataKey:
        """A key that is there if this transaction is; waits for whoever is making the same."""
        key, wrapped = self.vault.new_key(owner, territory)
        values = (owner, self.vault.master_of(territory), wrapped, self.clock())
        if await self.row(ADD_KEY, *values) is None:
            return (await self.keys([owner]))[owner]
        self.made[owner] = key
        return key

    async def keys(self, owners: Iterable[str]) -> Mapping[str, DataKey]:
        """The keys of those owners who have one; who was shredded is absent."""
        found: dict[str, DataKey] = {}
        unknown: list[str] = []
        for owner in set(owners):
            key = self.made.get(owner) or self.vault.known(owner)
            if key is None:
                unknown.append(owner)
            else:
                found[owner] = key
        if unknown:
            read = {
                row["owner"]: self.vault.unwrap(row["owner"], row["master"], row["wrapped"])
                for row in await self.rows(GET_KEYS, unknown)
            }
            self.vault.remember(read)
            found |= read
        return found


class Database:
    """A pool of connections. It opens new ones by itself after the database was restarted."""

    def __init__(
        self, pool: "asyncpg.Pool[asyncpg.Record]", dsn: str, vault: Vault, clock: Clock
    ) -> None:
        self._pool = pool
        self._dsn = dsn
        self.vault = vault
        self.clock = clock

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Each statement is its own transaction."""
        async with self._connection() as connection:
            session = Session(connection, self)
            yield session
            self.vault.remember(session.made)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """All of it or nothing."""
        async with self._connection() as connection:
            session = Session(connection, self)
            transaction = connection.transaction()
            with translated(connection):
                await transaction.start()
            try:
                yield session
            except BaseException:
                if not _is_dead(connection):
                    with translated(connection):
                        await transaction.rollback()
                raise
            with translated(connection):
                await transaction.commit()
        if len(session.made) <= FEW:
            self.vault.remember(session.made)

    async def shared_key(self, owner: str) -> DataKey:
        """The key of a day, made beside the transaction that asks: others need it as well.

        Not on a connection of the pool: all of them may be held by those who wait for this key.
        """
        with translated():
            connection = await asyncpg.connect(self._dsn, timeout=CONNECT.total_seconds())
            try:
                session = Session(connection, self)
                key = await session.make_key(owner)
            finally:
                await connection.close()
        self.vault.remember(session.made)
        return key

    async def close(self) -> None:
        """Waits a little for those who still hold a connection."""
        try:
            async with asyncio.timeout(CONNECT.total_seconds()):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        with translated():
            connection = await self._pool.acquire(timeout=STATEMENT.total_seconds())
        try:
            yield connection
        finally:
            with translated():
                await self._pool.release(connection)


def _is_dead(connection: Connection) -> bool:
    """A pool takes a broken connection back at once, and its proxy then answers nothing."""
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True


async def _leave_as_is(_: object) -> None:
    """Nothing of ours outlives its transaction, so that a connection needs no cleaning."""


async def open_pool(dsn: str, size: int) -> "asyncpg.Pool[asyncpg.Record]":
    """Raises TemporaryFailure when the database is out of reach."""
    with translated():
        return await asyncpg.create_pool(
            dsn,
            min_size=0,  # or it would complain in the log for as long as the database is down
            max_size=size,
            timeout=CONNECT.total_seconds(),
            command_timeout=STATEMENT.total_seconds(),
            server_settings=SETTINGS,
            reset=_leave_as_is,
        )


async def other_clients(dsn: str) -> int:
    """How many connections to this database are not ours. Raises TemporaryFailure."""
    with translated():
        connection = await asyncpg.connect(dsn, timeout=CONNECT.total_seconds())
        try:
            return int(await connection.fetchval(OTHERS))
        finally:
            await connection.close()


OTHERS = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
GET_KEYS = "SELECT owner, master, wrapped FROM data_keys WHERE owner = ANY($1)"
ADD_KEY = """
INSERT INTO data_keys (owner, master, wrapped, made_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (owner) DO NOTHING RETURNING owner
"""
