"""Ratings of the store in memory, where nothing is ever erased."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from appservice.domain.ids import MemberId, ReportId
from appservice.domain.rating.given import Rating
from appservice.domain.report import Closed
from support.memory_tables import Tables


class MemoryRatings:
    def __init__(self, tables: Tables) -> None:
        self._rows, self._reports = tables.ratings, tables.reports

    async def give(self, rating: Rating) -> bool:
        report = self._reports.get(rating.report)
        if report is None or not isinstance(report.stage, Closed):
            return False
        if report.stage.at != rating.closed_at:
            return False
        key = (rating.report, rating.closed_at)
        month = self._rows[key].month if key in self._rows else rating.month
        self._rows[key] = replace(rating, month=month)
        return True

    async def of(self, report: ReportId) -> Sequence[Rating]:
        mine = [rating for rating in self._rows.values() if rating.report == report]
        return sorted(mine, key=lambda rating: rating.closed_at)

    async def waiting(self, author: MemberId, since: datetime) -> ReportId | None:
        closed = [
            (report.stage.at, report.id)
            for report in self._reports.values()
            if report.author == author and isinstance(report.stage, Closed)
            if report.stage.at > since and (report.id, report.stage.at) not in self._rows
        ]
        return max(closed)[1] if closed else None
