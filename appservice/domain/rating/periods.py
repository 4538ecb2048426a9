"""Ratings as they may be shown: by months that are over, and never so few that one is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from appservice.domain.console.openly import FEWEST

Scores = tuple[int, int, int, int, int]
"""How many gave 1, 2, 3, 4 and 5."""
SHOWN = 12
"""Periods on the page."""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole months, joined until they hold FEWEST ratings."""

    first: date
    last: date
    scores: Scores

    @property
    def count(self) -> int:
        """Of ratings."""
        return sum(self.scores)

    @property
    def mean(self) -> float:
        """From 1 to 5."""
        return sum(score * many for score, many in enumerate(self.scores, 1)) / self.count


def periods(monthly: Mapping[date, Scores], current: date) -> Sequence[Period]:
    """The last one first. What follows them is too little, and waits.

    The month that runs is left out: of a count that is watched while it grows, each step is one
    person's. Months are joined from the first one on, so that no two pages join them differently.
    """
    found: list[Period] = []
    first: date | None = None
    scores: Scores = (0, 0, 0, 0, 0)
    for month in sorted(month for month in monthly if month < current):
        first = first or month
        scores = _added(scores, monthly[month])
        if sum(scores) >= FEWEST:
            found.append(Period(first, month, scores))
            first, scores = None, (0, 0, 0, 0, 0)
    return found[: -SHOWN - 1 : -1]


def _added(one: Scores, other: Scores) -> Scores:
    a, b = one, other
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4])
