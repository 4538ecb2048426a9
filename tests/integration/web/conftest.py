"""A console over a PostgreSQL of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest_asyncio
from support.console import ConsoleTown
from support.homeserver import fresh_database, postgres
from support.store_builders import HandClock, counted_ids

from appservice.files.keys import make_keys
from appservice.store.migrate import migrate
from appservice.store.postgres import connect

__all__ = ["fresh_database", "postgres"]


@pytest_asyncio.fixture
async def town(
    fresh_database: Callable[[], Awaitable[str]], tmp_path: Path
) -> AsyncIterator[ConsoleTown]:
    dsn = await fresh_database()
    await migrate(dsn)
    clock = HandClock()
    keys = make_keys(tmp_path / "keys")
    store = await connect(dsn, keys, clock, counted_ids())
    town = ConsoleTown(store, clock, counted_ids(), seals=keys, public_key=keys.public_key_b64)
    opened = await town.open()
    yield opened
    await opened.close()
    await store.close()
