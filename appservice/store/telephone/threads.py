"""On which report officers last wrote to a member, in SQL."""

from collections.abc import Sequence
from datetime import datetime

from appservice.domain.ids import MemberId, ReportId
from appservice.store.session import Session


class PgThreads:
    """Implements `ports.Threads`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def ask(self, member: MemberId, report: ReportId, at: datetime) -> None:
        await self._session.run(ASK, member, report, at)

    async def asked(self, member: MemberId, since: datetime) -> Sequence[ReportId]:
        return [ReportId(row["report"]) for row in await self._session.rows(ASKED, member, since)]


ASK = """
INSERT INTO threads (member, report, asked_at) VALUES ($1, $2, $3)
ON CONFLICT (member, report) DO UPDATE SET asked_at = greatest(threads.asked_at, $3)
"""
ASKED = """
SELECT report FROM threads JOIN reports r ON r.id = report
WHERE member = $1 AND asked_at > $2 AND r.author = $1 AND r.stage <> 'closed'
ORDER BY asked_at DESC, report DESC
"""
