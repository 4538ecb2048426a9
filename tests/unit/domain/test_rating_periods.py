"""Ratings are shown by months that are over, and never so few that one is somebody's."""

from datetime import date

import pytest

from appservice.domain.console.openly import FEWEST
from appservice.domain.rating.periods import SHOWN, Period, Scores, periods

NOW = date(2027, 3, 1)
MANY: Scores = (1, 0, 2, 3, 5)
FEW: Scores = (1, 0, 0, 0, 4)


def month(number: int) -> date:
    """From January 2026 on."""
    return date(2026 + (number - 1) // 12, (number - 1) % 12 + 1, 1)


@pytest.mark.acceptance("S1-05")
def test_a_month_that_is_over_shows_count_mean_and_distribution() -> None:
    [period] = periods({month(14): MANY, NOW: MANY}, NOW)
    assert period == Period(month(14), month(14), MANY)
    assert period.count == FEWEST
    assert round(period.mean, 2) == 4.0


@pytest.mark.acceptance("S1-05")
def test_fewer_than_eleven_wait_for_the_next_months() -> None:
    assert periods({month(1): FEW, month(2): FEW}, NOW) == []
    monthly = {month(1): FEW, month(3): FEW, month(6): FEW, month(7): MANY, month(8): FEW}
    last, first = periods(monthly, NOW)
    assert first == Period(month(1), month(6), (3, 0, 0, 0, 12))
    assert last == Period(month(7), month(7), MANY)


def test_what_was_shown_is_joined_the_same_ever_after() -> None:
    monthly = {month(number): FEW for number in range(1, 14)}
    before = periods({m: s for m, s in monthly.items() if m < month(9)}, month(9))
    assert list(periods(monthly, NOW))[-len(before) :] == list(before)


def test_no_more_than_fit_on_the_page() -> None:
    found = periods({month(number): MANY for number in range(1, 16)}, date(2028, 1, 1))
    assert [period.first for period in found] == [month(15 - n) for n in range(SHOWN)]
    assert periods({}, NOW) == []
