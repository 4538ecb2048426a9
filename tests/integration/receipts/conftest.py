"""A console over the store in memory; its receipts are verified by programs of others."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from support.console import ConsoleTown, shipped_world
from support.memory_store import MemoryStore
from support.store_builders import HandClock, counted_ids

from appservice.domain.world import World


@pytest.fixture(scope="session")
def world() -> World:
    return shipped_world()


@pytest_asyncio.fixture
async def town(world: World) -> AsyncIterator[ConsoleTown]:
    clock = HandClock()
    opened = await ConsoleTown(MemoryStore(clock), clock, counted_ids(), world).open()
    yield opened
    await opened.close()
