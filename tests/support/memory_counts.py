"""What is counted of the store in memory."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta

from appservice.domain.alert import Cancelled, Published
from appservice.domain.console.indicators import QUICK, Indicators
from appservice.domain.console.openly import LandCounts
from appservice.domain.ids import TradeId
from appservice.domain.member import Role
from appservice.domain.rating.periods import Scores
from appservice.domain.report import Cleared, Closed, Report, Taken
from support.memory_tables import Tables


class MemoryCounts:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.asked = 0

    async def by_territory(
        self, texts: Collection[str], now: datetime, since: datetime
    ) -> Mapping[str, LandCounts]:
        self.asked += 1
        tables = self._tables
        signed = {s.member: s for s in tables.signatures.values()}
        trades: dict[str, Counter[TradeId]] = defaultdict(Counter)
        for member in tables.members.values():
            s = signed.get(member.id)
            gone = s is None or (s.revoked_at is not None and s.revoked_at <= now)
            if member.role is not Role.MERCHANT or s is None or gone:
                continue
            if s.text_hash in texts and s.valid_until > now and member.trades:
                trades[member.territory][member.trades[0]] += 1
        alerts = Counter(
            alert.territory
            for alert in tables.alerts.values()
            if isinstance(alert.stage, Published | Cancelled) and alert.submitted_at >= since
        )
        reports = Counter(r.territory for r in tables.reports.values() if r.received_at >= since)
        return {
            land: LandCounts(dict(trades[land]), alerts[land], reports[land])
            for land in {*trades, *alerts, *reports}
        }

    async def indicators(
        self, texts: Collection[str], now: datetime, since: datetime
    ) -> Mapping[str, Indicators]:
        lands = await self.by_territory(texts, now, since)
        merchants = [m for m in self._tables.members.values() if m.role is Role.MERCHANT]
        waits: dict[str, list[timedelta]] = defaultdict(list)
        for report in self._tables.reports.values():
            at = self._tables.first_taken.get(report.id, taken_at(report))
            if at is not None and report.received_at >= since:
                waits[report.territory].append(at - report.received_at)
        return {
            land: Indicators(
                sum(m.territory == land for m in merchants),
                sum(lands[land].merchants.values()) if land in lands else 0,
                sum(m.territory == land and m.trained is not None for m in merchants),
                lands[land].alerts if land in lands else 0,
                lands[land].reports if land in lands else 0,
                len(waits[land]),
                _centile(waits[land], 0.5),
                _centile(waits[land], 0.9),
                sum(wait <= QUICK for wait in waits[land]),
            )
            for land in {*lands, *(m.territory for m in merchants)}
        }

    async def ratings(self) -> Mapping[str, Mapping[date, Scores]]:
        found: dict[str, dict[date, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))
        for rating in self._tables.ratings.values():
            land = self._tables.reports[rating.report].territory
            found[land][rating.month][rating.score] += 1
        return {
            land: {month: (of[1], of[2], of[3], of[4], of[5]) for month, of in months.items()}
            for land, months in found.items()
        }


def taken_at(report: Report) -> datetime | None:
    match report.stage:
        case Taken(at=at):
            return at
        case Cleared(taken_at=at) | Closed(taken_at=at):
            return at
        case _:
            return None


def _centile(waits: list[timedelta], share: float) -> timedelta:
    """As PostgreSQL's percentile_cont: between the two nearest."""
    if not waits:
        return timedelta(0)
    place, ordered = share * (len(waits) - 1), sorted(waits)
    low = ordered[int(place)]
    high = ordered[min(int(place) + 1, len(waits) - 1)]
    return low + (high - low) * (place - int(place))
