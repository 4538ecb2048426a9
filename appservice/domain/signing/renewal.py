"""A participation that ends is told of ahead: the ladder of reminders."""

from datetime import datetime, timedelta

LADDER = (timedelta(days=30), timedelta(days=15), timedelta(days=3))
"""Before the end."""


def rung(signed_at: datetime, until: datetime, now: datetime) -> timedelta | None:
    """The reminder that is due by now, the last one passed; None before the first and at the end.

    A charter that is signed for twenty days begins with the second rung, fifteen days ahead.
    """
    if now >= until:
        return None
    return min((step for step in LADDER if signed_at < until - step <= now), default=None)
