"""What a channel's answer means for a parcel."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never

from appservice.domain.delivery import QUIET, Claimed, Kind, Parcel, Settled, State
from appservice.flows.departure.obstacles import Given, Later
from bridges.protocol import Accepted, Outcome, Rejected, Throttled, Unknown

LATER = timedelta(seconds=5)
_LONGEST = timedelta(minutes=5)

Fate = Outcome | Given | Later
"""What the channel answered, or why it was not asked."""


def settled(claimed: Claimed, outcome: Fate, now: datetime) -> Settled:
    """What the ledger is told."""
    match outcome:
        case Accepted(provider_id=name, detail=detail):
            sent = _as_sent(claimed, outcome)
            return Settled(claimed, State.ACCEPTED, now, name, detail=detail, sent=sent)
        case Throttled(after=after, code=code):
            retry_at = now + timedelta(seconds=after)
            return Settled(claimed, State.QUEUED, now, retry_at=retry_at, code=code)
        case Rejected(code=code) | Given(code=code):
            return Settled(claimed, State.FAILED, now, code=code)
        case Later(until=until):
            return Settled(claimed, State.QUEUED, now, retry_at=until, code=QUIET)
        case Unknown(code=code, detail=detail):
            sent = _as_sent(claimed, outcome)
            return Settled(claimed, State.UNKNOWN, now, code=code, detail=detail, sent=sent)
        case _:
            assert_never(outcome)


def unreached(parcel: Parcel, outcome: Fate) -> Sequence[str]:
    """People whom the channel can't reach may be reached another way."""
    if parcel.kind is not Kind.POST:
        return ()
    match outcome:
        case Rejected() if not parcel.to_group:
            return [parcel.target]
        case Accepted(failed=failed):
            return list(failed)
        case _:
            return ()


def _as_sent(claimed: Claimed, outcome: Accepted | Unknown) -> str | None:
    return outcome.sent if outcome.sent != claimed.parcel.body else None


def not_ready(claimed: Claimed) -> Throttled:
    """Something failed before the channel was asked: longer and longer waits, for it alone."""
    wait = min(LATER * (1 << min(claimed.attempts, 10)), _LONGEST)
    return Throttled(wait.total_seconds(), "not-ready", alone=True)
