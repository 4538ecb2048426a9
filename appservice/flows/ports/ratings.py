"""How closings are rated."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from appservice.domain.ids import MemberId, ReportId
from appservice.domain.rating.given import Rating


class Ratings(Protocol):
    """One a closing; what outlives a case names neither it nor anybody."""

    async def give(self, rating: Rating) -> bool:
        """Replaces an earlier one of that closing, whose month stays.

        False when the case is not closed as it says, or was erased.
        """
        ...

    async def of(self, report: ReportId) -> Sequence[Rating]:
        """One for each closing that was rated, in their order."""
        ...

    async def waiting(self, author: MemberId, since: datetime) -> ReportId | None:
        """Their report that was closed last, after then, and is not rated; not one erased."""
        ...
