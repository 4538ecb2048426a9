"""A passkey made and used in a real browser, by the authenticator that Chromium emulates."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from support.browser import seen, troubles_of, violations
from support.console import ConsoleTown
from support.store_builders import HandClock

from appservice.app import clock as real_clock
from appservice.app import new_id
from appservice.domain.member import Role
from appservice.files.keys import make_keys
from appservice.store.migrate import migrate
from appservice.store.postgres import connect

pytestmark = pytest.mark.browser

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def named(
    fresh_database: Callable[[], Awaitable[str]], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ConsoleTown]:
    """A console with a name: browsers make no keys for an address."""
    dsn = await fresh_database()
    await migrate(dsn)
    clock = HandClock(real_clock())
    keys = make_keys(tmp_path_factory.mktemp("named") / "keys")
    store = await connect(dsn, keys, clock, new_id)
    town = ConsoleTown(store, clock, new_id, host="localhost")
    yield await town.open()
    await town.close()
    await store.close()


async def device_of(page: Page, **changes: object) -> None:
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": {**DEVICE, **changes}})


@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("desk", "dark")])
async def test_a_passkey_is_made_then_opens_the_console(
    named: ConsoleTown, browser: Browser, shoot, size: str, scheme: str
):
    context = await seen(browser, size, scheme)
    page = await context.new_page()
    await device_of(page)
    agent = await named.agent(Role.MAIRIE)
    person = await named.signed_in(agent)
    await context.add_cookies([{"name": "maillage", "value": person.cookie, "url": named.url}])
    troubles = troubles_of(page)

    async def judged(name: str) -> None:
        await shoot(page, f"{name}-{size}-{scheme}")
        assert await violations(page) == []

    await page.goto(f"{named.url}/")
    await page.get_by_role("link", name="Mes clés d'accès").click()
    await page.get_by_label("Comment l'appeler").fill("Mon téléphone")
    await page.get_by_role("button", name="Ajouter une clé d'accès").click()
    await expect(page.get_by_role("listitem").filter(has_text="Mon téléphone")).to_be_visible()
    await judged("passkeys")

    await page.get_by_role("button", name="Se déconnecter").click()
    await page.get_by_role("link", name="Entrer avec une clé d'accès").click()
    await judged("passkey-door")
    await page.get_by_role("button", name="Présenter ma clé").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Que voulez-vous faire ?")
    await expect(page.get_by_text(agent.name)).to_be_visible()
    assert troubles == []
    await context.close()


async def test_a_device_whose_owner_is_not_there_opens_nothing(
    named: ConsoleTown, browser: Browser
):
    context = await seen(browser, "phone", "light")
    page = await context.new_page()
    await device_of(page, isUserVerified=False)
    await page.goto(f"{named.url}/connexion/cle")
    await page.get_by_role("button", name="Présenter ma clé").click()
    await expect(page.get_by_role("alert")).to_contain_text("n'a pas donné de clé")
    await context.close()


async def test_without_a_script_the_page_says_so_and_leads_to_the_password(
    named: ConsoleTown, browser: Browser
):
    context = await seen(browser, "phone", "light", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{named.url}/connexion/cle")
    await page.get_by_role("button", name="Présenter ma clé").click()
    await expect(page.get_by_role("alert")).to_contain_text("pas été reconnue")
    await page.get_by_role("link", name="Avec un mot de passe").click()
    await expect(page.get_by_label("Mot de passe")).to_be_visible()
    await context.close()
