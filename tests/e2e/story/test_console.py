"""The links that the demonstration prints, taken up on the console of the running service."""

from types import SimpleNamespace

import pytest
from support.console import Person
from support.town import Town

from appservice.app import clock
from appservice.demo.guests import GUESTS

pytestmark = pytest.mark.e2e

TILES = {
    "mairie": ("Inscrire un commerçant", "Participants"),
    "chef_de_quart": (),
    "auditor": (),
}
ENROLLING = "Inscrire un commerçant"


async def test_each_guest_opens_the_console_with_their_link(town: Town) -> None:
    console = town.stage.console_url
    for guest in await town.cast.invited(GUESTS):
        assert guest.link.startswith(f"{console}/invitation/")
        person = Person(SimpleNamespace(url=console, clock=clock))  # type: ignore[arg-type]
        try:
            await person.accept(guest.link.rpartition("/")[2])
            first = await person.get("/")
            assert guest.name in first.text
            assert all(tile in first.text for tile in TILES[guest.role])
            assert (ENROLLING in first.text) == (guest.role == "mairie")
            used = await person.get(guest.link.removeprefix(console))
            assert used.status == 410
        finally:
            await person.close()
    again = await town.cast.invited(GUESTS)
    assert len({guest.link for guest in again}) == len(GUESTS), "fresh ones at each start"


async def test_the_mairie_of_the_demonstration_finds_its_shops(town: Town) -> None:
    console = town.stage.console_url
    [guest] = await town.cast.invited(GUESTS[:1])
    person = Person(SimpleNamespace(url=console, clock=clock))  # type: ignore[arg-type]
    try:
        await person.accept(guest.link.rpartition("/")[2])
        page = await person.get("/participants?q=tabac")
        assert "Tabac de la Halle" in page.text
        assert "Bijouterie Aurore" not in (await person.get("/participants")).text, "Mantes"
    finally:
        await person.close()
