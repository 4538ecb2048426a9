"""A pilot of one company becomes that of the département: the same rooms, more people."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from support.town import Town

from appservice.demo.people import Person
from appservice.files.legal import FOLDER as CHECKLISTS

pytestmark = pytest.mark.e2e

MORBIHAN, VANNES, LORIENT = "morbihan", "56260", "56121"
COMPANY = """\
communes: # the company of Vannes
  - 56260 # Vannes
  - 56206 # Saint-Avé
"""
PILOT = f"""\
id: morbihan
name: Morbihan
department: "56"
{COMPANY}poste: departement
contact: "la mairie de Vannes, maillage@vannes.example"
charters:
  merchant: charte-essai
  agent: charte-essai-agents
trades:
  buralistes: departement
"""
FIRST = (
    Person(
        "danielou", "merchant", "Yann Daniélou", MORBIHAN, ("matrix",), shop="Tabac du Port",
        trades=("buralistes",), commune=VANNES,
    ),
    Person(
        "ollivier", "gendarme", "Gendarme Ollivier", MORBIHAN, ("matrix",), zone="departement:56"
    ),
)  # fmt: skip
NEXT = Person(
    "lebras", "merchant", "Rozenn Le Bras", MORBIHAN, ("matrix",), shop="Tabac de Lorient",
    trades=("buralistes",), commune=LORIENT,
)  # fmt: skip


@pytest_asyncio.fixture(loop_scope="session")
async def pilot(town: Town) -> AsyncIterator[Town]:
    territories = town.stage.world.territories
    path, checklist = territories / "morbihan.yaml", territories / CHECKLISTS / "morbihan.yaml"
    path.write_text(PILOT, encoding="utf-8")
    whole = (territories / CHECKLISTS / "ille-et-vilaine.yaml").read_text("utf-8")
    checklist.write_text(whole, encoding="utf-8")
    try:
        await town.welcome(*FIRST)
        await town.restart()
        await town.come_in(*(person.key for person in FIRST))
        yield town
    finally:
        await town.farewell(*(p.key for p in (*FIRST, NEXT) if p.key in town.cast.people))
        path.unlink()
        checklist.unlink()
        await town.restart()
        await town.cast.look_around()


@pytest.mark.acceptance("S0-11")
async def test_a_company_becomes_a_departement_without_a_room_made_anew(pilot: Town) -> None:
    town, cast = pilot, pilot.cast
    path = town.stage.world.territories / "morbihan.yaml"
    rooms = {key: room for key, room in cast.scenery.rooms.items() if key.territory == MORBIHAN}
    shared = {key: room for key, room in rooms.items() if key.member is None}
    assert sorted(key.kind.value for key in shared) == ["alertes", "echanges", "espace", "poste"]
    before = "Vol constaté par la gendarmerie hier à 9 h 26 dans un tabac, faux livreur."
    poste = town.poste(MORBIHAN)
    await cast.elements["ollivier"].say(poste, f"alerte buralistes : {before}")
    await town.shows("danielou", "9 h 26", 1)

    with pytest.raises(Exception, match="territoire"):
        await cast.enrol([NEXT])  # not of the pilot's land yet

    path.write_text(PILOT.replace(COMPANY, "communes: all\n"), encoding="utf-8")
    assert (await town.standing_plan()).out == "", "nothing to make for land alone"
    await town.stage.stop_service()
    try:
        await town.welcome(NEXT)
        planned = (await town.standing_plan()).out.splitlines()
    finally:
        await town.stage.restart_service()
    made = [line for line in planned if line.startswith("Créer")]
    assert made == ["Créer la salle « Votre guichet »."], planned
    others = [line for line in planned if line not in made]
    joins = [line for line in others if line.startswith(f"Inviter {cast.mxid('lebras')}")]
    assert len(joins) == 4, "space, alerts, exchanges, her own guichet"
    assert set(others) - set(joins) <= {
        line for line in others if line.startswith("Épingler") or "lebras" in line
    }

    await town.come_in("lebras", "danielou")
    now = {key: room for key, room in cast.scenery.rooms.items() if key.territory == MORBIHAN}
    assert {key: now[key] for key in rooms} == rooms, "same room ids"
    assert len(now) == len(rooms) + 1
    assert (await town.standing_plan()).out == ""
    after = "Vol constaté par la gendarmerie hier à 9 h 27 dans un tabac, faux plombier."
    await cast.elements["ollivier"].say(poste, f"alerte buralistes Lorient : {after}")
    await town.shows("lebras", "9 h 27", 1)
    shown = cast.elements["danielou"].timeline(town.alertes(MORBIHAN, "buralistes"))
    assert [text for text in (seen.text for seen in shown) if "9 h 26" in text], "kept"
    assert cast.copies("lebras", "9 h 26") == 0, "what was said before she came is not hers"
