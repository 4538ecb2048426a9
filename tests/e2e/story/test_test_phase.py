"""A territory in its test phase, on a real homeserver: nothing leaves the test list."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from support.town import FINISTERE, PATIENCE, Town

from appservice.app import clock, new_id, open_office
from appservice.demo.child import wait_until
from appservice.domain.console import Account, AccountId, Opened, Position, Visitor
from appservice.domain.errors import InvalidTransition
from appservice.files.config import load_config
from appservice.flows.charter.links import SigningLinks

pytestmark = pytest.mark.e2e

ALERT = "Vol constaté par la gendarmerie hier à 9 h 17 dans une boulangerie, faux livreur."


@pytest_asyncio.fixture(loop_scope="session")
async def tested(town: Town) -> AsyncIterator[Town]:
    """Finistère tests with its officer on Element and one merchant, known by his mobile."""
    cast, path = town.cast, town.stage.world.territories / "finistere.yaml"
    before = path.read_text(encoding="utf-8")
    listed = [f'  - "{cast.mxid("cariou")}"', f'  - "{cast.people["nedelec"].number}"']
    path.write_text("\n".join([before + "phase: test", "test_list:", *listed]) + "\n", "utf-8")
    await town.restart()
    try:
        await town.settled()
        yield town
    finally:
        path.write_text(before, encoding="utf-8")
        await town.restart()
        await town.come_in("kervella", "cariou", "nedelec")


@pytest.mark.acceptance("S0-15")
async def test_whatever_is_sent_goes_only_to_the_test_list(tested: Town) -> None:
    town, cast = tested, tested.cast
    cast.scenery = await cast.look_around()
    room = town.alertes(FINISTERE, "boulangers")
    name = (await cast.read_state(room, "m.room.name"))["name"]
    assert name.startswith("[Essai] Alertes boulangers")
    assert "rien ne sort de la liste" in (await cast.read_state(room, "m.room.topic"))["topic"]
    assert await town.is_outside("kervella"), "put out of rooms and groups, invited to none"
    assert room in await cast.elements["nedelec"].seats()

    outsiders = ("kervella", "salaun")
    before = {key: cast.texts(key) for key in outsiders}
    told = await town.ask(
        "cariou", town.poste(FINISTERE), f"alerte boulangers Quimper : {ALERT}", "Phase d'essai"
    )
    assert "1 personne" in told
    assert "Fournil Kervella (Element, Signal, SMS)" in told
    assert "Nédélec" not in told
    await town.shows("nedelec", "9 h 17", 3)

    # They write on each channel, even of a danger: nothing comes back, and officers read it.
    aci, number = cast.aci("kervella"), cast.people["kervella"].number
    danger = "Au secours, un braquage est en cours ici, il a une arme, 9 h 18"
    for say in ("aide", danger):
        town.stage.signal.world.say(aci, say)
        town.stage.kannel.say(number, say)
    await town.shows("cariou", "9 h 18", 2 * (len(cast.people["cariou"].channels) - 1))
    await wait_until(lambda: all_sent(town), "Une file vide", PATIENCE)
    shown = Counter(cast.texts("kervella")) - Counter(before["kervella"])
    assert shown == {"aide": 2, danger: 2}, "their own words alone, on both phones"
    assert cast.texts("salaun") == before["salaun"]
    assert await town.is_outside("kervella")


@pytest.mark.acceptance("S0-15")
async def test_no_link_of_invitation_is_made_for_others(tested: Town) -> None:
    cast, now = tested.cast, clock()
    account = Account(AccountId("mairie"), "mairie", "Mairie", Position.MAIRIE, FINISTERE)
    visitor = Visitor(account, Opened(b"", account.id, now, now, now))
    ids = {key: cast.scenery.member(cast.address(key)).id for key in ("nedelec", "kervella")}
    async with open_office(load_config(tested.stage.config)) as office:
        links = SigningLinks(office.store, clock, new_id, office.world, texts=True)
        with pytest.raises(InvalidTransition, match="liste d'essai"):
            await links.make(visitor, ids["kervella"])
        assert await links.make(visitor, ids["nedelec"]) is not None
        await links.revoke(visitor, ids["nedelec"])


async def all_sent(town: Town) -> bool:
    """Nothing waits, and what was for others was kept back."""
    async with open_office(load_config(town.stage.config)) as office:
        figures = await office.store.figures.read([])
    waiting = sum(backlog.count for backlog in figures.queued.values())
    handled = not figures.journal
    return waiting == 0 and handled
