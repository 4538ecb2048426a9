"""What whoever reported says of a closing: a rating from 1 to 5, and a comment."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from appservice.domain.ids import ReportId

LOWEST, HIGHEST = 1, 5
_PARIS = ZoneInfo("Europe/Paris")


@dataclass(frozen=True, slots=True)
class Rating:
    """Of one closing: a report that is reopened and closed again is rated again."""

    report: ReportId
    closed_at: datetime  # which closing
    month: date  # its first day: when it was first given, which is all that outlives the case
    score: int  # LOWEST to HIGHEST
    comment: str = ""  # sealed at rest with the case


def month_of(at: datetime) -> date:
    """The first day of the month that calendars there show."""
    return at.astimezone(_PARIS).date().replace(day=1)
