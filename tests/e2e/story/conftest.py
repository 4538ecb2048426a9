"""One town for all these tests: each puts back what it changes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from support.town import Town, close_town, open_town


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    opened = await open_town(tmp_path_factory.mktemp("town"))
    yield opened
    await close_town(opened)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whichever comes first waits for the town, which takes its time on a busy machine."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(400))
