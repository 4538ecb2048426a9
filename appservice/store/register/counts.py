"""What is counted of each territory, in SQL: merchants in force, alerts, reports, ratings."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime

from asyncpg import Record

from appservice.domain.console.indicators import QUICK, Indicators
from appservice.domain.console.openly import LandCounts
from appservice.domain.ids import TradeId
from appservice.domain.member import Role
from appservice.domain.rating.periods import Scores
from appservice.store.session import Database


class PgCounts:
    """Implements `ports.Counted`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_territory(
        self, texts: Collection[str], now: datetime, since: datetime
    ) -> Mapping[str, LandCounts]:
        async with self._database.session() as session:
            merchants = await session.rows(MERCHANTS, Role.MERCHANT.value, list(texts), now)
            alerts = {r["territory"]: r["count"] for r in await session.rows(ALERTS, since)}
            reports = {r["territory"]: r["count"] for r in await session.rows(REPORTS, since)}
        lands = {row["territory"] for row in merchants} | set(alerts) | set(reports)
        return {
            land: LandCounts(
                {TradeId(r["trade"]): r["count"] for r in merchants if r["territory"] == land},
                alerts.get(land, 0),
                reports.get(land, 0),
            )
            for land in lands
        }

    async def indicators(
        self, texts: Collection[str], now: datetime, since: datetime
    ) -> Mapping[str, Indicators]:
        lands = await self.by_territory(texts, now, since)
        async with self._database.session() as session:
            enrolled = await session.rows(ENROLLED, Role.MERCHANT.value)
            taken = await session.rows(TAKEN, since, QUICK)
        people = {row["territory"]: row for row in enrolled}
        times = {row["territory"]: row for row in taken}
        return {
            land: _indicators(lands.get(land, LandCounts()), people.get(land), times.get(land))
            for land in {*lands, *people}
        }

    async def ratings(self) -> Mapping[str, Mapping[date, Scores]]:
        async with self._database.session() as session:
            rows = await session.rows(RATINGS)
        found: dict[str, dict[date, Scores]] = {}
        for row in rows:
            one, two, three, four, five = row["scores"]
            found.setdefault(row["territory"], {})[row["month"]] = (one, two, three, four, five)
        return found


def _indicators(counts: LandCounts, people: Record | None, times: Record | None) -> Indicators:
    found = Indicators(
        merchants=people["count"] if people else 0,
        in_force=sum(counts.merchants.values()),
        trained=people["trained"] if people else 0,
        alerts=counts.alerts,
        reports=counts.reports,
    )
    if times is None:
        return found
    return replace(
        found,
        taken=times["count"],
        median=times["median"],
        ninth=times["ninth"],
        quick=times["quick"],
    )


MERCHANTS = """
SELECT m.territory, m.trades[1] AS trade, count(*) FROM members m JOIN LATERAL (
    SELECT * FROM signatures WHERE member = m.id ORDER BY number DESC LIMIT 1
) s ON s.text_hash = ANY ($2) AND s.valid_until > $3
    AND (s.revoked_at IS NULL OR s.revoked_at > $3)
WHERE m.role = $1 AND cardinality(m.trades) > 0 GROUP BY 1, 2
"""
ALERTS = """
SELECT territory, count(*) FROM alerts
WHERE stage IN ('published', 'cancelled') AND submitted_at >= $1 GROUP BY 1
"""
REPORTS = "SELECT territory, count(*) FROM reports WHERE received_at >= $1 GROUP BY 1"
ENROLLED = """
SELECT territory, count(*), count(trained_on) AS trained FROM members WHERE role = $1 GROUP BY 1
"""
TAKEN = """
SELECT territory, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY wait) AS median,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY wait) AS ninth,
    count(*) FILTER (WHERE wait <= $2) AS quick
FROM (SELECT territory, coalesce(first_taken_at, taken_at) - received_at AS wait FROM reports
      WHERE received_at >= $1 AND coalesce(first_taken_at, taken_at) IS NOT NULL) waits
GROUP BY 1
"""
RATINGS = """
SELECT territory, month, ARRAY[
    count(*) FILTER (WHERE score = 1), count(*) FILTER (WHERE score = 2),
    count(*) FILTER (WHERE score = 3), count(*) FILTER (WHERE score = 4),
    count(*) FILTER (WHERE score = 5)
] AS scores
FROM ratings GROUP BY territory, month
"""
