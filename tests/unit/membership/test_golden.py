"""Each file of `golden` is a sentence of the charter: what is, what must be, and the steps."""

from pathlib import Path

import pytest
from support.golden import Place, read_case

CASES = sorted((Path(__file__).parent / "golden").glob("*.yaml"))
KEYS = {"territory", "before", "by_hand", "now", "foreign_groups", "signal_down", "steps"}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
async def test_the_plan_is_what_the_charter_says(path: Path) -> None:
    case = read_case(path)
    assert set(case) <= KEYS
    membership = await Place().play(case)
    assert [step.describe() for step in await membership.plan()] == case["steps"]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
async def test_done_twice_is_done_once(path: Path) -> None:
    membership = await Place().play(read_case(path))
    applied = await membership.reconcile()
    assert applied.complete, applied.failures
    assert await membership.plan() == ()
