"""Nothing is lost and nothing comes twice, whatever stops on the way to Signal and back."""

import pytest
from support.signal_rig.phone import Phone
from support.signal_rig.rig import SERVICE
from support.town import PATIENCE, Town

from appservice.demo.child import wait_until
from appservice.demo.people import BRETAGNE, MANTES

pytestmark = [pytest.mark.e2e, pytest.mark.signal_real, pytest.mark.timeout(400)]


def phone(town: Town, key: str) -> Phone:
    return town.stage.signal.world.phone(town.cast.aci(key))


def receipts(town: Town) -> list[str]:
    """« Reçu » on the merchant's phone: one for each report."""
    return [note.text for note in phone(town, "legoff").notes if "votre signalement" in note.text]


async def reported_once(town: Town, before: int) -> None:
    """One report more; and still only one once the service has answered something later."""

    async def received() -> bool:
        return len(receipts(town)) > before

    await wait_until(received, "« Reçu »", PATIENCE)
    legoff, asked = phone(town, "legoff"), len(phone(town, "legoff").notes)
    await legoff.says("moi", SERVICE)

    async def answered() -> bool:
        return any("Tabac du Port" in note.text for note in legoff.notes[asked:])

    await wait_until(answered, "la réponse à « moi »", PATIENCE)
    assert len(receipts(town)) == before + 1, receipts(town)


async def test_signal_cli_killed_both_ways_exactly_once(rig_town: Town) -> None:
    town, rig, legoff = rig_town, rig_town.stage.rig, phone(rig_town, "legoff")
    said = "Vitrine du tabac brisée hier à 14 h 01, des cartouches ont été volées"
    alert = "Vol par ruse constaté à Redon hier à 14 h 02 dans un tabac."
    before = len(receipts(town))
    await rig.bridge.kill()
    await legoff.says(said, SERVICE)
    order = f"alerte buralistes 35 : {alert}"
    await town.ask("kerboul", town.poste(BRETAGNE), order, " publiée : ")
    await town.shows("tanguy", alert, 1)
    told = await town.stage.maillage("signal", "status")
    assert (told.status, "signal-cli ne répond pas" in told.err) == (1, True), told
    await rig.bridge.start()
    await town.shows("legoff", alert, 1)
    await reported_once(town, before)
    await town.shows("legoff", alert, 1)


async def test_the_service_killed_finds_again_what_signal_kept(rig_town: Town) -> None:
    town, legoff = rig_town, phone(rig_town, "legoff")
    said = "Rideau du tabac forcé hier à 14 h 11, la caisse a été volée"
    before = len(receipts(town))
    await town.kill()
    await legoff.says(said, SERVICE)
    await town.stage.restart_service()
    await reported_once(town, before)


async def test_what_signal_delivers_twice_is_handled_once(rig_town: Town) -> None:
    town, rig, legoff = rig_town, rig_town.stage.rig, phone(rig_town, "legoff")
    said = "Deux clients ont volé des jeux hier à 14 h 21 au comptoir du tabac"
    before = len(receipts(town))
    await rig.say("fault", twice=True)
    await legoff.says(said, SERVICE)
    await reported_once(town, before)
    await rig.say("fault", twice=False)


async def test_a_new_telephone_is_held_told_and_accepted(rig_town: Town) -> None:
    """Colin, of the municipal police, installs Signal again."""
    town, colin = rig_town, phone(rig_town, "colin")
    await town.stage.rig.replace(colin)
    there = "Bonjour, la relève se fait à 18 h 05 au poste"
    await town.cast.elements["salvi"].say(town.poste(MANTES), there)

    async def told() -> bool:
        said = await town.stage.maillage("signal", "status")
        return said.status == 1 and "Brigadière Colin" in said.out

    await wait_until(told, "L'état de Signal", PATIENCE, 1)
    asked = await town.stage.maillage("signal", "trust", colin.aci)
    assert (asked.status, "Numéro de sécurité" in asked.out) == (1, True)
    await town.cast.maillage("signal", "trust", colin.aci, "--accept")
    after = "La relève est finie à 18 h 06, bonne soirée à tous"
    await town.cast.elements["salvi"].say(town.poste(MANTES), after)
    await colin.sees(lambda note: after in note.text)
