"""The whole town with Debian's Kannel and an SMPP centre where the other tests have a stand-in."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from support.consents import LONGER_THAN_ANYBODY_WAITS, agrees_to_sms
from support.fault_sms import RealTelephones, gateway_of_the_session, real_town
from support.fault_stage import BURALISTES, PATIENCE, Town, report_number, until, until_all
from support.lengths import MEYTHET, fact_of
from support.real_sms import RealGateway

from appservice.demo.child import wait_until

__all__ = ["gateway_of_the_session", "real_town"]
pytestmark = [pytest.mark.e2e, pytest.mark.sms_real, pytest.mark.timeout(300)]

RULE = re.compile(r"règle ([a-z0-9-]+)")
TEXTS = """
SELECT DISTINCT state FROM parcels JOIN deliveries USING (id)
WHERE alert = $1 AND channel = 'sms' AND kind = 'post'
"""

UNTIL_NEXT_TRY = 35  # seconds, by which the service's clock is moved
LAST = "SELECT coalesce(max(id), 0) AS id FROM reports"
EVENTS = """
SELECT coalesce(leader, id) AS leader, count(*) AS n FROM reports WHERE id > $1 GROUP BY 1
"""


@pytest.mark.acceptance("S0-05", "S0-14", "S4-08")
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
    # A telephone of another département, which said OUI as well.
    assert town.cast.people["levain"].channels == ("sms",)
    assert "OUI le" in next(
        line for line in (await town.cast.maillage("members")).out.splitlines()
        if town.cast.people["levain"].shop in line
    )  # fmt: skip
    assert town.cast.copies("levain", text) == 0
    number = await town.number(text)

    async def reported() -> bool:
        rows = await town.stage.query(TEXTS, number)
        return [row["state"] for row in rows] == ["delivered"]

    await wait_until(reported, "les accusés de réception", PATIENCE, 0.2)

    def told() -> bool:
        lines = [line for line in town.officers_read() if line.startswith(f"A{number}, bilan")]
        return any("SMS 2 reçus" in line for line in lines)

    await until(told, "la dernière ligne, sur l'Element de l'agent")


async def test_an_officer_follows_texts_on_element_from_the_first_to_the_last(
    real_town: Town, gateway_of_the_session: RealGateway
) -> None:
    town, gateway = real_town, gateway_of_the_session

    def line(start: str, said: str) -> bool:
        return any(one.startswith(start) and said in one for one in town.officers_read())

    await gateway.kannel.kill()
    try:
        text = await town.publishes()
        await until(lambda: town.cast.copies("tanguy", text) == 1, "l'alerte sur Element")
        name = f"A{await town.number(text)}"
        await until(lambda: line(f"{name} part, à", "SMS 2 en attente"), "la ligne qui suit")
    finally:
        await gateway.kannel.start()
    await gateway.bound()
    town.stage.order(skew=town.stage.skew + UNTIL_NEXT_TRY)
    await until(lambda: not town.missing(text), "l'alerte chez chacun")
    await until(lambda: line(f"{name} : plus rien n'attend", "voir le bilan"), "la même, à la fin")
    assert not line(f"{name} part, à", ""), "one message, edited"
    await until(lambda: line(f"{name}, bilan", "SMS 2 reçus"), "la dernière ligne")
    await town.stage.settle()


@pytest.mark.acceptance("S4-06", "S4-07")
async def test_the_legal_length_is_what_the_gateway_counts(
    real_town: Town, gateway_of_the_session: RealGateway
) -> None:
    """The text whole, in one SMS of 160 septets at most; 161 leave for nobody."""
    town, cast = real_town, real_town.cast
    number = cast.people["riou"].number
    fits = fact_of(160, "Vol constaté à Redon hier à 6 h 07 dans un tabac.")
    over = fact_of(161, "Vol constaté à Redon hier à 6 h 08 dans un tabac.")
    before = sum("over-length-gsm7" in line for line in cast.texts("kerboul"))
    for text in (over, fits, MEYTHET):
        await town.insists("kerboul", town.poste, f"alerte buralistes 35 : {text}")
    for text in (fits, MEYTHET):
        await cast.receives("riou", text, 1, PATIENCE)
        parts = gateway_of_the_session.operator.parts
        assert [p.total for p in parts if p.number == number and p.text == text] == [1]
        town.texts[text] = BURALISTES
    said = sum("over-length-gsm7" in line for line in cast.texts("kerboul"))
    assert said == before + 1
    assert cast.copies("riou", over) == 0
    await town.stage.settle()


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
    # What Riou writes next is about something else again.
    await cast.elements["kerboul"].say(real_town.poste, f"clos {name}")
    await cast.receives("riou", f"note {name}", 1, PATIENCE)
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


@pytest_asyncio.fixture(loop_scope="session")
async def legoff(real_town: Town) -> AsyncIterator[str]:
    """A tobacconist with Signal alone, who agreed to an SMS when it fails."""
    await agrees_to_sms(real_town.cast, "legoff", True)
    yield "legoff"
    await agrees_to_sms(real_town.cast, "legoff", False)


@pytest.mark.acceptance("S2-20")
async def test_signal_down_then_sms_and_never_both(real_town: Town, legoff: str) -> None:
    town, cast, stage = real_town, real_town.cast, real_town.stage
    number, notes = cast.people[legoff].number, cast.signal_notes

    def on_telephone(text: str) -> int:
        return sum(text in sms.text for sms in stage.kannel.inbox(number))

    def on_signal(text: str) -> int:
        return sum(text in note.text for note in notes(legoff) if not note.deleted)

    def said(line: str) -> int:
        return sum(line in shown for shown in town.officers_read())

    await stage.signal.stop()
    try:
        outages = said("Signal ne répond plus depuis")
        text = await town.publishes()
        await until(lambda: cast.copies("tanguy", text) == 1, "l'alerte sur Element")
        stage.order(skew=stage.skew + LONGER_THAN_ANYBODY_WAITS)
        await until(lambda: on_telephone(text) == 1, "le SMS de secours")
        name = f"A{await town.number(text)}"
        await until(lambda: said(f"{name} : Signal n'a pas pu la remettre") == 1, "le poste")
        # It counts from when the service saw it, which may be after the first jump.
        stage.order(skew=stage.skew + LONGER_THAN_ANYBODY_WAITS)
        await until(lambda: said("Signal ne répond plus depuis") == outages + 1, "la panne")
    finally:
        await stage.signal.start()
    await until(lambda: said("Signal répond de nouveau") > 0, "la fin de la panne", PATIENCE)
    later = await town.publishes()
    await cast.receives(legoff, later, 1, PATIENCE)
    await stage.settle()
    assert (on_signal(text), on_telephone(text)) == (0, 1)
    assert (on_signal(later), on_telephone(later)) == (1, 0)


@pytest_asyncio.fixture(loop_scope="session")
async def gathering(real_town: Town) -> AsyncIterator[Town]:
    """Reports of one event share a card, as they do unless somebody says otherwise.

    Those that were made before are too old to be of it.
    """
    stage, minutes = real_town.stage, 10
    stage.order(skew=stage.skew + (minutes + 1) * 60)
    await stage.gathers(minutes)
    yield real_town
    await stage.gathers(0)


@pytest.mark.acceptance("S2-20")
async def test_a_hundred_reports_of_one_event_give_one_card(gathering: Town) -> None:
    """By SMS through Kannel, and by Signal; everybody is answered once a report, and told."""
    town, cast, stage = gathering, gathering.cast, gathering.stage
    telephones = stage.kannel
    assert isinstance(telephones, RealTelephones)
    authors = ("legoff", "riou")

    def copies(text: str) -> Callable[[], Awaitable[int]]:
        before = sum(cast.copies(key, text) for key in authors)

        async def since() -> int:
            return sum(cast.copies(key, text) for key in authors) - before

        return since

    last = (await stage.query(LAST))[0]["id"]
    answered, told = copies("votre signalement"), copies("pris en charge par un agent")
    event = town.seen_at("Attroupement devant le tabac", "des chaises volent, la vitrine cède")
    for number in range(50):
        stage.signal.world.say(cast.aci("legoff"), f"{event} ({number})")
        telephones.say(cast.people["riou"].number, f"{event} ({50 + number})")
    await telephones.said()

    async def reports() -> int:
        return sum(row["n"] for row in await stage.query(EVENTS, last))

    await until_all(reports, 100, "les signalements")
    [event_row] = await stage.query(EVENTS, last)
    name = f"S{event_row['leader']}"
    await until_all(answered, 100, "les réponses")

    def counted() -> bool:
        cards = [line for line in town.officers_read() if f"{name} — " in line and event in line]
        return any("100 signalements du même fait" in card for card in cards)

    await until(counted, "la fiche de cent signalements")
    shown = cast.elements["kerboul"].timeline()
    posted = {seen.event_id for seen in shown if event in seen.text and not seen.deleted}
    assert len(posted) == 1, "one message, edited"
    await cast.elements["kerboul"].say(town.poste, f"prends {name}")
    await until_all(told, 100, "« pris en charge », à chacun")
    await stage.settle()
