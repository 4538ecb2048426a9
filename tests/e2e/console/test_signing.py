"""A merchant signs their charter in a real browser, from the mairie's printed link."""

import hashlib
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect
from support.browser import LOOKS, seen, troubles_of, violations
from support.console import ConsoleTown
from support.signing import a_newcomer, code_in

from appservice.domain.charter import InForce
from appservice.domain.member import Channel, Member, Role
from appservice.domain.signing import LINK_LASTS

pytestmark = pytest.mark.browser


async def printed_link(town: ConsoleTown, page: Page, member: Member) -> str:
    """The mairie's page to print; the address on it."""
    person = await town.mairie()
    await page.context.add_cookies([{"name": "maillage", "value": person.cookie, "url": town.url}])
    await page.goto(f"{town.url}/participants/{member.id}")
    await page.get_by_role("button", name="Remettre un lien de signature").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Signer la charte de Maillage")
    return await page.locator("p > code").last.inner_text()


async def text_on(town: ConsoleTown, number: str | None) -> str:
    """The next SMS that leaves for that telephone, and no other leaves with it."""
    found = await town.store.queue.claim(Channel.SMS, 10, timedelta(minutes=2), town.clock())  # type: ignore[attr-defined]
    [text] = [claimed.parcel for claimed in found if claimed.parcel.target == number]
    return str(text.body)


async def fill_in(page: Page, name: str) -> None:
    await page.get_by_label("J'ai lu cette charte").check()
    await page.get_by_label("usage strictement professionnel").check()
    await page.get_by_label("Vos nom et prénom").fill(name)


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
async def test_every_page_of_a_signature(
    town: ConsoleTown, browser: Browser, shoot, size: str, scheme: str
):
    place = LOOKS.index((size, scheme))
    member = await a_newcomer(town, phone=f"+3363998011{place}")
    context = await seen(browser, size, scheme)
    page = await context.new_page()

    async def judged(name: str) -> None:
        await shoot(page, f"{name}-{size}-{scheme}")
        assert await violations(page) == []

    address = await printed_link(town, page, member)
    await judged("link")
    await page.goto(f"{town.url}/participants/{member.id}")
    await judged("participant-link")
    await context.clear_cookies()
    troubles = troubles_of(page)
    await page.goto(address)
    await judged("sign")
    await page.get_by_role("button", name="Signer la charte").click()
    await expect(page.get_by_role("alert")).to_contain_text("Cochez cette case")
    await judged("sign-mistake")
    await fill_in(page, "claire tanguy")
    await page.get_by_role("button", name="Recevoir un code").click()
    await expect(page.get_by_role("status")).to_contain_text(f"•• 1{place}")
    await judged("sign-code")
    await page.get_by_label("Le code reçu").fill(code_in(await text_on(town, member.phone)))
    await page.get_by_role("button", name="Signer la charte").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("C'est signé")
    await judged("signed")
    assert [trouble for trouble in troubles if "422" not in trouble] == []
    await page.goto(address)
    await expect(page.get_by_text("Ce lien a déjà servi")).to_be_visible()
    await judged("link-used")
    await context.close()


@pytest.mark.acceptance("S0-04")
@pytest.mark.acceptance("S2-02")
@pytest.mark.parametrize("role", [Role.MERCHANT, Role.GENDARME])
async def test_a_link_works_once_without_a_script_and_records_what_was_shown(
    town: ConsoleTown, browser: Browser, role: Role
):
    changes = {} if role is Role.MERCHANT else {"shop": "", "trades": (), "commune": ""}
    number = "+33639980121" if role is Role.MERCHANT else "+33639980122"
    member = await a_newcomer(town, role=role, phone=number, **changes)
    charter = town.world.charter_for(member)
    assert charter is not None
    desk = await seen(browser, "desk", "light")
    address = await printed_link(town, await desk.new_page(), member)

    phone = await seen(browser, "phone", "light", java_script_enabled=False)
    page = await phone.new_page()
    await page.goto(address)
    text = await page.locator("#charter").text_content()
    assert text == charter.text
    digest = hashlib.sha256(text.encode()).hexdigest()
    await expect(page.locator("#hash")).to_have_text(digest)
    await expect(page.get_by_text("usage strictement professionnel").first).to_be_visible()
    await fill_in(page, "Claire Tanguy")
    await page.keyboard.press("Enter")  # in a form without a code, Enter asks for one
    await expect(page.get_by_role("status")).to_contain_text("Un code part par SMS")
    await page.get_by_label("Le code reçu").fill(code_in(await text_on(town, member.phone)))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("C'est signé")
    await expect(page.get_by_text(digest)).to_be_visible()

    async with town.store.transaction() as tx:
        signature = await tx.signatures.latest(member.id)
        assert signature is not None
        kept = await tx.signatures.signed_text(signature.text_hash)
    assert kept is not None
    assert (kept.text, signature.text_hash) == (text, digest)
    assert town.signing.verify(signature)
    assert isinstance(town.world.standing(member, signature, town.clock()), InForce)

    other = await seen(browser, "phone", "light", java_script_enabled=False)
    for path in (address, f"{address}/charte", f"{address}?langue=fr"):
        replayed = await other.new_page()
        answer = await replayed.goto(path)
        assert answer is not None
        assert answer.status == 410
        await expect(replayed.get_by_text("Ce lien a déjà servi")).to_be_visible()
    for context in (desk, phone, other):
        await context.close()


@pytest.mark.acceptance("S2-02")
async def test_a_link_ends_by_itself_and_by_the_mairie_s_hand(town: ConsoleTown, browser: Browser):
    member = await a_newcomer(town, phone="+33639980131")
    desk = await seen(browser, "desk", "light")
    page = await desk.new_page()
    taken_back = await printed_link(town, page, member)
    await page.goto(f"{town.url}/participants/{member.id}")
    await page.get_by_role("button", name="Annuler ce lien").click()
    await expect(page.get_by_text("annulé ou remplacé")).to_be_visible()
    waiting = await printed_link(town, page, member)
    reader = await (await seen(browser, "phone", "light")).new_page()
    await reader.goto(taken_back)
    await expect(reader.get_by_text("annulé ou remplacé par la mairie")).to_be_visible()
    await reader.goto(waiting)
    await expect(reader.get_by_role("heading", level=1)).to_have_text("Signer la charte")
    town.clock.advance(LINK_LASTS)
    await reader.goto(waiting)
    await expect(reader.get_by_text("Ce lien a expiré")).to_be_visible()
    async with town.store.transaction() as tx:
        assert await tx.signatures.latest(member.id) is None
    await desk.close()
    await reader.context.close()
