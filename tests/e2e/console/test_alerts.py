"""Alerts in the browser: composed while the judge answers, sent, followed, decided by a second."""

import re

import pytest
from playwright.async_api import Browser, Page, expect
from support.browser import LOOKS, seen, troubles_of, violations
from support.console import ConsoleTown

from appservice.domain.alert import Alert
from appservice.domain.audience import Audience
from appservice.domain.member import Channel, Member, Role
from appservice.domain.territory import Level, Zone
from appservice.flows import alerts, reports
from appservice.flows.step import acting

pytestmark = pytest.mark.browser

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
    await page.get_by_role("button", name="Corriger le texte…").click()
    await judged("alert-correct")
    await page.go_back()
    await page.get_by_role("link", name="Alertes").click()
    await expect(page.get_by_role("table")).to_contain_text(FACT)
    await judged("alerts")
    await context.close()


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
async def test_a_second_person_decides_and_the_poste_s_word_comes_by_itself(
    town: ConsoleTown, browser: Browser, shoot, size: str, scheme: str
):
    await town.merchant(f"Paul-{size}-{scheme}", Channel.SMS)
    author, poste = await town.agent(Role.CHEF_DE_QUART), await town.agent(Role.MUNICIPAL_POLICE)
    await reported(town, f"Deux hommes secouent le rideau du bijoutier {size} {scheme}")
    one, two = await held(town, author, "un"), await held(town, author, "deux")
    context = await seen(browser, size, scheme)
    page = await context.new_page()
    await sign_in(town, page, await town.agent(Role.GENDARME))
    troubles = troubles_of(page)

    async def judged(name: str) -> None:
        await shoot(page, f"{name}-{size}-{scheme}")
        assert await violations(page) == []

    await page.goto(town.url)
    await page.get_by_role("link", name="À valider").click()
    first = page.get_by_role("article", name=f"Alerte {one.reference}", exact=True)
    second = page.get_by_role("article", name=f"Alerte {two.reference}", exact=True)
    await expect(first.locator("mark").first).to_have_text("1,80 m")
    await judged("waiting")
    report = page.get_by_role("article").filter(has_text=f"bijoutier {size} {scheme}")
    await report.get_by_role("button", name="Je prends").click()
    await expect(report).to_contain_text("Pris en charge")
    await judged("waiting-taken")
    await report.get_by_role("button", name="Doute levé : fondé", exact=True).click()
    await expect(report).to_contain_text("Doute levé")
    await judged("waiting-settled")
    await report.get_by_role("button", name="Clore").click()
    await expect(report).to_have_count(0)
    # Decided in the poste meanwhile: the page that is open says so, and offers nothing more.
    await first.get_by_label("Motif").focus()
    async with acting(town.store, town.world, town.clock, poste.id, town.new_id()) as step:
        await alerts.stop(step, one.id, "à vérifier")
    await expect(first).to_contain_text("Refusée")
    await expect(first).to_contain_text(poste.name)
    await expect(first.get_by_role("button")).to_have_count(0)
    await judged("waiting-decided")
    await second.get_by_role("button", name="Valider et diffuser").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"Alerte {two.reference}")
    await expect(page.get_by_text("Diffusée", exact=True)).to_be_visible()
    assert troubles == []
    # Progress comes by itself too, and what is being typed stays.
    await page.get_by_label("Motif de l'annulation").fill("commune erronée")
    row = page.get_by_role("row", name="En attente")
    await expect(row).to_be_visible()
    async with town.store.transaction() as tx:
        await tx.recall.take_back([p.key for p in await tx.outbox.of_alert(two.id)], "refused")
    await expect(row).to_have_count(0)
    await expect(page.get_by_label("Motif de l'annulation")).to_have_value("commune erronée")
    await judged("alert-failed")
    stale = await context.new_page()  # it hears nothing of what is decided elsewhere
    await stale.route("**/etat", lambda route: route.abort())
    await stale.goto(page.url)
    await stale.get_by_label("Motif de l'annulation").fill("commune erronée")
    await page.get_by_role("button", name="Annuler partout").click()
    await expect(page.get_by_text("Annulée", exact=True)).to_be_visible()
    await judged("alert-cancelled")
    await stale.get_by_role("button", name="Annuler partout").click()
    await expect(stale.get_by_role("alert")).to_be_visible()
    assert await violations(stale) == []
    await context.close()


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
async def test_without_a_script_the_same_is_checked_sent_and_corrected(
    town: ConsoleTown, browser: Browser, shoot, size: str, scheme: str
):
    await town.merchant(f"Luc-{size}-{scheme}", Channel.SMS)
    context = await seen(browser, size, scheme, java_script_enabled=False)
    page = await context.new_page()
    await sign_in(town, page, await town.agent(Role.CHEF_DE_QUART))
    await page.goto(f"{town.url}/alertes/nouvelle")
    await page.get_by_label("Zone").select_option(label="Liffré")
    await page.get_by_label("buralistes").check()
    await page.get_by_role("textbox", name="Texte").fill(FACT)
    await page.get_by_role("button", name="Vérifier").click()
    await expect(page.locator("#preview")).to_contain_text("Cette alerte serait diffusée.")
    await expect(page.get_by_label("buralistes")).to_be_checked()
    await page.get_by_role("button", name="Diffuser").click()
    await expect(page.locator("blockquote")).to_have_text(FACT)
    await page.get_by_role("button", name="Corriger le texte…").click()
    await page.get_by_role("textbox", name="Texte").fill("Vol à l'étalage hier à Liffré.")
    await page.get_by_role("button", name="Vérifier").click()
    await expect(page.locator(".sms")).to_have_text(
        "ANNULE ET REMPLACE : Vol à l'étalage hier à Liffré."
    )
    await shoot(page, f"correct-{size}-{scheme}")
    await page.get_by_role("button", name="Remplacer partout").click()
    await expect(page.locator("blockquote")).to_have_text("Vol à l'étalage hier à Liffré.")
    await expect(page.get_by_text("(v2)")).to_be_visible()
    await page.get_by_role("link", name="Actualiser").click()
    await expect(page.locator("blockquote")).to_be_visible()
    await context.close()


async def reported(town: ConsoleTown, text: str) -> None:
    """What a merchant wrote to the service."""
    shop = await town.merchant(f"Rémi-{town.new_id()[:8]}", Channel.SMS)
    async with acting(town.store, town.world, town.clock, shop.id, town.new_id()) as step:
        assert await reports.receive(step, text) is not None


async def held(town: ConsoleTown, author: Member, key: str) -> Alert:
    """Written in the poste, and waiting."""
    everywhere = Audience(Zone(Level.TERRITORY, author.territory))
    click = f"{author.id}-{key}"
    async with acting(town.store, town.world, town.clock, author.id, click) as step:
        alert = await alerts.submit(step, everywhere, MARKED)
    assert isinstance(alert, Alert)
    return alert
