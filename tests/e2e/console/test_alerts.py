"""Alerts in the browser: composed while the judge answers, sent, followed, decided by a second."""

import re

import pytest
from playwright.async_api import Browser, Page, expect
from support.browser import seen, troubles_of, violations
from support.console import ConsoleTown

from appservice.domain.member import Channel, Member, Role

pytestmark = pytest.mark.browser

LOOKS = [("phone", "light"), ("phone", "dark"), ("desk", "light"), ("desk", "dark")]
FACT = "Deux billets de 50 écoulés ce matin à Liffré, vérifiez vos caisses."
MARKED = "Vol ce matin à Liffré, homme 1,80 m, barbe."


async def sign_in(town: ConsoleTown, page: Page, agent: Member) -> None:
    """With the cookie of somebody who came in already."""
    person = await town.signed_in(agent)
    await page.context.add_cookies([{"name": "maillage", "value": person.cookie, "url": town.url}])


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
async def test_an_alert_is_judged_as_it_is_typed_then_sent(
    town: ConsoleTown, browser: Browser, shoot, size: str, scheme: str
):
    await town.merchant(f"Anne-{size}-{scheme}", Channel.SMS, Channel.SIGNAL)
    context = await seen(browser, size, scheme)
    page = await context.new_page()
    await sign_in(town, page, await town.agent(Role.CHEF_DE_QUART))
    troubles = troubles_of(page)

    async def judged(name: str) -> None:
        await shoot(page, f"{name}-{size}-{scheme}")
        assert await violations(page) == []

    await page.goto(town.url)
    await page.get_by_role("link", name="Rédiger une alerte").click()
    await judged("compose-empty")
    preview = page.locator("#preview")
    await page.get_by_role("textbox", name="Texte").press_sequentially(
        "Individus suspects en repérage à Liffré."
    )
    await expect(preview).to_contain_text("Cette alerte serait refusée")
    await expect(preview).to_contain_text("suspicion-only")
    await expect(page.locator("#aloud")).to_contain_text("refusée")
    await judged("compose-refused")
    await page.get_by_role("textbox", name="Texte").fill(FACT)
    await page.get_by_label("Infraction").select_option("fausse monnaie")
    await expect(preview).to_contain_text("Cette alerte serait diffusée.")
    await expect(preview).to_contain_text("84 / 160 caractères")
    await expect(preview.locator(".sms")).to_have_text(f"Fausse monnaie : {FACT}")
    await judged("compose-ready")
    assert troubles == []

    await page.get_by_role("button", name="Diffuser").click()
    await expect(page).to_have_url(re.compile(r"/alertes/\d+$"))
    await expect(page.locator("blockquote")).to_have_text(f"Fausse monnaie : {FACT}")
    await expect(page.get_by_role("table")).to_contain_text("En attente")
    await judged("alert-sent")
    assert troubles == []
    await page.get_by_role("link", name="Alertes").click()
    await expect(page.get_by_role("table")).to_contain_text(FACT)
    await judged("alerts")
    await context.close()
