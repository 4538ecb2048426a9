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
    # A process that froze inside a transaction must not hold its locks for ever.
    "idle_in_transaction_session_timeout": "60s",
    "lock_timeout": "20s",
}

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
        if connection is not None and not connection.is_closed():
            raise
        raise TemporaryFailure("La connexion à la base de données a été perdue.") from error
    except asyncpg.IntegrityConstraintViolationError as error:
        name = getattr(error, "constraint_name", None) or "?"
        raise PermanentFailure(f"La base de données refuse cette écriture ({name}).") from error


class Session:
    """One connection; the SQL of the aggregates goes through here."""

    def __init__(self, connection: Connection, vault: Vault, clock: Clock) -> None:
        self.connection = connection
        self.vault = vault
        self.clock = clock
        self.made: dict[str, DataKey] = {}

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

    async def key(self, owner: str) -> DataKey:
        """The owner's key, made when there is none."""
        found = (await self.keys([owner])).get(owner)
        if found is not None:
            return found
        key, wrapped = self.vault.new_key(owner)
        values = (owner, self.vault.current, wrapped, self.clock())
        if await self.row(ADD_KEY, *values) is None:
            # Somebody else made it meanwhile, and has committed it.
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

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", vault: Vault, clock: Clock) -> None:
        self._pool = pool
        self.vault = vault
        self.clock = clock

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Each statement is its own transaction."""
        async with self._connection() as connection:
            session = Session(connection, self.vault, self.clock)
            yield session
            self.vault.remember(session.made)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """All of it or nothing."""
        async with self._connection() as connection:
            session = Session(connection, self.vault, self.clock)
            transaction = connection.transaction()
            with translated(connection):
                await transaction.start()
            try:
                yield session
            except BaseException:
                if not connection.is_closed():
                    with translated(connection):
                        await transaction.rollback()
                raise
            with translated(connection):
                await transaction.commit()
        self.vault.remember(session.made)

    async def close(self) -> None:
        """Waits a little for those who still hold a connection."""
        try:
            await asyncio.wait_for(self._pool.close(), CONNECT.total_seconds())
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


async def open_pool(dsn: str, size: int) -> "asyncpg.Pool[asyncpg.Record]":
    """Raises TemporaryFailure when the database is out of reach."""
    with translated():
        return await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            timeout=CONNECT.total_seconds(),
            command_timeout=STATEMENT.total_seconds(),
            server_settings=SETTINGS,
        )


GET_KEYS = "SELECT owner, master, wrapped FROM data_keys WHERE owner = ANY($1)"
# Waits for whoever is making the same key, then makes none.
ADD_KEY = """
INSERT INTO data_keys (owner, master, wrapped, made_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (owner) DO NOTHING RETURNING owner
"""
