"""Ratings, in SQL. The comment is sealed under the report's own key."""

from collections.abc import Sequence
from datetime import datetime

from appservice.domain.ids import MemberId, ReportId
from appservice.domain.rating.given import Rating
from appservice.store.reports import case_of
from appservice.store.session import Session
from appservice.store.vault import open_text

SEALED = "ratings.sealed"


class PgRatings:
    """Implements `ports.Ratings`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def give(self, rating: Rating) -> bool:
        owner = case_of(rating.report)
        key = (await self._session.keys([owner])).get(owner)
        if key is None:
            return False
        sealed = key.seal(SEALED, rating.comment.encode()) if rating.comment else None
        values = (rating.report, rating.closed_at, rating.month, rating.score, sealed)
        return await self._session.row(GIVE, *values) is not None

    async def of(self, report: ReportId) -> Sequence[Rating]:
        rows = await self._session.rows(OF, report)
        owner = case_of(report)
        key = (await self._session.keys([owner])).get(owner) if rows else None
        return [
            Rating(
                report,
                row["closed_at"],
                row["month"],
                row["score"],
                open_text(key, SEALED, row["sealed"]) if row["sealed"] else "",
            )
            for row in rows
        ]

    async def waiting(self, author: MemberId, since: datetime) -> ReportId | None:
        row = await self._session.row(WAITING, author, since)
        return ReportId(row["id"]) if row is not None else None


# Locks what it stands on: neither reopened nor erased under our eyes, by whatever process.
GIVE = """
INSERT INTO ratings (report, closed_at, territory, month, score, sealed)
SELECT r.id, r.closed_at, r.territory, $3::date, $4::smallint, $5::bytea
FROM reports r JOIN data_keys k ON k.owner = 'case:S' || r.id
WHERE r.id = $1 AND r.closed_at = $2
FOR SHARE
ON CONFLICT (report, closed_at) DO UPDATE SET score = excluded.score, sealed = excluded.sealed
RETURNING report
"""
OF = "SELECT * FROM ratings WHERE report = $1 ORDER BY closed_at"
WAITING = """
SELECT r.id FROM reports r JOIN data_keys k ON k.owner = 'case:S' || r.id
WHERE r.author = $1 AND r.closed_at > $2
    AND NOT EXISTS (SELECT FROM ratings n WHERE n.report = r.id AND n.closed_at = r.closed_at)
ORDER BY r.closed_at DESC, r.id DESC LIMIT 1
"""
