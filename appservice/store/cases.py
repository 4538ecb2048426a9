"""Reports of one event, in SQL: who leads, who follows."""

from collections.abc import Sequence
from datetime import datetime

from asyncpg import Record

from appservice.domain.ids import Insee, ReportId
from appservice.domain.report import Report
from appservice.store.reports import case_of, report_from
from appservice.store.session import Session


class PgCases:
    """Implements `ports.Cases`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def around(self, territory: str, commune: Insee, since: datetime) -> Sequence[Report]:
        await self._session.run(ALONE, f"case/{territory}/{commune}")
        return await self._opened(await self._session.rows(AROUND, territory, commune, since))

    async def of(self, leader: ReportId) -> Sequence[Report]:
        return await self._opened(await self._session.rows(OF, leader))

    async def leave(self, report: ReportId) -> bool:
        return await self._session.row(LEAVE, report) is not None

    async def waiting(self, territory: str, limit: int) -> Sequence[Report]:
        return await self._opened(await self._session.rows(WAITING, territory, limit))

    async def _opened(self, rows: Sequence[Record]) -> list[Report]:
        keys = await self._session.keys(case_of(row["id"]) for row in rows)
        return [report_from(row, keys.get(case_of(row["id"]))) for row in rows]


# Of a hundred reports at once, each must see those before it: they pass here one by one.
ALONE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
AROUND = """
SELECT r.* FROM reports r JOIN members m ON m.id = r.author
WHERE m.territory = $1 AND m.commune = $2 AND r.territory = $1
    AND r.leader IS NULL AND r.stage IN ('received', 'taken')
    AND (r.received_at >= $3
         OR EXISTS (SELECT FROM reports f WHERE f.leader = r.id AND f.received_at >= $3))
ORDER BY r.id DESC FOR UPDATE OF r
"""
OF = "SELECT * FROM reports WHERE id = $1 OR leader = $1 ORDER BY leader NULLS FIRST, id"
LEAVE = "UPDATE reports SET leader = NULL WHERE id = $1 AND leader IS NOT NULL RETURNING id"
WAITING = """
SELECT * FROM reports
WHERE territory = $1 AND leader IS NULL AND stage <> 'closed'
ORDER BY stage = 'cleared', id LIMIT $2
"""
