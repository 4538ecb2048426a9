"""What those who look after the whole see: training, indicators, protocol, the rights of each."""

from dataclasses import replace

import pytest
from playwright.async_api import Browser, Page, expect
from support.browser import LOOKS, seen, troubles_of, violations
from support.console import LIFFRE, ConsoleTown, Person
from support.ratings import rated

from appservice.domain.console import Position

pytestmark = pytest.mark.browser


async def signed_in(page: Page, town: ConsoleTown, person: Person) -> None:
    cookie = {"name": "maillage", "value": person.cookie, "url": town.url}
    await page.context.add_cookies([cookie])  # type: ignore[list-item] # a literal by contract


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
async def test_training_is_noted_and_counts_and_protocol_are_read(
    town: ConsoleTown, browser: Browser, shoot, size: str, scheme: str
):
    name = f"Forme{size}"
    merchant = await town.merchant(name)
    page = await (await seen(browser, size, scheme)).new_page()
    troubles = troubles_of(page)

    async def judged(shot: str) -> None:
        await shoot(page, f"{shot}-{size}-{scheme}")
        assert await violations(page) == []

    await signed_in(page, town, await town.outsider(Position.ASSOCIATION, LIFFRE))
    await page.goto(f"{town.url}/formation")
    await judged("training")
    await page.get_by_role("button", name=f"Noter comme formé Tabac {name}").click()
    await expect(page.get_by_role("table")).not_to_contain_text(name)
    await page.get_by_role("link", name="Formés").click()
    await expect(page.get_by_role("table")).to_contain_text(name)
    await judged("trained")
    assert town.server is not None
    protocol = town.server.desk.protocol
    await protocol.observe(lambda: b"files")
    far = {**town.world.territories[LIFFRE].trades}
    far.popitem()
    land = replace(town.world.territories[LIFFRE], trades=far, chiefs_send=size == "desk")
    world = replace(town.world, territories={**town.world.territories, LIFFRE: land})
    await replace(protocol, world=world).observe(lambda: b"files")
    await signed_in(page, town, await town.outsider(Position.PREFECTURE))
    await rated(town, merchant.id, *[5] * 8, 4, 4, 2)
    await page.goto(f"{town.url}/indicateurs")
    table = page.get_by_role("table", name="Notes · Ille-et-Vilaine")
    await expect(table).to_contain_text("5/5")
    await expect(page.get_by_role("table", name="Ille-et-Vilaine", exact=True)).to_contain_text(
        "dont formés"
    )
    await judged("indicators")
    await page.goto(f"{town.url}/protocole")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Protocole")
    await expect(page.get_by_role("main")).to_contain_text("Retiré : Métier")
    await judged("protocol")
    assert troubles == []
    await page.context.close()
