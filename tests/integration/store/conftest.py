"""A PostgreSQL store of its own for each test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from support.homeserver import fresh_database, postgres
from support.store_builders import HandClock, counted_ids

from appservice.files.keys import Keys, make_keys
from appservice.store.migrate import migrate
from appservice.store.postgres import PgStore, connect

__all__ = ["fresh_database", "postgres"]

MakeStore = Callable[..., Awaitable[PgStore]]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return make_keys(tmp_path / "cles")


@pytest_asyncio.fixture(loop_scope="session")
async def dsn(fresh_database: Callable[[], Awaitable[str]]) -> str:
    """A migrated database."""
    address = await fresh_database()
    await migrate(address)
    return address


@pytest_asyncio.fixture(loop_scope="session")
async def make_store(dsn: str, keys: Keys, clock: HandClock) -> AsyncIterator[MakeStore]:
    """Each call is one more process on the same database."""
    opened: list[PgStore] = []

    async def make(**changes: object) -> PgStore:
        wanted = {"keys": keys, "clock": clock, "new_id": counted_ids(), **changes}
        store = await connect(dsn, **wanted)  # type: ignore[arg-type]  # the tests choose some
        opened.append(store)
        return store

    yield make
    for store in opened:
        await store.close()


@pytest_asyncio.fixture(loop_scope="session")
async def store(make_store: MakeStore) -> PgStore:
    return await make_store()


@pytest_asyncio.fixture(loop_scope="session")
async def sql(dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection beside the store's."""
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()
