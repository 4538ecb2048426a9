"""From the mairie's paper to the first message: a browser, then Element, on the real servers."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect
from support.arrival import handed_page
from support.browser import chromium, seen
from support.console import Person
from support.first_steps import Door, signing_link
from support.signing import code_in
from support.town import PATIENCE, Town

from appservice.app import clock
from appservice.demo.child import wait_until
from appservice.demo.element import Element
from appservice.demo.homeserver import Account
from appservice.demo.people import BRETAGNE
from appservice.domain.room import Kind

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

NAME, NUMBER = "Maud Arzel", "+33639980071"
MOST_SCREENS = 6
# What each screen of the guide asks for, in its order: the test does it, and nothing else.
ASKED = (
    "Cette page",
    "Element X",
    "Connectez-vous à",
    "mot de passe",
    "Accepter",
    "premier message",
)


@pytest_asyncio.fixture(loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await chromium(playwright)
        yield started
        await started.close()


async def signed(town: Town, page: Page, link: str) -> None:
    """Reads, ticks, asks for a code, signs."""
    await page.goto(link)
    await page.get_by_label("J'ai lu cette charte").check()
    await page.get_by_label("usage strictement professionnel").check()
    await page.get_by_label("Vos nom et prénom").fill(NAME)
    await page.get_by_role("button", name="Recevoir un code").click()

    async def told() -> bool:
        return bool(town.stage.kannel.inbox(NUMBER))

    await wait_until(told, "Le code", PATIENCE)
    code = code_in(town.stage.kannel.inbox(NUMBER)[-1].text)
    await page.get_by_label("Le code reçu").fill(code)
    await page.get_by_role("button", name="Signer la charte").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("C'est signé")


async def is_signed_in(town: Town, account: Account) -> bool:
    url = f"{town.stage.homeserver.url}/_matrix/client/v3/account/whoami"
    headers = {"Authorization": f"Bearer {account.access_token}"}
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as answer:
        return answer.status == 200


async def test_whoever_never_used_element_reads_the_first_message_within_six_screens(
    town: Town, browser: Browser, tmp_path: Path
) -> None:
    phone = await seen(browser, "phone", "light", java_script_enabled=False)
    page = await phone.new_page()
    await signed(town, page, await signing_link(town.cast, NAME, "Tabac du Canal", NUMBER))
    screens = 0
    await page.get_by_role("button", name="Continuer").click()
    screens += 1  # the browser's one page
    walk = await page.locator("#walk > li").all_inner_texts()
    assert len(walk) == len(ASKED)
    for text, asked in zip(walk, ASKED, strict=True):
        assert asked in text
    server = await page.locator("#server").inner_text()
    user = await page.locator("#user").inner_text()
    password = await page.locator("#password").inner_text()
    assert server == town.stage.server_name
    assert not any(word in user for word in ("arzel", "maud", "tabac"))

    screens += 2  # the shop of applications; Element's first screen, its server filled in
    homeserver = town.stage.homeserver
    account = await homeserver.login(user, password)
    screens += 1  # name and password
    element = Element(homeserver.url, account, tmp_path / "element")
    await element.start()
    try:
        await town.cast.look_around()
        alerts = town.cast.scenery.room(Kind.ALERTES, BRETAGNE, "buralistes")
        await element.until(lambda: alerts in element.invitations or None, PATIENCE)
        screens += 1  # the list, with the invitation
        await element.join(alerts)
        first = await element.reads("Bienvenue dans les alertes", PATIENCE)
        screens += 1
        assert (first.room, first.readable, first.encrypted) == (alerts, True, True)
        assert screens == len(walk) <= MOST_SCREENS

        await page.reload()
        await expect(page.get_by_text("s'y est déjà connecté")).to_be_visible()
        assert password not in await page.content()
        assert await is_signed_in(town, account)
        await forgotten(town, user, password, account)
    finally:
        await element.close()
        await phone.close()
        await town.cast.maillage("revoke", NUMBER)
    for kept in ("service.log", "synapse/homeserver.log"):
        path = town.stage.state / kept
        assert not path.exists() or password not in path.read_text("utf-8")


async def forgotten(town: Town, user: str, password: str, account: Account) -> None:
    """The mairie gives another password: the telephone is signed out, the former one is dead."""
    login = f"legall-{clock():%H%M%S%f}@exemple.fr"
    invited = await town.cast.maillage(
        "console", "invite", login, "--member", town.cast.address("legall")
    )
    person = Person(Door(town.stage.console_url))
    try:
        mairie = await person.accept(invited.out.strip().rpartition("/")[2])
        scenery = await town.cast.look_around()
        member = scenery.member(NUMBER)
        await mairie.get(f"/participants/{member.id}")
        sheet = await mairie.post(f"/participants/{member.id}/mot-de-passe")
        assert sheet.status == 200, sheet.text
        assert not await is_signed_in(town, account)
        shown = await mairie.get(handed_page(sheet))
    finally:
        await person.close()
    assert f'<code id="user">{user}</code>' in shown.text
    assert '<code id="password">' in shown.text
    assert password not in shown.text
