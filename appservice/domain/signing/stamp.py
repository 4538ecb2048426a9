"""A time-stamp (RFC 3161): an authority's word that a signed record existed at a moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from appservice.domain.charter import Signature

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Stamp:
    """One that was asked for. Without a token it is still awaited, and `code` says why."""

    signature: Signature
    asked_at: datetime
    tries: int = 0
    code: str = ""  # of the last failure
    token: bytes | None = None  # the authority's whole answer, in DER
    at: datetime | None = None  # as the authority says
    authority: str = ""  # the name in its certificate

    def next_try(self, now: datetime) -> datetime:
        """Later and later: an authority that is down is not hammered."""
        wait: timedelta = FIRST_WAIT * 2 ** min(self.tries, 10)
        return now + min(wait, LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class Stamped:
    """An answer that was verified."""

    token: bytes
    at: datetime
    authority: str
