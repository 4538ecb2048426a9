"""The phones page in a real browser, wide and narrow, with and without scripts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect
from support.phone import ListPhone

from appservice.demo.phones import PhonesPage

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def phones() -> AsyncIterator[tuple[PhonesPage, list[ListPhone]]]:
    kinds = ("element", "signal", "sms")
    phones = [ListPhone(f"{kind}-1", kind) for kind in kinds]
    for phone in phones:
        phone.receives("Bienvenue. Ce fil ne remplace pas le 17 ni le 112.")
    page = PhonesPage(phones)
    await page.start()
    yield page, phones
    await page.stop()


Phones = tuple[PhonesPage, list[ListPhone]]


def troubles_of(page: Page) -> list[str]:
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    return troubles


async def test_news_edits_and_deletions_show_without_a_reload(
    browser: Browser, phones: Phones
) -> None:
    server, (element, signal, sms) = phones
    page = await browser.new_page()
    troubles = troubles_of(page)
    await page.goto(server.url)
    await expect(page.locator("#state")).to_have_text("En direct")
    await page.locator("#signal-1 textarea").fill("commencé et pas fini")
    element.receives("ALERTE A7 rue Nationale", edited=True)
    signal.receives("Erreur", deleted=True)
    sms.receives("MANTES : ALERTE A7")
    await expect(page.locator("#element-1 li").last).to_contain_text("ALERTE A7 rue Nationale")
    await expect(page.locator("#element-1 li").last).to_contain_text("Modifié")
    await expect(page.locator("#signal-1 li").last).to_contain_text("a été supprimé")
    await expect(page.locator("#sms-1 li").last).to_contain_text("MANTES : ALERTE A7")
    await expect(page.locator("#signal-1 textarea")).to_have_value("commencé et pas fini")
    assert troubles == []
    await page.close()


async def test_answering_as_a_phone(browser: Browser, phones: Phones) -> None:
    server, (_, signal, _) = phones
    page = await browser.new_page()
    await page.goto(server.url)
    box = page.get_by_label("Message de Claire <Bijouterie>").nth(1)
    await box.fill("Vol à l'étalage")
    await box.press("Control+Enter")
    await expect(page.locator("#signal-1 li.mine")).to_contain_text("Vol à l'étalage")
    await expect(box).to_have_value("")
    assert [text for _, text, _ in signal.said] == ["Vol à l'étalage"]
    signal.refuse = "Dans ce groupe, seul le service écrit."
    await box.fill("encore")
    await page.locator("#signal-1 button").click()
    await expect(page.locator("#signal-1 [role=alert]")).to_have_text(signal.refuse)
    await expect(box).to_have_value("encore")
    await page.close()


async def test_without_scripts_a_form_and_a_refresh_are_enough(
    browser: Browser, phones: Phones
) -> None:
    server, (element, _, sms) = phones
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(server.url)
    await page.locator("#element-1 textarea").fill("sans script")
    await page.locator("#element-1 button").click()
    await expect(page.locator("#element-1 li.mine")).to_contain_text("sans script")
    assert [text for _, text, _ in element.said] == ["sans script"]
    sms.receives("arrivé entre-temps")
    await page.get_by_role("link", name="Actualiser la page").click()
    await expect(page.locator("#sms-1 li").last).to_contain_text("arrivé entre-temps")
    await context.close()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_fits_the_screen_and_can_be_read(
    browser: Browser, phones: Phones, width: int, scheme: str
) -> None:
    server, (element, *_) = phones
    element.receives("unmotinterminablequinesecoupepas" * 8)
    context = await browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme
    )
    page = await context.new_page()
    await page.goto(server.url)
    await expect(page.locator("#state")).to_have_text("En direct")
    assert await page.evaluate("document.documentElement.scrollWidth") == width
    tops = [
        box["y"]
        for box in [await p.bounding_box() for p in await page.locator(".phone").all()]
        if box
    ]
    assert (len(set(tops)) == 1) is (width == 1280), "side by side on a desk only"
    assert await page.evaluate(CONTRASTS) == []
    await context.close()


# Every text whose contrast with what is behind it is under 4.5 (WCAG 2.1, 1.4.3).
CONTRASTS = """
() => {
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const linear = (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const [x, y, z] = [r, g, b].map((v) => linear(v / 255));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const color = parse(getComputedStyle(node).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const found = [];
  const texts = "p, h1, h2, small, a, span, time, button, label, textarea";
  for (const node of document.querySelectorAll(texts)) {
    if (!node.textContent.trim() || !node.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) found.push(`${node.tagName}.${node.className} ${contrast.toFixed(2)}`);
  }
  return found;
}
"""


async def test_each_control_has_a_name_and_news_are_announced(
    browser: Browser, phones: Phones
) -> None:
    server, _ = phones
    page = await browser.new_page()
    await page.goto(server.url)
    unnamed = await page.evaluate(
        "[...document.querySelectorAll('textarea, select, input:not([type=hidden])')]"
        ".filter((one) => !one.labels.length || !one.labels[0].textContent.trim()).length"
    )
    assert unnamed == 0
    logs = page.get_by_role("log")
    assert await logs.count() == 3
    for log in await logs.all():
        assert await log.get_attribute("aria-live") == "polite"
    assert await page.locator("html").get_attribute("lang") == "fr"
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Aller aux téléphones")).to_be_focused()
    await page.close()
