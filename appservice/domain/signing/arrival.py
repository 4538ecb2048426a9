"""What follows a signature: a page, for a while, that leads one person to their first message."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from appservice.domain.ids import MemberId, UserId

AFTER_SIGNING = timedelta(days=1)
"""Signed at the counter, read again in the evening: the link is on a paper that lies about."""
ON_PAPER = timedelta(days=7)
"""For a page that the mairie hands over anew."""

_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""Those that nobody takes for another: 31 of them."""
_LENGTH, _GROUP = 12, 4  # 59 bits, behind the homeserver's own limit of tries
_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Arrival:
    """Only a digest of its token is kept, and nothing that its password could be made from."""

    digest: bytes
    member: MemberId
    by: str  # member id or `operator`
    made_at: datetime
    until: datetime
    resets: bool = False  # the mairie was told that the password is lost
    user: UserId | None = None  # the account that the service opens for them
    given_at: datetime | None = None  # since when its password is the one that this link makes
    revoked_at: datetime | None = None  # or replaced

    def is_open(self, now: datetime) -> bool:
        """Derived, so that no clock has to write it down."""
        return self.revoked_at is None and now < self.until


def account_name(secret: str) -> str:
    """A localpart that says nothing of anybody, and is typed on a telephone without a mistake."""
    return f"m{_number(secret.encode()) % 10**_DIGITS:0{_DIGITS}}"


def password_of(token: str, user: UserId) -> str:
    """Always the same for a link and an account: whoever was interrupted finds it again.

    It is kept nowhere. Without the token, of which a digest alone is kept, it can't be made.
    """
    rest = int.from_bytes(hmac.digest(token.encode(), f"password\n{user}".encode(), "sha256"))
    drawn = []
    for _ in range(_LENGTH):
        rest, place = divmod(rest, len(_LETTERS))
        drawn.append(_LETTERS[place])
    parts = ("".join(drawn[at : at + _GROUP]) for at in range(0, _LENGTH, _GROUP))
    return "-".join(parts)


def _number(secret: bytes) -> int:
    return int.from_bytes(hashlib.sha256(secret).digest())
