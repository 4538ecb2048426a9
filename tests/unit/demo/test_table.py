"""The table of steps says what happened, where, and how it ended."""

import io

import pytest
from rich.console import Console

from appservice.demo.table import DONE, FAILED, StepTable


def on(terminal: bool) -> tuple[StepTable, io.StringIO]:
    out = io.StringIO()
    return StepTable(Console(file=out, width=120, force_terminal=terminal)), out


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "log"])
def test_a_step_shows_what_where_and_what_was_seen(terminal):
    table, out = on(terminal)
    with table, table.step("Les salons sont faits", "Synapse") as step:
        step.seen = "56 [étapes]"
    assert table.steps[0].mark == DONE
    for word in ("Les salons sont faits", "Synapse", "56 [étapes]", DONE):
        assert word in out.getvalue()


def test_a_step_that_fails_is_marked_and_the_error_goes_on():
    table, out = on(False)
    with pytest.raises(ValueError, match="no"), table, table.step("Une étape", "ici"):
        raise ValueError("no")
    assert table.steps[0].mark == FAILED
    assert FAILED in out.getvalue()
