"""Debian's Chromium, and axe-core to judge what it shows."""

import asyncio
import sys
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Browser, BrowserContext, Page, Playwright

from support.strict_element import FOLDER, install

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
ROOT = Path(__file__).resolve().parents[2]
AXE = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS = [("phone", "light"), ("desk", "dark")]  # axe-core sees each by day and by night
SIZES = {"phone": (390, 844), "desk": (1280, 900)}


async def chromium(playwright: Playwright) -> Browser:
    """Started; with axe-core and the console's CSS base at hand."""
    await install()
    bring = await asyncio.create_subprocess_exec(sys.executable, str(ROOT / "hatch_build.py"))
    assert await bring.wait() == 0, "the console's CSS base could not be brought: see above"
    return await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


async def seen(browser: Browser, size: str, scheme: str, **options: Any) -> BrowserContext:
    """A browser of that size, by day (`light`) or by night (`dark`)."""
    width, height = SIZES[size]
    return await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type] # a literal by contract
        locale="fr-FR",
        reduced_motion="reduce",  # colours half-way through a transition have no contrast
        **options,
    )


def troubles_of(page: Page) -> list[str]:
    """What the browser complains of, from now on."""
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    return troubles


async def violations(page: Page) -> list[str]:
    """What keeps somebody out by day or by night, in axe-core's words, and what is too wide."""
    # Past the page's own policy, as an inspector is: nothing of it is served.
    session = await page.context.new_cdp_session(page)
    await session.send("Runtime.evaluate", {"expression": AXE.read_text("utf-8")})
    now = await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    looks: list[Literal["dark", "light"]] = ["light", "dark"] if now else ["dark", "light"]
    found: list[str] = []
    for look in looks:
        await page.emulate_media(color_scheme=look, reduced_motion="reduce")
        found += await page.evaluate(
            "rules => axe.run(document, {runOnly: rules}).then(r => r.violations.map("
            "v => v.id + ': ' + v.nodes.map(n => n.target.join(' ') + ' ' + n.failureSummary)"
            ".join(' | ')))",
            RULES,
        )
    wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [*found, *(["wider than the screen"] if wide else [])]
