"""A story that begins."""

import pytest_asyncio
from support.story import Story


@pytest_asyncio.fixture
async def story() -> Story:
    """A small world with its people, before anybody writes."""
    return await Story().begin()
