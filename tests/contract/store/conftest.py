"""Each suite runs on the store in memory and on PostgreSQL's."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from support.homeserver import fresh_database, postgres
from support.memory_store import MemoryStore
from support.store_builders import HandClock, counted_ids

from appservice.files.keys import make_keys
from appservice.store.migrate import migrate
from appservice.store.postgres import connect

__all__ = ["fresh_database", "postgres"]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(
    fresh_database: Callable[[], Awaitable[str]],
) -> str:
    dsn = await fresh_database()
    await migrate(dsn)
    return dsn


@pytest.fixture(params=["memory", "postgres"])
def dsn(request: pytest.FixtureRequest) -> str:
    """Of the database; empty for the store in memory, which needs no server."""
    return request.getfixturevalue("database") if request.param == "postgres" else ""


@pytest_asyncio.fixture(loop_scope="session")
async def store(dsn: str, clock: HandClock, tmp_path: Path) -> AsyncIterator[Any]:
    if not dsn:
        yield MemoryStore(clock)
        return
    await _empty(dsn)
    store = await connect(dsn, make_keys(tmp_path), clock, counted_ids())
    yield store
    await store.close()


async def _empty(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    tables = await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations'"
    )
    names = ", ".join(row["tablename"] for row in tables)
    await connection.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
    await connection.close()


@pytest.fixture
def empty() -> Callable[[str], Awaitable[None]]:
    """Empties the tables of a database that tests share."""
    return _empty
