"""Alerts on the real chain: judged, approved, published once to each, replaced, taken back."""

import asyncio
from collections.abc import Callable

import pytest
from support.lengths import MEYTHET, fact_of
from support.town import PATIENCE, Town

from appservice.demo.people import BRETAGNE, MANTES
from appservice.demo.story.alert import reference
from appservice.domain.text import gsm7_length
from bridges.sms.segments import prepare

pytestmark = pytest.mark.e2e

BURALISTES = ("tanguy", "brient", "legoff", "riou")


async def _publish(town: Town, text: str, target: str = "buralistes 35") -> str:
    """The alert's reference, once every tobacconist shows it."""
    said = await town.ask("kerboul", town.poste(BRETAGNE), f"alerte {target} : {text}", "publiée")
    await town.once_a_channel(text, BURALISTES)
    return reference(said)


async def _refused(town: Town, text: str) -> str:
    """What the poste reads; nobody shows the text."""
    order = f"alerte buralistes 35 : {text}"
    said = await town.ask("kerboul", town.poste(BRETAGNE), order, "Alerte non diffusée")
    await town.ask("tanguy", town.cast.guichet("tanguy"), "moi", "Tabac de la Halle")
    assert [key for key in BURALISTES if town.cast.copies(key, text)] == []
    return said


@pytest.mark.acceptance("S0-05")
@pytest.mark.acceptance("S0-10")
async def test_a_validated_alert_reaches_the_whole_departement_on_each_ones_channel(
    town: Town, record_property: Callable[[str, object], None]
) -> None:
    """Held, then validated by a second person; the delay counts from that validation."""
    cast, poste = town.cast, town.poste(BRETAGNE)
    text = "Vol constaté à Liffré hier à 9 h 01, fourgon au pare-chocs arraché"
    card = await town.ask(
        "lebihan", poste, f"alerte buralistes 35 : {text}", "attend une deuxième personne"
    )
    number = reference(card)
    assert all(cast.copies(key, text) == 0 for key in BURALISTES)
    clock = asyncio.get_running_loop().time
    start = clock()
    await cast.elements["kerboul"].say(poste, f"valide {number}")

    async def delay(key: str) -> tuple[str, float]:
        await town.shows(key, text, len(cast.people[key].channels))
        return key, clock() - start

    delays = dict(await asyncio.gather(*(delay(key) for key in (*BURALISTES, "guyot"))))
    for key, seconds in delays.items():
        record_property(f"delay of {key} by {'+'.join(cast.people[key].channels)}", seconds)
    assert {cast.people[key].commune for key in delays} == {"35152", "35236"}
    # The measured delay is told to the officers by the service itself.
    said = await town.cast.elements["kerboul"].reads(f"{number}, bilan en ", PATIENCE)
    assert "Element" in said.text
    assert "SMS" in said.text
    # Two trades, three channels: once on each.
    assert cast.copies("brient", text) == 3


@pytest.mark.acceptance("S0-10")
async def test_several_groups_one_copy_a_channel_whatever_the_trades_of_the_alert(
    town: Town,
) -> None:
    """Nadia Brient is a tobacconist of the département and a jeweller of Liffré."""
    cast, poste = town.cast, town.poste(BRETAGNE)
    seats = await cast.elements["brient"].seats()
    groups = town.circles("brient")
    assert len(seats) >= 4, "alertes, guichet and the échanges of both trades"
    assert len(groups) >= 3, groups
    for target, minute in (("buralistes bijoutiers 35", 2), ("bijoutiers Liffré", 3), ("35", 4)):
        text = f"Vol par ruse constaté à Liffré hier à 9 h 0{minute}, faux livreur."
        await town.ask("kerboul", poste, f"alerte {target} : {text}", " publiée : ")
        await town.shows("brient", text, 3)
        # Something later on each channel, then count again: nothing comes twice.
        await town.ask("brient", cast.guichet("brient"), "moi", "Tabac-bijoux Le Narval")
        assert cast.copies("brient", text) == 3


@pytest.mark.acceptance("S4-04")
async def test_people_or_vehicles_in_reconnaissance_are_refused_and_the_rule_named(
    town: Town,
) -> None:
    text = "Attention : véhicule ou personnes suspectes en repérage dans les zones artisanales"
    said = await _refused(town, text)
    assert "règle suspicion-only" in said
    assert "suspect" in said
    assert "présomption d'innocence" in said or "art." in said


@pytest.mark.acceptance("S4-05")
async def test_without_an_offence_established_by_an_agent_nothing_leaves(town: Town) -> None:
    for text in (
        "Alarme déclenchée cette nuit à Liffré, levée de doute faite, rien à signaler.",
        "Un cambriolage pourrait se produire pendant le festival de Liffré.",
    ):
        assert "règle no-established-offence" in await _refused(town, text)
    cast = town.cast
    # Not even a real offence when a merchant says it: it is a report, not an alert.
    text = "alerte buralistes 35 : Vol de la caisse hier à 9 h 05 au tabac"
    await town.ask("tanguy", cast.guichet("tanguy"), text, "Reçu : votre signalement")
    assert all(cast.copies(key, "9 h 05") == 0 for key in ("brient", "legoff", "riou"))
    # Established by an agent: it leaves under a name, a role and a time.
    fact = "Vol par effraction constaté à Redon hier à 9 h 06 dans un tabac."
    number = await _publish(town, fact)
    seen = await cast.elements["tanguy"].reads(fact, PATIENCE)
    assert "chef de quart" in seen.text
    state = await town.ask("kerboul", town.poste(BRETAGNE), f"état {number}", "publiée le")
    assert number in state


@pytest.mark.acceptance("S4-06")
async def test_160_septets_pass_and_161_are_refused_as_the_gateway_counts(town: Town) -> None:
    fits = fact_of(160, "Vol constaté à Redon hier à 9 h 07 dans un tabac.")
    over = fact_of(161, "Vol constaté à Redon hier à 9 h 08 dans un tabac.")
    said = await _refused(town, over)
    assert "règle over-length-gsm7" in said
    await _publish(town, fits)
    number = town.cast.people["riou"].number
    [sms] = [one for one in town.stage.kannel.inbox(number) if "9 h 07" in one.text]
    handed = prepare(sms.text)
    assert (sms.coding, handed.units, handed.segments) == ("0", 160, 1)
    assert prepare(over).segments == 2
    # Letters that no SMS of 160 has are written in those that it has, here and there alike.
    rare = fact_of(
        160, "Vol constaté à Redon hier à 9 h 15 dans un tabac. Contrôlez l’arrière-cœur."
    )
    await town.ask("kerboul", town.poste(BRETAGNE), f"alerte buralistes 35 : {rare}", "publiée")
    await town.shows("riou", "Controlez l'arrière-coeur", 1)
    [sms] = [one for one in town.stage.kannel.inbox(number) if "9 h 15" in one.text]
    assert (sms.coding, prepare(sms.text).units, prepare(sms.text).segments) == ("0", 160, 1)
    await town.shows("tanguy", rare, 1)
    # A euro weighs two.
    heavy = fact_of(161, "Vol de 90 € et 80 € constaté à Redon hier à 9 h 09 dans un tabac.")
    assert (len(heavy), prepare(heavy).units) == (159, 161)
    assert "règle over-length-gsm7" in await _refused(town, heavy)


@pytest.mark.acceptance("S4-07")
async def test_the_example_of_the_instructions_passes_unchanged_to_every_phone(
    town: Town,
) -> None:
    assert gsm7_length(MEYTHET) == len(MEYTHET) == 134
    await _publish(town, MEYTHET)
    cast = town.cast
    number = cast.people["riou"].number
    assert [one.text for one in town.stage.kannel.inbox(number) if "MEYTHET" in one.text] == [
        MEYTHET
    ]
    shown = [text for key in ("tanguy", "legoff") for text in cast.texts(key) if "MEYTHET" in text]
    assert [text.splitlines()[1] for text in shown] == [MEYTHET, MEYTHET]


@pytest.mark.acceptance("S4-11")
async def test_a_new_text_replaces_and_a_mistaken_alert_disappears_on_each_channel(
    town: Town,
) -> None:
    poste = town.poste(BRETAGNE)
    first = "Vol par ruse constaté à Liffré hier à 9 h 10 dans un tabac."
    second = "Vol par ruse constaté à Redon hier à 9 h 11 dans un tabac."
    number = await _publish(town, first)
    await town.ask("kerboul", poste, f"corrige {number} : {second}", "corrigée par")
    await town.once_a_channel(second, BURALISTES)
    for key in ("tanguy", "legoff"):
        await town.shows(key, first, 0)
    await town.shows("brient", first, 1)  # the SMS that can't be taken back, and is replaced
    for key in ("riou", "brient"):
        await town.shows(key, f"ANNULE ET REMPLACE : {second}", 1)

    before = town.news("riou")
    await town.ask("kerboul", poste, f"annule {number} fausse alerte", "annulée par")
    for key in ("tanguy", "legoff"):
        await town.shows(key, second, 0)
    await town.shows("brient", second, 1)
    told = await before.of("ANNULATION")
    assert second not in told, "what was wrong is not said again"


async def test_nobody_approves_their_own_alert_by_word_or_by_emoji(town: Town) -> None:
    cast, poste = town.cast, town.poste(MANTES)
    text = "Vol à l'étalage hier à 9 h 12 dans une bijouterie du centre."
    target = "alerte bijoutiers Mantes-la-Jolie"
    card = await town.ask("salvi", poste, f"{target} : {text}", "attend une deuxième personne")
    number = reference(card)
    await town.ask("salvi", poste, f"valide {number}", "ne peut pas la valider")
    event = await cast.elements["salvi"].reads(f"{number} attend")
    news = town.news("salvi")
    await cast.elements["salvi"].react(poste, event.event_id, "✅")
    await news.of("ne peut pas la valider")
    assert cast.copies("aurore", text) == cast.copies("fabre", text) == 0
    await town.ask("perrin", poste, f"refuse {number} à vérifier", f"{number} refusée par")
    said = await town.ask("perrin", poste, f"valide {number}", number)
    assert "publiée" not in said
    assert cast.copies("aurore", text) == cast.copies("fabre", text) == 0


async def test_killed_right_after_the_command_everyone_gets_it_exactly_once(town: Town) -> None:
    cast = town.cast
    text = "Vol par ruse constaté à Liffré hier à 9 h 13 dans un tabac."
    poste = town.news("kerboul")
    await cast.elements["kerboul"].say(town.poste(BRETAGNE), f"alerte buralistes 35 : {text}")
    await town.kill()
    await town.stage.restart_service()
    for key in BURALISTES:
        # Longer than a lease, should death have come with a parcel in hand.
        await cast.receives(key, text, len(cast.people[key].channels), 180)
    # Nothing is in hand any more: a parcel that dies in hand holds its conversation for a lease.
    await poste.of(", bilan en ", 180)
    # The dead process's transaction comes again, and a second death changes nothing.
    await town.kill()
    await town.stage.restart_service()
    await town.ask("tanguy", cast.guichet("tanguy"), "moi", "Tabac de la Halle")
    await town.once_a_channel(text, BURALISTES)
