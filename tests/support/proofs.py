"""Charter proofs for tests, written from the format's definition and not from the product."""

import base64
import json
import time
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

CHARTER = "fr.maillage.charter"


def unix_now() -> float:
    """What the homeserver's clock says: both run on this machine."""
    return time.time()  # noqa: TID251 - compared with the clock of a real server


@dataclass(frozen=True, slots=True)
class Signer:
    """Whoever holds a key and signs proofs with it."""

    key: Ed25519PrivateKey

    @property
    def public_key(self) -> str:
        return _base64(self.key.public_key().public_bytes_raw())

    def proof(
        self, room: str, user: str, seconds: float = 3600, version: str = "2026-1"
    ) -> dict[str, object]:
        """The signed word that this user may be in this room for so many seconds more."""
        until = int(unix_now() + seconds)
        words = json.dumps([room, user, version, until], separators=(",", ":"), ensure_ascii=False)
        sig = _base64(self.key.sign(words.encode()))
        return {"version": version, "until": until, "sig": sig}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")
