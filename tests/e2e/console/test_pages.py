"""Every page that a person walks through, at both sizes, by day and by night, without a script."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from playwright.async_api import Browser, Page, expect
from support.bridges import FakeBridge
from support.browser import LOOKS, seen, troubles_of, violations
from support.console import LIFFRE, PASSWORD, ConsoleTown

from appservice.domain.console.sheet import Sheet, SheetId, Stage
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel, Member, Role
from bridges.protocol import Trouble

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
async def test_from_the_invitation_to_the_first_page_and_back_in(
    town: ConsoleTown, browser: Browser, shoot, size: str, scheme: str
):
    agent = await town.agent(Role.MAIRIE)
    login = f"{agent.id[:8].lower()}@mairie.exemple.fr"
    token = await town.invitations.invite_member(login, agent.id)
    # axe-core itself is a script: pages are judged in a browser that has them, walked without.
    context = await seen(browser, size, scheme)
    page = await context.new_page()
    troubles = troubles_of(page)

    async def judged(name: str) -> None:
        await shoot(page, f"{name}-{size}-{scheme}")
        assert await violations(page) == []

    await page.goto(f"{town.url}/invitation/{token}")
    await judged("invitation")
    secret = await shown_secret(page)
    await page.get_by_label("Mot de passe").fill("court")
    await page.get_by_label("Le même, une seconde fois").fill("court")
    await page.get_by_label("Le code à six chiffres").fill("000000")
    await page.get_by_role("button", name="Ouvrir mon compte").click()
    await expect(page.get_by_role("alert")).to_contain_text("au moins 12 caractères")
    await judged("invitation-mistake")
    troubles.clear()  # the browser notes every answer that is not 200

    await page.get_by_label("Mot de passe").fill(PASSWORD)
    await page.get_by_label("Le même, une seconde fois").fill(PASSWORD)
    await page.get_by_label("Le code à six chiffres").fill(pyotp.TOTP(secret).at(town.clock()))
    await page.get_by_role("button", name="Ouvrir mon compte").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Que voulez-vous faire ?")
    await judged("first")

    town.bridges[Channel.SIGNAL] = signal = FakeBridge("signal")
    signal.troubles = (Trouble("challenge_required"), Trouble("device_fades"))
    town.clock.advance(timedelta(seconds=10))
    await page.reload()
    await expect(page.get_by_role("status")).to_have_count(2)
    await judged("first-signal")
    del town.bridges[Channel.SIGNAL]
    town.clock.advance(timedelta(seconds=10))

    await page.get_by_role("link", name="Qui a le droit de faire quoi").click()
    await expect(page.get_by_role("table")).to_contain_text("Inscrire des participants")
    await judged("rights")

    await page.get_by_role("button", name="Se déconnecter").click()
    await expect(page).to_have_url(re.compile("/connexion$"))
    await judged("sign-in")
    town.clock.advance(timedelta(seconds=30))
    await page.get_by_label("Identifiant").fill(login)
    await page.get_by_label("Mot de passe").fill(PASSWORD)
    await page.get_by_label("Code à six chiffres").fill(pyotp.TOTP(secret).at(town.clock()))
    await page.get_by_role("button", name="Se connecter").click()
    await expect(page).to_have_url(f"{town.url}/")
    await page.goto(f"{town.url}/confirmer?suite=/droits")
    await judged("confirm")
    assert troubles == []
    await page.goto(f"{town.url}/nulle-part")
    await judged("problem")
    await context.close()


async def test_without_a_script_and_by_keyboard(town: ConsoleTown, browser: Browser):
    context = await seen(browser, "phone", "light", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{town.url}/connexion")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Aller au contenu")).to_be_focused()
    await page.get_by_label("Identifiant").fill("personne")
    await page.get_by_label("Mot de passe").fill("rien du tout")
    await page.get_by_label("Code à six chiffres").fill("000000")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("incorrect")
    await page.get_by_role("link", name="Deutsch").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Anmelden")
    await context.close()


async def shown_secret(page: Page) -> str:
    await page.get_by_text("Sans appareil photo").click()
    return (await page.locator("code").inner_text()).replace(" ", "")


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
async def test_from_a_form_and_a_sheet_to_the_list(
    town: ConsoleTown, browser: Browser, shoot, size: str, scheme: str
):
    context = await seen(browser, size, scheme)
    page = await context.new_page()
    await sign_in(town, page, await town.agent(Role.MAIRIE))
    troubles = troubles_of(page)

    async def judged(name: str) -> None:
        await shoot(page, f"{name}-{size}-{scheme}")
        assert await violations(page) == []

    await page.goto(town.url)
    await judged("first-mairie")
    await page.get_by_role("link", name="Inscrire un commerçant").click()
    shop = f"Tabac de la Halle {size}"
    await page.get_by_label("Nom et prénom").fill("Claire Tanguy")
    await page.get_by_label("Enseigne").fill(shop)
    await page.get_by_label("Commune").select_option(label="Liffré")
    await page.get_by_label("buralistes").check()
    await page.get_by_label("SMS", exact=True).check()
    await page.get_by_role("button", name="Inscrire").click()
    await expect(page.get_by_role("alert")).to_contain_text("demande un numéro de mobile")
    await judged("enrol-mistake")
    await page.get_by_role("link", name="demande un numéro").click()
    await expect(page.get_by_label("Mobile professionnel")).to_be_focused()
    await page.keyboard.type("06 39 98 77 01" if size == "phone" else "06 39 98 77 02")
    await page.get_by_role("button", name="Inscrire").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("C'est fait")
    await judged("enrolled")

    await page.goto(f"{town.url}/importer")
    await judged("import")
    first = 7710 if size == "phone" else 7720
    lines = ["nom;commerce;metiers;commune;mobile;canaux"]
    lines += [f"Personne {n};Commerce {n};buralistes;Redon;06 39 98 {n // 100} {n % 100:02};sms"
              for n in range(first, first + 5)]  # fmt: skip
    await upload(page, "\n".join([*lines, "Zoé;;astronautes;Paris;12;pigeon"]))
    await expect(page.get_by_role("table")).to_contain_text("Canaux connus")
    await judged("import-mistakes")
    await page.get_by_role("link", name="Choisir un autre fichier").click()
    await upload(page, "\n".join(lines))
    await expect(page.get_by_role("button", name="Inscrire ces personnes (5)")).to_be_visible()
    await judged("import-preview")
    await page.get_by_role("button", name="Inscrire ces personnes (5)").click()
    await expect(page.get_by_text("Au registre : 5.")).to_be_visible()
    await sheet_in_the_middle(town, page, judged)
    await page.goto(f"{town.url}/participants?q=commerce")
    await expect(page.get_by_role("table")).to_contain_text(f"Commerce {first}")
    await judged("participants")
    await page.get_by_role("link", name=f"Personne {first}", exact=True).click()
    await page.get_by_role("button", name="Modifier la fiche").click()
    await judged("edit")
    await page.get_by_label("Enseigne").fill(f"Nouvelle enseigne {first}")
    await page.get_by_role("button", name="Enregistrer").click()
    await expect(page.get_by_text(f"Nouvelle enseigne {first}")).to_be_visible()
    await somebody_alike(town, page, judged, shop)
    await an_agent(town, page, judged, size)
    agent = await town.agent(Role.GENDARME)
    await page.goto(f"{town.url}/participants/{agent.id}")
    await judged("participant")
    await page.get_by_role("button", name="Retirer de Maillage…").click()
    await judged("removal")
    await page.get_by_role("button", name="Retirer maintenant").click()
    await expect(page.get_by_text("Participation retirée.")).to_be_visible()
    await judged("removed")
    await page.goto(f"{town.url}/participants/{agent.id}/readmettre")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Réadmettre dans Maillage")
    await judged("readmission")
    assert [trouble for trouble in troubles if "422" not in trouble] == []
    await context.close()


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
async def test_a_body_of_the_state_is_dressed_as_such(
    town: ConsoleTown, browser: Browser, shoot, size: str, scheme: str
):
    authority = "Préfecture d'Ille-et-Vilaine"
    assert town.server is not None
    plain = town.server.desk
    context = await seen(browser, size, scheme)
    page = await context.new_page()
    await sign_in(town, page, await town.agent(Role.MAIRIE))
    troubles = troubles_of(page)
    town.server.desk = replace(plain, authority=authority)
    await reopened(town)
    try:
        for name, path in (
            ("first", "/"),
            ("enrol", "/inscrire"),
            ("participants", "/participants"),
            ("rights", "/droits"),
            ("reach", "/portee"),
        ):
            await page.goto(f"{town.url}{path}")
            await expect(page.get_by_role("banner")).to_contain_text(authority)
            await shoot(page, f"state-{name}-{size}-{scheme}")
            assert await violations(page) == []
            background = "getComputedStyle(document.documentElement).backgroundColor"
            assert await page.evaluate(background) in ("rgb(255, 255, 255)", "rgb(22, 22, 22)")
        await page.goto(f"{town.url}/inscrire")
        await page.get_by_role("button", name="Inscrire").click()
        await expect(page.get_by_role("alert")).to_contain_text("À corriger")
        await shoot(page, f"state-mistake-{size}-{scheme}")
        assert await violations(page) == []
    finally:
        town.server.desk = plain
        await reopened(town)
    assert [trouble for trouble in troubles if "422" not in trouble] == []
    await page.goto(town.url)
    await expect(page.get_by_role("banner")).not_to_contain_text(authority)
    await context.close()


async def reopened(town: ConsoleTown) -> None:
    """The same console, at the same place."""
    assert town.server is not None
    await town.server.close()
    await town.server.open("127.0.0.1", int(town.url.rpartition(":")[2]))


async def somebody_alike(town: ConsoleTown, page: Page, judged: Any, shop: str) -> None:
    """The shop is there already, under another name."""
    await page.goto(f"{town.url}/inscrire")
    await page.get_by_label("Nom et prénom").fill("Anne Tanguy")
    await page.get_by_label("Enseigne").fill(shop)
    await page.get_by_label("Commune").select_option(label="Liffré")
    await page.get_by_label("buralistes").check()
    await page.get_by_label("SMS", exact=True).check()
    await page.get_by_label("Mobile professionnel").fill("06 39 98 77 09")
    await page.get_by_role("button", name="Inscrire").click()
    await expect(page.get_by_role("alert")).to_contain_text("peut-être déjà inscrit")
    await judged("enrol-alike")


async def an_agent(town: ConsoleTown, page: Page, judged: Any, size: str) -> None:
    """Enrolled with a mistake first, then mended."""
    await page.goto(town.url)
    await page.get_by_role("link", name="Inscrire un agent").click()
    await page.get_by_label("Nom et prénom").fill("Nolwenn Kerboul")
    await page.get_by_label("Fonction").select_option(label="Gendarmerie")
    await page.get_by_label("SMS", exact=True).check()
    await page.get_by_label("Mobile professionnel").fill(
        "06 39 98 77 31" if size == "phone" else "06 39 98 77 32"
    )
    await page.get_by_role("button", name="Inscrire").click()
    await expect(page.get_by_role("alert")).to_contain_text("Au moins une zone")
    await judged("agent-mistake")
    await page.get_by_role("link", name="Au moins une zone").click()
    await page.get_by_label("département 35").check()
    await page.get_by_role("button", name="Inscrire").click()
    await expect(page.get_by_text("Nolwenn Kerboul, gendarmerie, est au registre")).to_be_visible()
    await page.get_by_role("button", name="Remettre un lien de signature").click()
    await page.get_by_role("link", name="Nolwenn Kerboul").click()
    await judged("participant-agent")
    await page.get_by_role("button", name="Modifier la fiche").click()
    await expect(page.get_by_label("département 35")).to_be_checked()
    await page.get_by_label("Redon").check()
    await judged("agent-edit")
    await page.get_by_role("button", name="Enregistrer").click()
    await expect(page.get_by_text("département 35, Redon")).to_be_visible()


async def sheet_in_the_middle(town: ConsoleTown, page: Page, judged: Any) -> None:
    """Its lines are elsewhere: it stands where it is, until somebody says that it is through."""
    sheet = Sheet(SheetId("waits"), LIFFRE, MemberId("m"), town.clock(), 300, Stage.ENROLLING, 200)
    async with town.store.transaction() as tx:
        await tx.console.sheets.save(sheet)
    await page.goto(f"{town.url}/importer/waits")
    await expect(page.get_by_role("progressbar", name="200 lignes sur 300")).to_be_visible()
    await judged("import-progress")
    async with town.store.transaction() as tx:
        await tx.console.sheets.save(replace(sheet, stage=Stage.ENROLLED))
    # The script asks by itself.
    await expect(page.get_by_text("Au registre : 300.")).to_be_visible(timeout=30_000)
    await expect(page.get_by_role("heading", level=1)).to_have_text("C'est fait")


async def upload(page: Page, text: str) -> None:
    file = {"name": "commercants.csv", "mimeType": "text/csv", "buffer": text.encode()}
    await page.get_by_label("Votre fichier CSV").set_input_files(file)  # type: ignore[arg-type]
    await page.get_by_role("button", name="Voir ce qui serait fait").click()


async def sign_in(town: ConsoleTown, page: Page, agent: Member) -> None:
    """With the cookie of somebody who came in already."""
    person = await town.signed_in(agent)
    await page.context.add_cookies([{"name": "maillage", "value": person.cookie, "url": town.url}])
