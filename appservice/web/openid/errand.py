"""What a browser carries to its organisation and back: one secret, and where to go afterwards."""

import base64
import hmac
from dataclasses import dataclass
from urllib.parse import quote, unquote

LASTS = 600
"""Seconds in which to come back."""


@dataclass(frozen=True, slots=True)
class Errand:
    """State, nonce and PKCE verifier all come from the secret that the browser's cookie holds.

    So the answer is good in the browser that asked, and nothing is kept here meanwhile.
    """

    secret: str
    onward: str
    fresh: bool = False  # a proof of this very moment is wanted

    @property
    def state(self) -> str:
        """RFC 6749, 10.12: the answer is to a question of this browser."""
        return self._derived(b"state")

    @property
    def nonce(self) -> str:
        """OpenID Connect Core, 3.1.2.1: the signed word is said on this occasion."""
        return self._derived(b"nonce")

    @property
    def verifier(self) -> str:
        """RFC 7636: the code is of use to this browser alone."""
        return self._derived(b"verifier")

    @property
    def cookie(self) -> str:
        """What the browser keeps."""
        return f"{self.secret}.{int(self.fresh)}.{quote(self.onward, safe='')}"

    def _derived(self, what: bytes) -> str:
        digest = hmac.digest(self.secret.encode(), what, "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def errand_of(cookie: str) -> Errand | None:
    """The errand of that cookie; None when it holds none."""
    secret, dot, rest = cookie.partition(".")
    fresh, other, onward = rest.partition(".")
    if not (secret and dot and other) or fresh not in ("0", "1"):
        return None
    return Errand(secret, unquote(onward), fresh == "1")
