"""What a territory is watched by: totals and times, in which nobody is named."""

from dataclasses import dataclass
from datetime import timedelta

QUICK = timedelta(minutes=5)
"""Within which a report should be taken up."""


@dataclass(frozen=True, slots=True)
class Indicators:
    """Of one territory; what happened is counted over `openly.OVER`."""

    merchants: int = 0  # in the register
    in_force: int = 0  # of them, who may take part
    trained: int = 0
    alerts: int = 0  # published
    reports: int = 0  # received
    taken: int = 0  # of them, taken up
    median: timedelta = timedelta(0)  # from receipt until somebody takes it, when any was
    ninth: timedelta = timedelta(0)  # nine of ten took no longer
    quick: int = 0  # taken within QUICK

    @property
    def quick_share(self) -> int:
        """In per cent of those that were taken."""
        return round(100 * self.quick / self.taken) if self.taken else 0
