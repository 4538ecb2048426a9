"""A basic phone from its first question to its STOP, and a service that dies at each step."""

import pytest
from support.fault_stage import BIJOUTIERS, PATIENCE, Town, report_number, until
from support.newcomer import Newcomer

from appservice.demo.people import MANTES
from appservice.domain.room import Kind

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

QUESTION = "pondez OUI pour les recevoir"  # « répondez », whatever became of the accent
AGREED = "vous recevrez les alertes par SMS"
STOPPED = "vous ne recevrez plus de SMS"
STRANGER = "+33639980199"


def poste(town: Town) -> str:
    return town.cast.scenery.room(Kind.POSTE, MANTES)


async def publish(town: Town) -> str:
    """An alert for the jewellers of Mantes, once it is on the phones of those who stay."""
    text = town.fact()
    town.texts[text] = BIJOUTIERS
    await town.insists("perrin", poste(town), f"alerte bijoutiers Mantes-la-Jolie : {text}")
    await until(lambda: not town.missing(text), "l'alerte chez les bijoutiers")
    await town.stage.settle()
    return text


async def signed(town: Town) -> Newcomer:
    newcomer = await Newcomer.at(town, "sms")
    assert (await newcomer.enrol()).status == 0
    assert (await newcomer.sign()).status == 0
    await town.cast.receives(newcomer.person.key, QUESTION, 1, PATIENCE)
    return newcomer


async def says(town: Town, newcomer: Newcomer, text: str, answer: str, copies: int = 1) -> None:
    town.stage.kannel.say(newcomer.person.number, text)
    await town.cast.receives(newcomer.person.key, answer, copies, PATIENCE)


async def says_once_or_officers_know(town: Town, newcomer: Newcomer, text: str) -> None:
    """What the dead service had in hand is not sent again: its fate is unknown, and told."""
    key = newcomer.person.key

    def known() -> bool:
        told = any("sort inconnu" in seen.text for seen in town.cast.timeline("perrin"))
        return town.cast.copies(key, text) == 1 or told

    await until(known, f"« {text} », ou son sort au poste")


@pytest.mark.acceptance("S3-09", "S4-08")
async def test_a_phone_says_yes_before_its_first_alert_and_stop_at_any_time(town: Town) -> None:
    cast = town.cast
    newcomer = await signed(town)
    key = newcomer.person.key
    [line] = await newcomer.lines()
    assert "attend OUI" in line

    assert cast.copies(key, await publish(town)) == 0
    assert cast.copies("perrin", "Sans SMS, faute de OUI : ") >= 1
    assert cast.copies(key, "") == 1, "the question, and nothing else"

    await says(town, newcomer, "Oui merci !", AGREED)
    [line] = await newcomer.lines()
    assert "OUI le" in line
    wanted = await publish(town)
    await cast.receives(key, wanted, 1, PATIENCE)
    elsewhere = await town.publishes()  # in another département
    await until(lambda: not town.missing(elsewhere), "l'alerte en Ille-et-Vilaine")
    await town.stage.settle()
    assert cast.copies(key, elsewhere) == 0

    await says(town, newcomer, "S.T.O.P. svp", STOPPED)
    town.stage.kannel.say(newcomer.person.number, "ARRÊT")
    assert cast.copies(key, await publish(town)) == 0
    assert cast.copies(key, STOPPED) == 1
    [line] = await newcomer.lines()
    assert "STOP le" in line

    await says(town, newcomer, "START", AGREED, 2)
    await cast.receives(key, await publish(town), 1, PATIENCE)


async def test_the_mairie_writes_down_what_it_was_told(town: Town) -> None:
    """Where the sender's name takes no answers."""
    newcomer = await signed(town)
    said = await town.cast.maillage("consent", newcomer.person.number, "oui")
    assert said.out == "Enregistré.\n"
    await town.cast.receives(newcomer.person.key, await publish(town), 1, PATIENCE)
    await town.cast.maillage("consent", newcomer.person.number, "stop")
    assert town.cast.copies(newcomer.person.key, await publish(town)) == 0


@pytest.mark.acceptance("S1-06")
async def test_danger_gets_the_telephone_first_whoever_writes(town: Town) -> None:
    newcomer = await signed(town)
    await says(town, newcomer, "stop", STOPPED)
    await says(town, newcomer, "au secours il est armé", "appelez tout de suite le 17 ou le 112")
    kannel = town.stage.kannel
    kannel.say(STRANGER, "un homme avec un couteau me menace")

    def texts() -> list[str]:
        return [text.text for text in kannel.inbox(STRANGER) if not text.mine]

    await until(lambda: len(texts()) == 1, "la réponse à l'inconnu")
    assert "114 par SMS" in texts()[0]
    for greeting in ("Bonjour", "Il y a quelqu'un ?"):
        kannel.say(STRANGER, greeting)
    await until(lambda: len(texts()) == 2, "la réponse polie, une fois")
    await town.stage.settle()
    assert "maillage@mantes.example" in texts()[1]
    assert len(texts()) == 2


@pytest.mark.acceptance("S0-14")
async def test_officers_and_a_basic_phone_talk_about_a_report_without_codes(town: Town) -> None:
    cast, number = town.cast, town.cast.people["riou"].number
    report = town.seen_at("Vitrine brisée", "la caisse a disparu")
    town.stage.kannel.say(number, report)
    card = await cast.elements["kerboul"].reads(report, PATIENCE)
    name = report_number(card.text)
    await cast.elements["kerboul"].say(town.poste, f"réponds {name} : Combien étaient-ils ?")
    await cast.receives("riou", "Combien étaient-ils ?", 1, PATIENCE)
    town.stage.kannel.say(number, "2")
    await cast.receives("kerboul", f"{name}, complément de son auteur : « 2 »", 1, PATIENCE)
    await cast.elements["kerboul"].say(town.poste, f"clos {name}")
    await cast.receives("riou", f"{name} : clos", 1, PATIENCE)
    await town.stage.settle()


@pytest.mark.parametrize("point", ["before commit sms.ask", "after commit sms.ask"])
async def test_a_number_is_asked_once_by_whoever_dies(town: Town, point: str) -> None:
    newcomer = await Newcomer.at(town, "sms")
    await newcomer.enrol()
    town.stage.order(point)
    assert (await newcomer.sign()).status == -9
    town.stage.order()
    if point.startswith("before"):
        assert (await newcomer.sign()).status == 0
    await town.cast.receives(newcomer.person.key, QUESTION, 1, PATIENCE)
    await town.stage.settle()
    assert town.cast.copies(newcomer.person.key, QUESTION) == 1


@pytest.mark.parametrize(
    "point",
    ["before commit member.agree-sms", "after commit member.agree-sms"],
)
async def test_a_yes_counts_once(town: Town, point: str) -> None:
    newcomer = await signed(town)
    town.stage.order(point)
    town.stage.kannel.say(newcomer.person.number, "OUI")
    await town.stage.dies_at(point)
    await town.comes_back()
    await says_once_or_officers_know(town, newcomer, AGREED)
    await town.cast.receives(newcomer.person.key, await publish(town), 1, PATIENCE)
    assert town.cast.copies(newcomer.person.key, AGREED) <= 1


@pytest.mark.parametrize(
    "point", ["before commit member.stop-sms", "after commit member.stop-sms"]
)
async def test_a_stop_is_never_lost_nor_said_twice(town: Town, point: str) -> None:
    newcomer = await signed(town)
    await says(town, newcomer, "OUI", AGREED)
    town.stage.order(point)
    town.stage.kannel.say(newcomer.person.number, "STOP")
    await town.stage.dies_at(point)
    await town.comes_back()
    await says_once_or_officers_know(town, newcomer, STOPPED)
    assert town.cast.copies(newcomer.person.key, await publish(town)) == 0
    assert town.cast.copies(newcomer.person.key, STOPPED) <= 1
