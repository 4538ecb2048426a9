"""The rights matrix against rooms of a real homeserver and what people type there."""

import pytest
from support.town import PATIENCE, Town

from appservice.demo.child import wait_until
from appservice.demo.people import MANTES
from appservice.domain.console.rights import HOLDERS, SEATS, Position, Right, may_sit, position_of
from appservice.domain.member import Role
from appservice.domain.room import Kind

pytestmark = pytest.mark.e2e

ROOMS = {
    Position.MERCHANT: {Kind.ALERTES, Kind.ECHANGES, Kind.GUICHET},
    Position.ASVP: {Kind.ALERTES, Kind.GUICHET},
    Position.MAIRIE: {Kind.GUICHET},
    Position.MUNICIPAL_POLICE: {Kind.ALERTES, Kind.ECHANGES, Kind.POSTE, Kind.GUICHET},
    Position.NATIONAL_POLICE: {Kind.ALERTES, Kind.ECHANGES, Kind.POSTE, Kind.GUICHET},
    Position.GENDARME: {Kind.ALERTES, Kind.ECHANGES, Kind.POSTE, Kind.GUICHET},
    Position.CHEF_DE_QUART: {Kind.ALERTES, Kind.ECHANGES, Kind.POSTE, Kind.GUICHET},
}
"""As the seed systems have it, written a second time."""


@pytest.mark.acceptance("S2-03")
async def test_each_role_sits_where_the_matrix_says_and_nowhere_else(town: Town) -> None:
    kinds = {room: key.kind for key, room in town.cast.scenery.rooms.items()}
    met = set()
    for key, element in town.cast.elements.items():
        person = town.cast.people[key]
        if not person.signs or key == "guyot":
            continue
        role = Role(person.role)
        met.add(position_of(role))
        seated = {kinds[room] for room in await element.seats() if room in kinds}
        assert seated == {kind for kind in Kind if may_sit(role, kind)}, key
        assert seated - {Kind.SPACE} == ROOMS[position_of(role)], key
    assert met == set(ROOMS)
    assert set(SEATS) == set(Kind)
    assert {p for p in Position if p.is_member} == set(ROOMS)


@pytest.mark.acceptance("S2-03")
async def test_a_warden_reports_and_reads_alerts_and_commands_nothing(town: Town) -> None:
    cast = town.cast
    salvi, moreau = cast.elements["salvi"], cast.elements["moreau"]
    poste = town.poste(MANTES)
    fact = "Vitrine brisée ce matin à 7 h 12, rue Nationale, montres emportées"
    await town.ask("moreau", cast.guichet("moreau"), fact, "Reçu : votre signalement")
    await town.shows("salvi", fact, 1)
    assert not [text for text in town.heard_by("aurore") if fact in text]
    # What commands an alert is, from a warden, words for the officers.
    command = "alerte bijoutiers Mantes-la-Jolie : Vol constaté par la police hier à 9 h 03."
    before = len([t for t in town.heard_by("aurore") if "9 h 03" in t])
    await moreau.say(cast.guichet("moreau"), command)
    await town.shows("salvi", "9 h 03", 1)
    assert len([t for t in town.heard_by("aurore") if "9 h 03" in t]) == before
    with pytest.raises(Exception, match="M_FORBIDDEN"):
        await moreau.say(town.alertes(MANTES, "bijoutiers"), "Bonjour")
    # An alert from those who may send it is read by the warden too.
    alert = "Vol constaté par la police municipale hier à 9 h 51 en bijouterie, faux plombier."
    await salvi.say(poste, f"alerte bijoutiers Mantes-la-Jolie : {alert}")

    async def read() -> bool:
        return any("9 h 51" in text for text in town.heard_by("moreau"))

    await wait_until(read, "L'alerte chez l'ASVP", PATIENCE)


@pytest.mark.acceptance("S2-03")
async def test_the_mairie_proposes_and_handles_nothing(town: Town) -> None:
    room = town.cast.guichet("dupre")
    await town.ask("dupre", room, "prends S1", "Seuls les agents traitent les signalements.")
    assert Position.MAIRIE not in HOLDERS[Right.READ_REPORTS]
