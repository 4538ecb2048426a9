"""Lists and counts as people see them: filtered, drawn, at both sizes, by day and by night."""

from datetime import timedelta

import pytest
from playwright.async_api import Browser, expect
from support.browser import LOOKS, seen, troubles_of, violations
from support.console import LIFFRE, ConsoleTown

from appservice.domain.console import Position
from appservice.domain.ids import Insee, MemberId, TradeId
from appservice.domain.member import Channel, Member, Role

pytestmark = pytest.mark.browser


async def a_market(town: ConsoleTown, name: str) -> None:
    """Sixty merchants over the territory, in each state of a charter."""
    communes = list(town.world.territories[LIFFRE].communes)
    for number in range(60):
        member = Member(
            id=MemberId(f"{name}-{number}"),
            role=Role.MERCHANT,
            name=f"Personne {number}",
            territory=LIFFRE,
            shop=f"Commerce {name} {number}",
            trades=(TradeId("buralistes" if number % 3 else "bijoutiers"),),
            commune=Insee(communes[number * number % len(communes)]),
            channels=frozenset({Channel.SIGNAL}),
            signal=f"aci-{name}-{number}" if number % 5 else None,
        )
        async with town.store.transaction() as tx:
            await tx.members.save(member)
        if number % 4:
            days = 10 if number % 7 == 0 else 300
            await town.sign(member, valid_until=town.clock() + timedelta(days=days))


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
async def test_participants_are_narrowed_and_an_audience_is_counted(
    town: ConsoleTown, browser: Browser, shoot, size: str, scheme: str
):
    name = f"{size}{scheme}"
    await a_market(town, name)
    context = await seen(browser, size, scheme)
    page = await context.new_page()
    mairie = await town.signed_in(await town.agent(Role.MAIRIE))
    cookie = {"name": "maillage", "value": mairie.cookie, "url": town.url}
    await context.add_cookies([cookie])  # type: ignore[list-item] # a literal by contract
    troubles = troubles_of(page)

    async def judged(shot: str) -> None:
        await shoot(page, f"{shot}-{size}-{scheme}")
        assert await violations(page) == []

    await page.goto(f"{town.url}/participants")
    await page.get_by_label("Nom, enseigne ou mobile").fill(name)
    await page.get_by_label("Charte").select_option(label="Bientôt échue")
    await page.get_by_role("button", name="Chercher").click()
    await expect(page.get_by_role("table")).to_contain_text(f"Commerce {name} 7")
    await expect(page.get_by_label("Charte")).to_have_value("expiring")
    await judged("participants-filtered")
    await page.get_by_label("Charte").select_option(label="Toutes")
    await page.get_by_role("button", name="Chercher").click()
    await page.get_by_role("navigation", name="Pages").get_by_role("link", name="2").click()
    await expect(page.get_by_role("table").get_by_role("rowheader")).to_have_count(10)
    await expect(page.get_by_label("Nom, enseigne ou mobile")).to_have_value(name)
    await page.goto(f"{town.url}/portee")
    await page.get_by_label("buralistes").check()
    await page.get_by_role("button", name="Compter").click()
    await expect(page.get_by_role("img", name="Carte des communes")).to_be_visible()
    await expect(page.get_by_role("table", name="Non joints")).to_contain_text("jamais signée")
    await judged("reach")
    assert troubles == []
    await page.goto(f"{town.url}/participants?charte=autre&page=x")
    await expect(page.get_by_role("alert")).to_contain_text("Ce choix n'existe pas")
    await judged("participants-mistake")
    await context.close()


@pytest.mark.parametrize(("size", "scheme"), [("phone", "dark"), ("desk", "light")])
async def test_the_log_and_the_public_page(
    town: ConsoleTown, browser: Browser, shoot, size: str, scheme: str
):
    context = await seen(browser, size, scheme)
    page = await context.new_page()
    troubles = troubles_of(page)

    async def judged(shot: str) -> None:
        await shoot(page, f"{shot}-{size}-{scheme}")
        assert await violations(page) == []

    await page.goto(f"{town.url}/transparence")
    await page.get_by_text("Charte d'engagement des commerçants").first.click()
    await judged("openly")
    auditor = await town.outsider(Position.AUDITOR, LIFFRE)
    cookie = {"name": "maillage", "value": auditor.cookie, "url": town.url}
    await context.add_cookies([cookie])  # type: ignore[list-item] # a literal by contract
    await page.goto(f"{town.url}/journal")
    await page.get_by_label("Acte", exact=True).select_option(label="Entrée dans la console")
    await page.get_by_label("Acte", exact=True).select_option(label="Journal lu")
    await page.get_by_role("button", name="Chercher").click()
    await expect(page.get_by_role("table").get_by_role("rowheader").first).to_have_text(
        "Journal lu"
    )
    await judged("log")
    assert troubles == []
    officer = await town.signed_in(await town.agent(Role.GENDARME))
    cookie = {"name": "maillage", "value": officer.cookie, "url": town.url}
    await context.add_cookies([cookie])  # type: ignore[list-item] # a literal by contract
    await page.goto(f"{town.url}/dossier")
    await page.get_by_label("Numéro du dossier").fill("S99")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Aucun dossier de ce numéro")
    await judged("case-log")
    await context.close()
