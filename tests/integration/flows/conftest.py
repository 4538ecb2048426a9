"""The stories of the flows on a real PostgreSQL."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest_asyncio
from support.homeserver import fresh_database, postgres
from support.store_builders import counted_ids
from support.story import Story

from appservice.files.keys import make_keys
from appservice.store.migrate import migrate
from appservice.store.postgres import connect

__all__ = ["fresh_database", "postgres"]


@pytest_asyncio.fixture(loop_scope="session")
async def story(
    fresh_database: Callable[[], Awaitable[str]], tmp_path: Path
) -> AsyncIterator[Story]:
    dsn = await fresh_database()
    await migrate(dsn)
    moment = Story()
    store = await connect(dsn, make_keys(tmp_path), lambda: moment.now, counted_ids())
    moment.real_store = store
    moment.__post_init__()
    yield await moment.begin()
    await store.close()
