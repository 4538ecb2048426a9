"""An account that somebody says is theirs, until a code that came to it proves it."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from appservice.domain.ids import UserId

CLAIM_LASTS = timedelta(minutes=10)
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Claim:
    """One at a time for a page of first steps; a newer one takes its place."""

    user: UserId
    asked_at: datetime
    is_over: bool = False  # it served, or must not serve any more

    def is_open(self, now: datetime) -> bool:
        """Derived, so that no clock has to write it down."""
        return not self.is_over and now < self.asked_at + CLAIM_LASTS


def code_of(token: str, claim: Claim) -> str:
    """What the account is shown. Kept nowhere: only the page's token makes it again."""
    words = f"account\n{claim.user}\n{claim.asked_at.timestamp():.6f}".encode()
    drawn = int.from_bytes(hmac.digest(token.encode(), words, "sha256"))
    return f"{drawn % 10**_DIGITS:0{_DIGITS}}"


def as_shown(code: str) -> str:
    """In two groups, as it is read aloud."""
    half = _DIGITS // 2
    return f"{code[:half]} {code[half:]}"
