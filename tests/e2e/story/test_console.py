"""The real service's console: alerts sent from a browser, and by whom."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime

import pytest
import pytest_asyncio
from support.console import Page, Person
from support.town import FINISTERE, PATIENCE, Town

from appservice.app import clock
from appservice.demo.child import wait_until

pytestmark = pytest.mark.e2e

_CLICK = re.compile(r'name="envoi" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Door:
    """Where the console of the running service is."""

    url: str
    clock: Callable[[], datetime] = clock


@dataclass(slots=True)
class Visitors:
    """Browsers at the console, closed whatever the test finds."""

    town: Town
    people: list[Person] = field(default_factory=list)

    def stranger(self) -> Person:
        person = Person(Door(self.town.stage.console_url))
        self.people.append(person)
        return person

    async def member(self, key: str) -> Person:
        """With an account, a password and a code, taken up as anybody does."""
        cast = self.town.cast
        login = f"{key}-{clock():%H%M%S%f}@exemple.fr"
        link = await cast.maillage("console", "invite", login, "--member", cast.address(key))
        return await self.stranger().accept(link.out.strip().rpartition("/")[2])


@pytest_asyncio.fixture(loop_scope="session")
async def visitors(town: Town) -> AsyncIterator[Visitors]:
    visitors = Visitors(town)
    yield visitors
    for person in visitors.people:
        await person.close()


async def _filled(person: Person, path: str, **fields: str) -> dict[str, str]:
    found = _CLICK.search((await person.get(path)).text)
    assert found is not None
    return {"envoi": found[1], "zone": f"territoire:{FINISTERE}", **fields}


@pytest.mark.acceptance("S4-09")
async def test_only_a_chef_de_quart_sends_and_signed_in(town: Town, visitors: Visitors) -> None:
    """In the poste as in the console: others propose, a stranger gets no further than the door."""
    cast, shop = town.cast, town.cast.people["nedelec"]
    by_text, by_console = (
        f"Vol par effraction constaté à Quimper hier à 9 h {minute}." for minute in (21, 22)
    )
    # Another officer's alert waits, whatever it says and whoever of their rank would approve it.
    number = cast.people["salaun"].number
    town.stage.kannel.say(number, f"alerte boulangers : {by_text}")
    waiting = await town.news("cariou").of("attend une deuxième personne", PATIENCE)
    reference = re.search(r"A\d+", waiting)
    assert reference is not None
    held = reference[0].removeprefix("A")
    salaun, cariou = await visitors.member("salaun"), await visitors.member("cariou")
    for path in ("/alertes/nouvelle", "/alertes/verifier", f"/alertes/{held}/corriger"):
        page = await salaun.post(path, {"text": by_console})
        assert page.status == 403, path
    form = await _filled(salaun, "/validations")
    refused = await salaun.post(f"/alertes/{held}/valider", form)
    assert refused.status == 403
    stranger = visitors.stranger()
    sent_away = await stranger.post("/alertes/nouvelle", {"text": by_console})
    assert sent_away.path == "/connexion"
    mairie = await visitors.member("legall")
    assert (await mairie.get("/alertes/nouvelle")).status == 403
    assert [t for t in (by_text, by_console) if cast.copies("nedelec", t)] == []

    # The chef de quart approves it, and sends one: each arrives once on each channel.
    queue = await cariou.get("/validations")
    assert "Seul un chef de quart diffuse une alerte" in queue.text
    form = await _filled(cariou, "/validations")
    approved: Page = await cariou.post(f"/alertes/{held}/valider", form)
    assert "Diffusée" in approved.text
    await town.once_a_channel(by_text, ["nedelec"])
    form = await _filled(cariou, "/alertes/nouvelle", trades="boulangers", text=by_console)
    for _ in range(2):  # a form sent twice
        sent = await cariou.post("/alertes/nouvelle", form)
        assert re.fullmatch(r"/alertes/\d+", sent.path), sent.text
    await town.once_a_channel(by_console, ["nedelec"])
    # Who sent it is told in the poste, on Element and in its Signal group.
    await town.shows("cariou", f"A{sent.path.rpartition('/')[2]} publiée", 2)

    async def counted() -> bool:
        part = await cariou.get(f"{sent.path}/etat")
        rows = dict(re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', part.text))
        return "En attente" not in rows and ">1<" in rows["Envoyé"] + rows["Reçu"]

    await wait_until(counted, "Le suivi de l'alerte", PATIENCE)
    assert len(shop.channels) == cast.copies("nedelec", by_console)
