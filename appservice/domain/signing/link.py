"""The link by which somebody signs their charter, once, and the code that proves it is them."""

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from appservice.domain.ids import MemberId

LINK_LASTS = timedelta(days=14)
"""A letter comes, lies on a counter, and is opened on a quiet day."""
CODE_LASTS = timedelta(minutes=10)
CODE_EVERY = timedelta(minutes=1)
MOST_CODES = 5
"""Texts that one link may ask for; then the mairie makes another link."""
MOST_TRIES = 5
"""Wrong codes before a code is void: with MOST_CODES, 25 guesses in a million."""
DONE_LASTS = timedelta(hours=1)
"""For which whoever signed sees their receipt, and a form sent twice is sent once."""

State = Literal["open", "used", "revoked", "expired", "locked"]
Verdict = Literal["right", "wrong", "void", "none"]


@dataclass(frozen=True, slots=True)
class Code:
    """Six digits on their way to whoever signs. Only a digest, keyed by the link, is kept."""

    digest: bytes
    until: datetime
    tries: int = 0

    def is_void(self, now: datetime) -> bool:
        """Too old, or guessed at too often."""
        return now >= self.until or self.tries >= MOST_TRIES


@dataclass(frozen=True, slots=True)
class SigningLink:
    """What the mairie hands on, on paper. Only a digest of its token is kept."""

    digest: bytes
    member: MemberId
    by: str  # member id or `operator`
    made_at: datetime
    until: datetime
    readmits: bool = False  # made for somebody whom the mairie had put out
    handed: bool = False  # the code was given by hand: there is no telephone to send one to
    code: Code | None = None
    sent: int = 0  # codes, by text
    sent_at: datetime | None = None  # the last of them
    used_at: datetime | None = None
    revoked_at: datetime | None = None  # or replaced

    def state(self, now: datetime) -> State:
        """Derived, so that no clock has to write it down."""
        if self.used_at is not None:
            return "used"
        if self.revoked_at is not None:
            return "revoked"
        if now >= self.until:
            return "expired"
        return "locked" if self._is_locked(now) else "open"

    def _is_locked(self, now: datetime) -> bool:
        """No code is left to try, and none may be sent."""
        spent = self.handed or self.sent >= MOST_CODES
        return spent and self.code is not None and self.code.is_void(now)

    def may_send(self, now: datetime) -> bool:
        """Whether another code may leave by now."""
        waited = self.sent_at is None or now >= self.sent_at + CODE_EVERY
        return not self.handed and self.sent < MOST_CODES and waited

    def with_code(self, digest: bytes, now: datetime) -> "SigningLink":
        """Once another code has left; the former one is void."""
        code = Code(digest, now + CODE_LASTS)
        return replace(self, code=code, sent=self.sent + 1, sent_at=now)

    def judge(self, given: bytes, now: datetime) -> Verdict:
        """What that digest of a code is worth."""
        if self.code is None:
            return "none"
        if self.code.is_void(now):
            return "void"
        return "right" if hmac.compare_digest(given, self.code.digest) else "wrong"

    def tried(self) -> "SigningLink":
        """Once a wrong code was given."""
        code = self.code
        return replace(self, code=replace(code, tries=code.tries + 1) if code else None)

    def is_done_again(self, given: bytes, now: datetime) -> bool:
        """Whether the form that was accepted a short while ago comes in once more."""
        used, code = self.used_at, self.code
        if used is None or code is None or now >= used + DONE_LASTS:
            return False
        return hmac.compare_digest(given, code.digest)


def code_digest(token: str, code: str) -> bytes:
    """Keyed by the link's token, which is kept nowhere: a million codes can't be tried on it."""
    return hmac.digest(token.encode(), code.encode(), "sha256")


def six_digits(secret: str) -> str:
    """A code drawn from a secret of 256 bits: each is as likely as another."""
    return f"{int.from_bytes(hashlib.sha256(secret.encode()).digest()) % 1_000_000:06}"
