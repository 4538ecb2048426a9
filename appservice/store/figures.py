"""What an installation is watched by, in SQL: counts and ages that no seal hides."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from asyncpg import Record

from appservice.domain.figures import LAPS, Backlog, Figures, Waits
from appservice.store.session import Database, Session

_DECISIONS = {
    "alert.submit": "publish",
    "alert.hold": "hold",
    "alert.refused-by-rule": "refuse",
}


class PgFigures:
    """Implements `ports.Watched`. Verdicts are read from the audit chain, each entry once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._entry = 0
        self._verdicts: Counter[str] = Counter()
        self._rules: Counter[tuple[str, str]] = Counter()

    async def now(self) -> datetime:
        async with self._database.session() as session:
            row = await session.row(NOW)
        at: datetime = row["at"] if row else self._database.clock()
        return at

    async def read(self, texts: Collection[str]) -> Figures:
        async with self._database.session() as session:
            await self._count_verdicts(session)
            deliveries = await session.rows(DELIVERIES)
            times = await session.rows(TIMES, LAPS)
            reports = await session.rows(REPORTS)
            return Figures(
                queued=_backlogs(await session.rows(QUEUED)),
                deliveries={(row["channel"], row["state"]): row["count"] for row in deliveries},
                journal=_backlogs(await session.rows(JOURNAL)),
                alerts=_counts(await session.rows(ALERTS)),
                reports=_counts(reports),
                emergencies=sum(row["emergencies"] for row in reports),
                verdicts=dict(self._verdicts),
                rules=dict(self._rules),
                charters=_counts(await session.rows(CHARTERS, session.clock(), list(texts))),
                taken=_waits(times, "taken"),
                cleared=_waits(times, "cleared"),
            )

    async def _count_verdicts(self, session: Session) -> None:
        for row in await session.rows(VERDICTS, self._entry, list(_DECISIONS)):
            if row["number"] <= self._entry:
                continue  # somebody else asked at the same time
            decision = _DECISIONS[row["verb"]]
            self._verdicts[decision] += 1
            self._rules.update((decision, rule) for rule in row["codes"])
            self._entry = row["number"]


def _counts(rows: Collection[Record]) -> dict[str, int]:
    return {row["name"]: row["count"] for row in rows}


def _backlogs(rows: Collection[Record]) -> dict[str, Backlog]:
    return {row["name"]: Backlog(row["count"], row["oldest"]) for row in rows}


def _waits(rows: Collection[Record], what: str) -> Waits:
    for row in rows:
        if row["what"] == what:
            return Waits(row["count"], row["total"], tuple(row["within"]))
    return Waits()


NOW = "SELECT clock_timestamp() AS at"
QUEUED = """
SELECT channel AS name, count(*), min(put_at) AS oldest
FROM deliveries JOIN parcels USING (id) WHERE state = 'queued' GROUP BY channel
"""
DELIVERIES = "SELECT channel, state, count(*) FROM deliveries GROUP BY channel, state"
JOURNAL = """
SELECT source AS name, count(*), min(written_at) AS oldest
FROM journal WHERE done_at IS NULL GROUP BY source
"""
ALERTS = "SELECT stage AS name, count(*) FROM alerts GROUP BY stage"
REPORTS = """
SELECT stage AS name, count(*), count(*) FILTER (WHERE emergency) AS emergencies
FROM reports GROUP BY stage
"""
TIMES = """
WITH waits AS (
    SELECT 'taken' AS what, coalesce(first_taken_at, taken_at) - received_at AS wait FROM reports
    WHERE coalesce(first_taken_at, taken_at) IS NOT NULL
    UNION ALL
    SELECT 'cleared', coalesce(first_cleared_at, cleared_at) - received_at FROM reports
    WHERE coalesce(first_cleared_at, cleared_at) IS NOT NULL
)
SELECT what, count(*), sum(wait) AS total, ARRAY(
    SELECT (SELECT count(*) FROM waits w WHERE w.what = v.what AND w.wait <= lap)
    FROM unnest($1::interval[]) WITH ORDINALITY AS laps (lap, place) ORDER BY place
) AS within
FROM waits v GROUP BY what
"""
VERDICTS = """
SELECT number, verb, codes FROM audit_entries WHERE number > $1 AND verb = ANY($2) ORDER BY number
"""
# As `domain.charter.standing`, for everybody at once.
CHARTERS = """
SELECT CASE WHEN s.member IS NULL THEN 'never-signed'
            WHEN s.revoked_at <= $1 THEN 'revoked'
            WHEN NOT s.text_hash = ANY($2) THEN 'outdated'
            WHEN s.valid_until <= $1 THEN 'expired'
            ELSE 'in-force' END AS name, count(*)
FROM members m LEFT JOIN LATERAL (
    SELECT * FROM signatures WHERE member = m.id ORDER BY number DESC LIMIT 1
) s ON TRUE GROUP BY 1
"""
