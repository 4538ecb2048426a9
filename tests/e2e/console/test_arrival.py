"""The pages after the signature, in a real browser: seen, judged, and walked without a script."""

from dataclasses import replace

import pytest
from playwright.async_api import Browser, expect
from support.arrival import hand, handed_page
from support.bridges import FakeBridge
from support.browser import LOOKS, seen, troubles_of, violations
from support.console import ConsoleTown
from support.signing import a_newcomer

from appservice.domain.ids import RoomId, UserId
from appservice.domain.member import Channel, Member
from appservice.domain.membership import desired
from appservice.domain.room import KnownRoom

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
async def test_every_page_of_an_arrival(
    town: ConsoleTown, browser: Browser, shoot, size: str, scheme: str
):
    place = LOOKS.index((size, scheme))
    every = frozenset(Channel)
    mairie = await town.mairie()
    member = await a_newcomer(town, phone=f"+3363998014{place}", channels=every)
    await town.sign(member)
    path = handed_page(await hand(mairie, member))
    context = await seen(browser, size, scheme, java_script_enabled=True)
    page = await context.new_page()
    troubles = troubles_of(page)

    async def judged(name: str) -> None:
        await shoot(page, f"{name}-{size}-{scheme}")
        assert await violations(page) == []

    await page.goto(f"{town.url}{path}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Vos premiers pas")
    await judged("arrival")
    await written_on_signal(town, member)
    await page.reload()
    await expect(page.locator("#doors")).to_contain_text("Demander à rejoindre")
    for summary in await page.locator("summary").all():
        await summary.click()
    await judged("arrival-open")
    theirs = UserId(f"@jeanne{place}:maillage.test")
    town.accounts.passwords[theirs] = "their own"
    await page.get_by_label("L'identifiant de ce compte").fill(f"@jeanne{place}:matrix.org")
    await page.get_by_role("button", name="Recevoir un code dans ce compte").click()
    await expect(page.get_by_role("alert")).to_contain_text("autre serveur Matrix")
    await judged("arrival-link-mistake")
    await page.get_by_label("L'identifiant de ce compte").fill(theirs)
    await page.get_by_role("button", name="Recevoir un code dans ce compte").click()
    await expect(page.get_by_text("Regardez vos invitations")).to_be_visible()
    await judged("arrival-link")
    await page.goto(f"{town.url}{path}")
    user = await page.locator("#user").inner_text()
    town.accounts.sign_in(user, await page.locator("#password").inner_text())
    await page.reload()
    await expect(page.get_by_text("s'y est déjà connecté")).to_be_visible()
    await judged("arrival-inside")
    assert [trouble for trouble in troubles if "422" not in trouble] == []

    cookie = {"name": "maillage", "value": mairie.cookie, "url": town.url}
    await context.add_cookies([cookie])
    await page.goto(f"{town.url}/participants/{member.id}")
    await judged("participant-arrived")
    await page.get_by_role("link", name="Mot de passe oublié").click()
    await judged("password-reset")
    await page.get_by_role("button", name="Remplacer le mot de passe").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("premiers pas")
    await judged("arrival-sheet")
    again = await page.locator("p > code").last.inner_text()
    await context.clear_cookies()
    await page.goto(again)
    await expect(page.locator("#user")).to_have_text(user)
    await page.goto(f"{town.url}{path}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Ce n'est pas possible")
    await context.close()


async def written_on_signal(town: ConsoleTown, member: Member) -> None:
    """Their account is known, and the groups of their trade stand."""
    bridge = FakeBridge("signal")
    async with town.store.transaction() as tx:
        found = await tx.members.get(member.id)
        assert found is not None
        known = replace(found, signal=f"aci-{member.id}")
        await tx.members.save(known)
        signature = await tx.signatures.latest(known.id)
        assert signature is not None
        wanted = desired(town.world, [known], {known.id: signature}, town.clock())
        for key, room in wanted.rooms.items():
            if known.signal in room.signal_people:
                group = await bridge.create_group(room.name, "", announcement=False)
                place = RoomId(f"!{key}:maillage.test")
                await tx.rooms.remember(KnownRoom(key, place, group))
    assert town.server is not None
    town.server.desk = replace(town.server.desk, groups=bridge)
    await town.server.close()
    await town.server.open("127.0.0.1", int(town.url.rpartition(":")[2]))


async def test_an_account_of_one_s_own_is_linked_without_a_script(
    town: ConsoleTown, browser: Browser
):
    mairie = await town.mairie()
    member = await a_newcomer(town, phone="+33639980148", channels=frozenset({Channel.MATRIX}))
    await town.sign(member)
    theirs = UserId("@jeanne:maillage.test")
    town.accounts.passwords[theirs] = "their own"
    phone = await seen(browser, "phone", "light", java_script_enabled=False)
    page = await phone.new_page()
    await page.goto(f"{town.url}{handed_page(await hand(mairie, member))}")
    await page.get_by_text("J'ai déjà un compte Matrix").click()
    await page.get_by_label("L'identifiant de ce compte").fill("jeanne")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Regardez vos invitations")).to_be_visible()
    [(to, name)] = [sent for sent in town.introductions.sent if sent[0] == theirs]
    await page.get_by_label("Le code lu dans l'invitation").fill(name.partition(" : ")[2])
    await page.keyboard.press("Enter")
    await expect(page.get_by_text(f"Votre compte : {to}")).to_be_visible()
    await phone.close()


async def test_a_paper_is_replaced_without_a_script(town: ConsoleTown, browser: Browser):
    mairie = await town.mairie()
    member = await a_newcomer(town, phone="+33639980149", channels=frozenset({Channel.MATRIX}))
    await town.sign(member)
    path, handed = [handed_page(await hand(mairie, member)) for _ in range(2)]
    phone = await seen(browser, "phone", "light", java_script_enabled=False)
    page = await phone.new_page()
    dead = await page.goto(f"{town.url}{path}")
    assert dead is not None
    assert dead.status == 410
    await page.goto(f"{town.url}{handed}")
    user = await page.locator("#user").inner_text()
    opens = await page.get_by_role("button", name="Ouvrir Element X").get_attribute("href")
    assert opens is not None
    assert user in opens
    await page.get_by_role("link", name="Deutsch").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Ihre ersten Schritte")
    await expect(page.locator("#user")).to_have_text(user)
    await phone.close()
