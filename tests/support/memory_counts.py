"""What is counted of the store in memory."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from appservice.domain.alert import Cancelled, Published
from appservice.domain.console.openly import LandCounts
from appservice.domain.ids import TradeId
from appservice.domain.member import Role
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
