"""A territory that asks for training: untrained merchants receive, and report nothing yet."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from support.town import FINISTERE, Town

from appservice.app import clock, open_office
from appservice.domain.console import Account, AccountId, Opened, Position, Visitor
from appservice.domain.room import Kind
from appservice.files.config import load_config
from appservice.flows.governance.training import Training

pytestmark = pytest.mark.e2e

NEEDS = "Rien n'a été transmis : ici, on signale après la formation."
CONTACT = "la mairie de Quimper"


@pytest_asyncio.fixture(loop_scope="session")
async def asked(town: Town) -> AsyncIterator[Town]:
    path = town.stage.world.territories / "finistere.yaml"
    before = path.read_text(encoding="utf-8")
    path.write_text(before + "training_required: true\n", encoding="utf-8")
    await town.restart()
    try:
        yield town
    finally:
        path.write_text(before, encoding="utf-8")
        await town.restart()


async def mark(town: Town, key: str, *, trained: bool) -> None:
    """As the chamber of trade does in the console."""
    now = clock()
    account = Account(AccountId("cci"), "cci", "CCI", Position.ASSOCIATION, FINISTERE)
    visitor = Visitor(account, Opened(b"", account.id, now, now, now))
    member = town.cast.scenery.member(town.cast.address(key)).id
    async with open_office(load_config(town.stage.config)) as office:
        marked = await Training(office.store, clock).mark(visitor, member, trained=trained)
    assert marked is not None


async def says(town: Town, channel: str, text: str) -> None:
    cast, person = town.cast, town.cast.people["nedelec"]
    match channel:
        case "matrix":
            await cast.elements["nedelec"].say(cast.guichet("nedelec"), text)
        case "signal":
            town.stage.signal.world.say(cast.aci("nedelec"), text)
        case _:
            town.stage.kannel.say(person.number, text)


@pytest.mark.acceptance("S2-15")
async def test_an_untrained_merchant_receives_and_reports_on_no_channel(asked: Town) -> None:
    town, cast = asked, asked.cast
    minute = 20
    for channel in ("matrix", "signal", "sms"):
        minute += 1
        news = town.news("nedelec")
        fact = f"Vitrine brisée ce matin à 7 h {minute} rue Kéréon, caisse emportée"
        await says(town, channel, fact)
        assert CONTACT in await news.of(NEEDS), channel
    danger = town.news("nedelec")
    await says(town, "matrix", "Au secours, braquage en cours, il a une arme !")
    await danger.of("appelez tout de suite le 17 ou le 112")
    assert not danger.holding("transmis aux forces"), "nobody is told what is not so"
    room = cast.scenery.room(Kind.ECHANGES, FINISTERE, "boulangers")
    news = town.news("nedelec")
    await cast.elements["nedelec"].say(room, "Bonjour, la livraison passe à quelle heure demain ?")
    await news.of(NEEDS)
    assert not [t for t in town.heard_by("cariou") if "7 h 2" in t or "braquage en cours" in t]

    alert = "Vol constaté par la gendarmerie hier à 9 h 37 dans une boulangerie, faux livreur."
    await cast.elements["cariou"].say(
        town.poste(FINISTERE), f"alerte boulangers Quimper : {alert}"
    )
    await town.shows("nedelec", "9 h 37", 3)

    await mark(town, "nedelec", trained=True)
    try:
        me = await town.ask("nedelec", cast.guichet("nedelec"), "moi", "Formation : suivie le")
        assert "Charte : en vigueur" in me
        fact = "Vitrine brisée ce matin à 8 h 44 rue Kéréon, caisse emportée"
        await town.ask("nedelec", cast.guichet("nedelec"), fact, "Reçu : ")
        await town.shows("cariou", "8 h 44", len(cast.people["cariou"].channels) - 1)
    finally:
        await mark(town, "nedelec", trained=False)


@pytest.mark.acceptance("S2-15")
async def test_a_territory_that_asks_nothing_hears_the_untrained(town: Town) -> None:
    fact = "Vitrine brisée ce matin à 6 h 52 rue Kéréon, caisse emportée"
    await town.ask("nedelec", town.cast.guichet("nedelec"), fact, "Reçu : ")
