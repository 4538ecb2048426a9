"""A hundred reports of one event, by every channel: one card, everybody answered."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from support.fault_stage import PATIENCE, Town, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

CASE = "SELECT coalesce(leader, id) AS leader, count(*) AS n FROM reports WHERE id > $1 GROUP BY 1"
LAST = "SELECT coalesce(max(id), 0) AS id FROM reports"


@pytest_asyncio.fixture(loop_scope="session")
async def gathering(town: Town) -> AsyncIterator[Town]:
    """Reports of one event share a card, as they do unless somebody says otherwise."""
    await town.stage.gathers(10)
    yield town
    await town.stage.gathers(0)


@pytest.mark.acceptance("S2-20")
async def test_a_hundred_reports_of_one_event_give_one_card(gathering: Town) -> None:
    town = gathering
    cast, stage = town.cast, town.stage
    before = (await stage.query(LAST))[0]["id"]
    answered = {key: cast.copies(key, "votre signalement") for key in ("legoff", "riou")}
    event = town.seen_at("Attroupement devant le tabac", "des chaises volent, la vitrine cède")
    for number in range(50):
        stage.signal.world.say(cast.aci("legoff"), f"{event} ({number})")
        stage.kannel.say(cast.people["riou"].number, f"{event} ({50 + number})")

    await stage.settle()
    [case] = await stage.query(CASE, before)
    leader = case["leader"]
    assert case["n"] == 100
    for key, former in answered.items():
        await cast.receives(key, "votre signalement", former + 50, PATIENCE)

    def cards() -> list[str]:
        shown = [line for line in town.officers_read() if re.search(rf"S{leader} — ", line)]
        return [line for line in shown if event in line]

    await until(lambda: any("100 signalements du même fait" in c for c in cards()), "la fiche")
    elements = cast.elements["kerboul"].timeline()
    posted = {seen.event_id for seen in elements if event in seen.text and not seen.deleted}
    assert len(posted) == 1, "one message, edited"
    told = {key: cast.copies(key, "pris en charge par un agent") for key in answered}
    await cast.elements["kerboul"].say(town.poste, f"prends S{leader}")
    for key, former in told.items():
        await cast.receives(key, "pris en charge par un agent", former + 50, PATIENCE)
    await stage.settle()
