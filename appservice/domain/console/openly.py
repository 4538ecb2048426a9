"""Counts that everybody may read: none so small that it tells of somebody."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from appservice.domain.ids import TradeId

FEWEST = 11
"""A smaller count is not shown. Insee shows none under 11 for households (fiscal sources), nor
under 3 for companies; a shop is often one person, so the stricter of the two holds."""
STEP = 5
"""Counts are rounded to it: two days' difference, or a total less its parts, tells of nobody."""
OVER = timedelta(days=30)
"""What alerts and reports are counted over: as long as reports are kept."""
EVERY = timedelta(days=1)
"""How often they are counted anew."""


@dataclass(frozen=True, slots=True)
class LandCounts:
    """Of one territory, exact: never shown as they are."""

    merchants: Mapping[TradeId, int] = field(default_factory=dict)  # in force, by home trade
    alerts: int = 0  # published over OVER
    reports: int = 0  # received over OVER


@dataclass(frozen=True, slots=True)
class OpenCounts:
    """Of one territory, fit to be shown; None is a number under FEWEST."""

    merchants: int | None
    trades: Mapping[TradeId, int | None]
    alerts: int | None
    reports: int | None


def fit(count: int) -> int | None:
    """Rounded to STEP, or nothing."""
    return None if count < FEWEST else STEP * ((count + STEP // 2) // STEP)


def opened(counts: LandCounts) -> OpenCounts:
    """What may be shown of these."""
    return OpenCounts(
        merchants=fit(sum(counts.merchants.values())),
        trades={trade: fit(count) for trade, count in counts.merchants.items()},
        alerts=fit(counts.alerts),
        reports=fit(counts.reports),
    )
