"""The console over a real PostgreSQL, in a real browser."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright
from support.browser import chromium
from support.console import ConsoleTown
from support.store_builders import HandClock

from appservice.app import clock as real_clock
from appservice.app import new_id
from appservice.files.keys import make_keys
from appservice.store.migrate import migrate
from appservice.store.postgres import connect
from appservice.web.factors import ScryptPasswords

Shoot = Callable[[Page, str], Awaitable[None]]


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await chromium(playwright)
        yield started
        await started.close()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def town(
    fresh_database: Callable[[], Awaitable[str]], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ConsoleTown]:
    dsn = await fresh_database()
    await migrate(dsn)
    clock = HandClock(real_clock())
    keys = make_keys(tmp_path_factory.mktemp("console") / "keys")
    store = await connect(dsn, keys, clock, new_id)
    opened = ConsoleTown(store, clock, new_id, passwords=ScryptPasswords())
    yield await opened.open()
    await opened.close()
    await store.close()


@pytest.fixture(scope="session")
def shoot() -> Shoot:
    """Keeps a picture of a page in the folder that MAILLAGE_SCREENSHOTS names, if any.

    A name ends with the size and with what the page is in: light or dark. It is kept by day, as
    the guides show it, and by night as well where it was seen so.
    """
    folder = os.environ.get("MAILLAGE_SCREENSHOTS")

    async def keep(page: Page, name: str) -> None:
        if not folder:
            return
        page_and_size, _, scheme = name.rpartition("-")
        for look in sorted({"light", scheme}):
            await page.emulate_media(color_scheme=look, reduced_motion="reduce")
            await page.screenshot(
                path=Path(folder) / f"{page_and_size}-{look}.png", full_page=True
            )
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")

    return keep
