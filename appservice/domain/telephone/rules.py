"""How a territory texts: its quiet hours, and whether accents give way to the price."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

PARIS = "Europe/Paris"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begins` to `ends`, over midnight if need be, by the clocks of `zone`."""

    begins: time = time(22)
    ends: time = time(7)
    zone: str = PARIS

    def until(self, at: datetime) -> datetime | None:
        """When the quiet hours that hold at that moment end, in UTC; None outside them."""
        here = at.astimezone(ZoneInfo(self.zone))
        now = here.time()
        if self.begins <= self.ends:
            quiet, tomorrow = self.begins <= now < self.ends, False
        else:
            tomorrow = now >= self.begins
            quiet = tomorrow or now < self.ends
        if not quiet:
            return None
        day = here.date() + timedelta(days=int(tomorrow))
        return datetime.combine(day, self.ends, ZoneInfo(self.zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class TextRules:
    """`quiet` is None where texts leave at any hour.

    `gsm7_only`: « ê » is sent as « e », so that an alert stays one SMS; otherwise accents are
    kept, and one of them may make three SMS of it.
    """

    quiet: QuietHours | None = QuietHours()
    gsm7_only: bool = True
