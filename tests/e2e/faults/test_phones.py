"""Phones that are off, out of reach, or the simplest there are."""

import pytest
from support.fault_stage import PATIENCE, Town, report_number, until

from appservice.demo.element import Element

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

# Seconds, by which the service's clock is moved instead of waiting.
UNTIL_NEXT_TRY, HALF_AN_HOUR = 35, 31 * 60


@pytest.mark.acceptance("S4-10")
async def test_an_element_that_was_off_shows_it_when_it_is_on_again(town: Town) -> None:
    cast, stage = town.cast, town.stage
    off = cast.elements.pop("tanguy")
    await off.close()
    text = town.fact()
    town.texts[text] = ("brient", "legoff", "riou")
    await cast.elements["kerboul"].say(town.poste, f"alerte buralistes 35 : {text}")
    await until(lambda: not town.missing(text), "l'alerte chez les autres")
    account = cast.accounts["tanguy"]
    on = Element(stage.homeserver.url, account, stage.state / "element" / "tanguy")
    cast.elements["tanguy"] = on
    await on.start()
    seen = await on.reads(text, PATIENCE)
    assert seen.readable
    assert cast.copies("tanguy", text) == 1


@pytest.mark.acceptance("S4-10")
async def test_what_a_gateway_could_not_take_arrives_later_unless_stale(town: Town) -> None:
    cast, stage = town.cast, town.stage
    await stage.kannel.stop()
    fresh = await town.publishes()
    await until(lambda: cast.copies("tanguy", fresh) == 1, "l'alerte sur Element")
    await stage.kannel.start()
    stage.order(skew=stage.skew + UNTIL_NEXT_TRY)
    await town.each_has_it_or_an_officer_knows(fresh)
    assert town.missing(fresh) == {}

    await stage.kannel.stop()
    stale = await town.publishes()
    await until(lambda: cast.copies("tanguy", stale) == 1, "l'alerte sur Element")
    number = await town.number(stale)
    stage.order(skew=stage.skew + HALF_AN_HOUR)

    def told() -> bool:
        lines = [line for line in town.officers_read() if line.startswith(f"A{number}, bilan")]
        return any("SMS 2 périmés" in line for line in lines)

    await until(told, "les SMS périmés, dits au poste")
    await stage.kannel.start()
    await stage.settle()
    assert cast.copies("riou", stale) == 0
    assert town.missing(stale) == {"brient": 1, "riou": 1}


@pytest.mark.acceptance("S0-14")
@pytest.mark.parametrize(("who", "channel"), [("legoff", "signal"), ("riou", "sms")])
async def test_signal_alone_or_a_basic_phone_is_enough(town: Town, who: str, channel: str) -> None:
    """Nobody pays to take part: the sender carries the alert; they need no account of ours."""
    cast = town.cast
    assert cast.people[who].channels == (channel,)
    [line] = [
        line
        for line in (await cast.maillage("members")).out.splitlines()
        if cast.people[who].shop in line
    ]
    assert "en vigueur" in line
    assert "@" not in line
    alert = await town.publishes()
    await cast.receives(who, alert, 1, PATIENCE)
    report = town.seen_at("Vitrine brisée", "des montres ont été volées")
    answers = cast.copies(who, "votre signalement")
    if channel == "signal":
        town.stage.signal.world.say(cast.aci(who), report)
    else:
        town.stage.kannel.say(cast.people[who].number, report)
    card = await cast.elements["kerboul"].reads(report, PATIENCE)
    assert cast.people[who].shop in card.text
    await cast.receives(who, "votre signalement", answers + 1, PATIENCE)
    number = report_number(card.text)
    await cast.elements["kerboul"].say(town.poste, f"prends {number}")
    await cast.receives(who, f"{number} : pris en charge", 1, PATIENCE)
