"""Other publics are lines of YAML: their rooms, their words and their charter, with no code."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from support.town import FINISTERE, QUIMPER, Town

from appservice.demo.people import Person
from appservice.domain.room import Kind

pytestmark = pytest.mark.e2e

PUBLICS = ("agricole", "elus", "seniors")
FARMER = Person(
    "kermarrec", "merchant", "Soazig Kermarrec", FINISTERE, ("matrix",),
    shop="Ferme de Kerdroniou", trades=("agricole",), commune=QUIMPER,
)  # fmt: skip


@pytest_asyncio.fixture(loop_scope="session")
async def with_publics(town: Town) -> AsyncIterator[Town]:
    path = town.stage.world.territories / "finistere.yaml"
    before = path.read_text(encoding="utf-8")
    path.write_text(before + "".join(f"  {one}: commune\n" for one in PUBLICS), encoding="utf-8")
    await town.restart()
    try:
        await town.welcome(FARMER)
        await town.come_in("kermarrec", "cariou")
        yield town
    finally:
        await town.farewell("kermarrec")
        path.write_text(before, encoding="utf-8")
        await town.restart()
        await town.cast.maillage("apply")
        await town.cast.look_around()


@pytest.mark.acceptance("S0-16")
async def test_a_public_is_three_files_of_words(with_publics: Town) -> None:
    town, cast = with_publics, with_publics.cast
    for public, said in zip(PUBLICS, ("récoltes", "mandat", "faux policiers"), strict=True):
        alerts = town.alertes(FINISTERE, public)
        talk = cast.scenery.room(Kind.ECHANGES, FINISTERE, public)
        for room in (alerts, talk):
            encryption = await cast.read_state(room, "m.room.encryption")
            assert encryption["algorithm"] == "m.megolm.v1.aes-sha2"
            assert (await cast.read_state(room, "m.room.pinned_events"))["pinned"]
            topic = (await cast.read_state(room, "m.room.topic"))["topic"]
            assert "Ne remplace pas le 17 ni le 112" in topic
        key = cast.scenery.key(Kind.ALERTES, FINISTERE, public)
        assert said in cast.scenery.wanted[key].welcome
        assert "commerçant" not in cast.scenery.wanted[key].welcome

    # Their own charter binds them, and no other would.
    signature = await town.signature("kermarrec")
    assert signature is not None
    assert signature.charter == "charte-agricole"
    guichet = cast.guichet("kermarrec")
    shown = await town.ask("kermarrec", guichet, "charte", "Charte d'engagement du monde agricole")
    assert "exploitants agricoles" in shown
    me = await town.ask("kermarrec", guichet, "moi", "Rôle : exploitant agricole")
    assert "Métier : monde agricole" in me

    # An alert for farmers reaches them, and bakers read nothing of it.
    alert = "Vol de GPS constaté par la gendarmerie hier à 9 h 08 dans une exploitation."
    await cast.elements["cariou"].say(town.poste(FINISTERE), f"alerte agricole Quimper : {alert}")
    await town.shows("kermarrec", "9 h 08", 1)
    assert cast.copies("nedelec", "9 h 08") == 0
