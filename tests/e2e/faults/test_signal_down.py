"""Signal is down: whoever agreed to it reads the alert by SMS, and not a second time after."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from support.consents import LONGER_THAN_ANYBODY_WAITS, agrees_to_sms
from support.fault_stage import PATIENCE, Town, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest_asyncio.fixture(loop_scope="session")
async def legoff(town: Town) -> AsyncIterator[str]:
    """A tobacconist with Signal alone, who agreed to an SMS when it fails."""
    await agrees_to_sms(town.cast, "legoff", True)
    yield "legoff"
    await agrees_to_sms(town.cast, "legoff", False)


@pytest.mark.acceptance("S2-20")
async def test_signal_down_then_sms_and_never_both(town: Town, legoff: str) -> None:
    cast, stage = town.cast, town.stage
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
