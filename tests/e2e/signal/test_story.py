"""The merchants' and officers' days on the real signal-cli, Synapse and service."""

import asyncio
import re
from collections.abc import Callable

import pytest
from support.signal_rig.phone import Phone
from support.signal_rig.rig import SERVICE
from support.town import PATIENCE, Town

from appservice.demo.child import wait_until
from appservice.demo.people import BRETAGNE, MANTES
from appservice.demo.story.alert import reference
from appservice.demo.story.checks import broken_window
from appservice.domain.room import Kind
from bridges.protocol import Attachment

pytestmark = [pytest.mark.e2e, pytest.mark.signal_real, pytest.mark.timeout(400)]


def phone(town: Town, key: str) -> Phone:
    return town.stage.signal.world.phone(town.cast.aci(key))


@pytest.mark.acceptance("S0-05")
@pytest.mark.acceptance("S0-14")
async def test_an_alert_for_liffre_reaches_redon_on_signal_alone(
    rig_town: Town, record_property: Callable[[str, object], None]
) -> None:
    """Marc Le Goff, of Redon, has Signal and nothing else; he pays nothing, installs nothing."""
    town, legoff = rig_town, phone(rig_town, "legoff")
    text = "Vol par ruse constaté à Liffré hier à 9 h 01 dans un tabac."
    clock = asyncio.get_running_loop().time
    order = f"alerte buralistes 35 : {text}"
    await town.ask("kerboul", town.poste(BRETAGNE), order, " publiée : ")
    start = clock()
    note = await legoff.sees(lambda note: text in note.text)
    record_property("delay by Signal after the answer", clock() - start)
    assert note.group == town.group(Kind.ALERTES, BRETAGNE, "buralistes")
    await town.shows("tanguy", text, 1)
    await town.shows("legoff", text, 1)
    said = await town.cast.elements["kerboul"].reads("bilan en ", PATIENCE)
    assert "Signal" in said.text


@pytest.mark.acceptance("S4-11")
async def test_a_corrected_alert_is_replaced_and_a_cancelled_one_disappears(
    rig_town: Town,
) -> None:
    town, poste = rig_town, rig_town.poste(BRETAGNE)
    first = "Vol par ruse constaté à Liffré hier à 9 h 10 dans un tabac."
    second = "Vol par ruse constaté à Redon hier à 9 h 11 dans un tabac."
    said = await town.ask("kerboul", poste, f"alerte buralistes 35 : {first}", "publiée")
    await town.shows("legoff", first, 1)
    number = reference(said)
    await town.ask("kerboul", poste, f"corrige {number} : {second}", "corrigée par")
    await town.shows("legoff", second, 1)
    await town.shows("legoff", first, 0)
    await town.ask("kerboul", poste, f"annule {number} fausse alerte", "annulée par")
    await town.shows("legoff", second, 0)


@pytest.mark.acceptance("S1-01")
@pytest.mark.acceptance("S2-04")
async def test_text_and_photo_sent_on_signal_reach_the_municipal_police(
    rig_town: Town, record_property: Callable[[str, object], None]
) -> None:
    """To the service in private; the police read it on Element and in their Signal group."""
    town, fabre, colin = rig_town, phone(rig_town, "fabre"), phone(rig_town, "colin")
    desk, poste = town.cast.elements["salvi"], town.poste(MANTES)
    text = "Deux personnes ont brisé ma vitrine hier à 11 h 05, montres volées"
    news = town.news("salvi")
    clock = asyncio.get_running_loop().time
    start = clock()
    photo = Attachment("image/jpeg", broken_window(), "IMG_0042.jpg")
    await fabre.says(text, SERVICE, file=photo)
    card = await news.of(text)
    record_property("delay to the poste", clock() - start)
    found = re.search(r"S\d+", card)
    assert found is not None
    assert fabre.number not in card
    told = await fabre.sees(lambda note: found[0] in note.text)
    assert told.group is None, "in private"
    shown = await colin.sees(lambda note: text in note.text)
    assert shown.group == town.group(Kind.POSTE, MANTES)

    async def pictured() -> bool:
        images = [s for s in desk.timeline(poste) if s.kind == "m.image"]
        return bool(images) and any(note.files for note in colin.notes)

    await wait_until(pictured, "La photo au poste", PATIENCE)
    [image] = [s for s in desk.timeline(poste) if s.kind == "m.image"]
    seen = await desk.download(image)
    assert b"Exif" not in seen
    assert len(seen) > 1000


@pytest.mark.acceptance("S0-07")
async def test_an_agents_words_cross_to_the_signal_group_and_back(rig_town: Town) -> None:
    town, cast = rig_town, rig_town.cast
    cases = (
        (Kind.POSTE, "", "salvi", "colin", "Brigadière Colin (police municipale) (Signal)"),
        (Kind.ECHANGES, "bijoutiers", "perrin", "fabre", "Horlogerie Fabre (Signal)"),
    )
    for minute, (kind, trade, officer, other, name) in enumerate(cases):
        room, group = cast.scenery.room(kind, MANTES, trade), town.group(kind, MANTES, trade)
        there = f"Bonjour, réunion avec les agents en mairie demain à 10 h 0{minute}"
        event = await cast.elements[officer].say(room, there)
        note = await phone(town, other).sees(lambda note, text=there: text in note.text)
        assert note.group == group
        assert note.text.startswith(cast.people[officer].name)
        corrected = there.replace("demain", "après-demain")
        await cast.elements[officer].edit(room, event, corrected)
        await town.shows(other, corrected, 1)
        await town.shows(other, there, 0)

        back, news = f"Merci, je serai là à 10 h 1{minute}", town.news(officer)
        said = await phone(town, other).says(back, group, group=True)
        assert (await news.of(back)).startswith(name)
        await phone(town, other).ask("remoteDelete", groupId=group, targetTimestamp=said)
        await town.shows(officer, back, 0)


@pytest.mark.acceptance("S4-12")
async def test_the_same_rules_judge_what_is_said_on_signal(rig_town: Town) -> None:
    town, fabre = rig_town, phone(rig_town, "fabre")
    group = town.group(Kind.ECHANGES, MANTES, "bijoutiers")
    plate = "Attention, voleur : Clio grise AB-123-CD devant le magasin"
    await fabre.says(plate, group, group=True)
    told = await fabre.sees(lambda note: note.group is None and "règle" in note.text)
    assert "AB-123-CD" not in told.text
    await town.ask("salvi", town.poste(MANTES), "aide", "alerte")
    assert town.cast.copies("perrin", plate) == town.cast.copies("aurore", plate) == 0


@pytest.mark.acceptance("S0-02")
async def test_without_a_charter_nobody_joins_or_receives_on_signal(rig_town: Town) -> None:
    """A stranger who has the link, and a merchant of ours once revoked."""
    town, rig = rig_town, rig_town.stage.rig
    alertes = town.group(Kind.ALERTES, MANTES, "bijoutiers")
    stranger = await rig.phone("Inconnu")
    await stranger.says("Bonjour, je voudrais recevoir les alertes", SERVICE)
    refusal = await stranger.sees(lambda note: True)
    assert "mairie" in refusal.text
    (group,) = await rig.ask("listGroups", groupId=[alertes])
    await stranger.ask("joinGroup", uri=group["groupInviteLink"])
    await town.cast.maillage("apply")
    (group,) = await rig.ask("listGroups", groupId=[alertes])
    assert group["requestingMembers"] == []
    await stranger.sees(lambda note: "est refusée" in note.text)
    inside = {one["uuid"] for one in group["members"]}
    assert stranger.aci not in inside
    fabre = phone(town, "fabre")
    assert fabre.aci in inside
    await town.cast.maillage("revoke", fabre.aci)
    text = "Vol constaté à Mantes-la-Jolie hier à 9 h 30, vitrine brisée"
    order = f"alerte bijoutiers Mantes-la-Jolie : {text}"
    await town.ask("perrin", town.poste(MANTES), order, " publiée : ")
    await town.shows("aurore", text, 1)
    for outside in (fabre, stranger):
        assert not any(text in note.text for note in outside.notes)
    # The register says yes again, and the merchant asks by the link: nobody has added them yet.
    await town.stage.stop_service()
    await town.sign("fabre")
    await fabre.ask("joinGroup", uri=group["groupInviteLink"])
    (group,) = await rig.ask("listGroups", groupId=[alertes])
    assert [one["uuid"] for one in group["requestingMembers"]] == [fabre.aci]
    await town.stage.restart_service()
    await town.settled()
    (group,) = await rig.ask("listGroups", groupId=[alertes])
    assert group["requestingMembers"] == []
    assert fabre.aci in {one["uuid"] for one in group["members"]}
