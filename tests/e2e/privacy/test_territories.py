"""Two territories side by side: nobody and nothing of one appears in the other."""

import pytest
from support.fault_stage import PATIENCE, Town, report_number, until

from appservice.demo.people import BRETAGNE, MANTES
from appservice.domain.room import Kind

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


async def test_rooms_and_groups_hold_their_own_people_only(town: Town) -> None:
    cast = town.cast
    scenery = await cast.look_around()
    # Whoever came since (faults/test_arrivals) is a merchant of Ille-et-Vilaine.
    home = {key: person.territory for key, person in cast.people.items()}
    bot = town.stage.homeserver.bot
    looked = 0
    for key, room in scenery.wanted.items():
        for mxid in room.people:
            if mxid != bot:
                assert home.get(mxid[1:].partition(":")[0], BRETAGNE) == key.territory
                looked += 1
    assert looked > 20
    own = {cast.aci(key): t for key, t in home.items() if "signal" in cast.people[key].channels}
    for key, group in scenery.groups.items():
        circle = town.stage.signal.world.register.circles[group]
        for aci in circle.members:
            assert own.get(aci, key.territory) == key.territory
    for name, element in cast.elements.items():
        for room in await element.seats():
            keys = [key for key, known in scenery.rooms.items() if known == room]
            assert {key.territory for key in keys} <= {home[name]}


async def test_officers_neither_read_nor_touch_what_is_another_territorys(town: Town) -> None:
    cast = town.cast
    report = town.seen_at("Vitrine brisée", "des montres ont été volées")
    await cast.elements["aurore"].say(cast.guichet("aurore"), report)
    card = await cast.elements["salvi"].reads(report, PATIENCE)
    number = report_number(card.text)
    alert = await town.publishes()
    await until(lambda: not town.missing(alert), "l'alerte chez chacun")
    name = f"A{await town.number(alert)}"
    mantes = cast.scenery.room(Kind.POSTE, MANTES)
    for officer, poste, words in (
        ("kerboul", town.poste, f"prends {number}"),
        ("kerboul", town.poste, f"état {number}"),
        ("perrin", mantes, f"état {name}"),
        ("perrin", mantes, f"annule {name}"),
        ("perrin", mantes, f"corrige {name} : {town.fact()}"),
    ):
        before = cast.copies(officer, "n'existe pas.")
        await cast.elements[officer].say(poste, words)
        await cast.receives(officer, "n'existe pas.", before + 1, PATIENCE)
    await town.stage.settle()
    assert cast.copies("kerboul", report) == 0
    assert all(cast.copies(key, alert) == 0 for key in ("salvi", "perrin", "aurore", "fabre"))
    assert town.missing(alert) == {}


async def test_an_alert_for_elsewhere_goes_nowhere(town: Town) -> None:
    text = town.fact()
    mantes = town.cast.scenery.room(Kind.POSTE, MANTES)
    await town.cast.elements["perrin"].say(mantes, f"alerte buralistes 35 : {text}")
    await town.stage.settle()
    other = await town.publishes()
    await town.each_has_it_or_an_officer_knows(other)
    assert all(town.cast.copies(key, text) == 0 for key in ("tanguy", "brient", "legoff", "riou"))
    assert text not in await town.numbers()
