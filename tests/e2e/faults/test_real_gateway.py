"""The whole town with Debian's Kannel and an SMPP centre where the other tests have a stand-in."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from support.fault_sms import on_real_kannel
from support.fault_stage import BURALISTES, PATIENCE, Town, report_number, until
from support.real_sms import RealGateway, gateway_of_the_session

from appservice.bench.beneath.operator import Faults
from appservice.demo.child import wait_until

__all__ = ["gateway_of_the_session"]
pytestmark = [pytest.mark.e2e, pytest.mark.sms_real, pytest.mark.timeout(300)]

RULE = re.compile(r"règle ([a-z0-9-]+)")
TEXTS = """
SELECT DISTINCT state FROM parcels JOIN deliveries USING (id)
WHERE alert = $1 AND channel = 'sms' AND kind = 'post'
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def real_town(busy_town: Town, gateway_of_the_session: RealGateway) -> AsyncIterator[Town]:
    """No other homeserver: the town's service is started once more, with another gateway."""
    gateway_of_the_session.operator.faults = Faults()
    busy_town.stage.order()
    async with on_real_kannel(busy_town, gateway_of_the_session):
        yield busy_town


@pytest.mark.acceptance("S0-05", "S0-14")
async def test_an_alert_for_liffre_reaches_every_tobacconist_on_their_own_channel(
    real_town: Town, record_property: Callable[[str, object], None]
) -> None:
    """Redon included, where Yves Riou has a basic phone and nothing else."""
    town, loop = real_town, asyncio.get_running_loop()
    channels = {key: town.cast.people[key].channels for key in BURALISTES}
    assert channels["riou"] == ("sms",)
    assert {name for names in channels.values() for name in names} == {"matrix", "signal", "sms"}
    start = loop.time()
    text = await town.publishes()
    await until(lambda: not town.missing(text), "l'alerte chez chacun")
    record_property("seconds from the officer to the last phone", loop.time() - start)
    await town.each_has_it_or_an_officer_knows(text)
    assert town.missing(text) == {}
    number = await town.number(text)

    async def reported() -> bool:
        rows = await town.stage.query(TEXTS, number)
        return [row["state"] for row in rows] == ["delivered"]

    await wait_until(reported, "les accusés de réception", PATIENCE, 0.2)


@pytest.mark.acceptance("S0-14")
async def test_a_basic_phone_is_enough_to_report_and_to_be_answered(real_town: Town) -> None:
    cast, riou = real_town.cast, real_town.cast.people["riou"]
    report = real_town.seen_at("Vitrine brisée", "« deux » personnes sont parties à pied 🚨")
    real_town.stage.kannel.say(riou.number, report)
    card = await cast.elements["kerboul"].reads(report, PATIENCE)
    name = report_number(card.text)
    await cast.receives("riou", name, 1, PATIENCE)
    order = f"réponds {name} : Combien étaient-ils ?"
    await cast.elements["kerboul"].say(real_town.poste, order)
    await cast.receives("riou", "Combien étaient-ils ?", 1, PATIENCE)
    await real_town.stage.settle()


@pytest.mark.acceptance("S4-11")
async def test_a_correction_and_a_withdrawal_are_said_in_words(real_town: Town) -> None:
    """Where a phone can't take back what it shows; the other channels do."""
    town, cast = real_town, real_town.cast
    officer = cast.elements["kerboul"]
    first = await town.publishes()
    await until(lambda: not town.missing(first), "l'alerte chez chacun")
    await town.stage.settle()
    name, second = f"A{await town.number(first)}", town.fact()
    await officer.say(town.poste, f"corrige {name} : {second}")
    corrected = f"ANNULE ET REMPLACE : {second}"
    for key, said in (("riou", corrected), ("brient", corrected), ("tanguy", second)):
        await cast.receives(key, said, 1, PATIENCE)
    await until(lambda: cast.copies("tanguy", first) == 0, "le texte corrigé sur Element")
    await until(lambda: cast.copies("legoff", first) == 0, "le texte corrigé sur Signal")
    assert cast.copies("riou", first) == 1
    before = cast.copies("riou", "ANNULATION : l'alerte de")
    await officer.say(town.poste, f"annule {name} fausse alerte")
    await cast.receives("riou", "ANNULATION : l'alerte de", before + 1, PATIENCE)
    for key in ("tanguy", "legoff"):
        await until(lambda key=key: cast.copies(key, second) == 0, "l'alerte retirée")
    await town.stage.settle()


@pytest.mark.acceptance("S4-12")
@pytest.mark.parametrize(
    "alert",
    [
        "Attention : véhicule ou personnes suspectes en repérage à Liffré",
        "Vol constaté à Liffré hier, appelez le 06 39 98 00 44",
        "Vol constaté à Liffré hier. " + "Contrôlez vos serrures et vos volets. " * 5,
    ],
)
async def test_the_same_rules_judge_an_alert_written_on_a_basic_phone(
    real_town: Town, alert: str
) -> None:
    """The mairie of Liffré by SMS, an officer on Element: the same rules are named."""
    town, cast, said = real_town, real_town.cast, real_town.cast.people["legall"]
    refused = "Alerte non diffusée"

    def answers(key: str) -> list[str]:
        return [text for text in cast.texts(key) if refused in text]

    order, seen = f"alerte buralistes : {alert}", {}
    for key in ("kerboul", "legall"):
        before = len(answers(key))
        if key == "legall":
            town.stage.kannel.say(said.number, order)
        else:
            await cast.elements[key].say(cast.guichet(key), order)
        await until(lambda k=key, n=before: len(answers(k)) > n, f"le refus, à {key}")
        seen[key] = RULE.findall(answers(key)[-1])
    assert seen["kerboul"] == seen["legall"] != []
    assert cast.copies("riou", alert) == cast.copies("tanguy", alert) == 0
