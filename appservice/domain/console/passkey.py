"""Passkeys: what a device proves itself with, once its owner gave it a finger, a face or a PIN."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from appservice.domain.console.account import AccountId

MOST = 10
"""Of one account: phones, computers, a key in a safe."""
CHALLENGE_LASTS = timedelta(minutes=10)
_TIME = 8  # bytes of a challenge


@dataclass(frozen=True, slots=True)
class Passkey:
    """A public key, which is nobody's secret; the private one never leaves the device."""

    id: bytes  # chosen by the device
    account: AccountId
    public_key: bytes  # as COSE writes it
    name: str  # as its owner calls it
    added: datetime
    count: int = 0  # signatures, as the device counts them; many never count
    used: datetime | None = None


def challenge_at(secret: str, at: datetime) -> bytes:
    """What the device must sign: of the browser that holds the secret, and of that time."""
    time = int(at.timestamp()).to_bytes(_TIME)
    return time + hmac.digest(secret.encode(), b"passkey" + time, "sha256")


def is_of_now(challenge: bytes, now: datetime) -> bool:
    """Whether the challenge was asked in the last minutes."""
    asked = datetime.fromtimestamp(int.from_bytes(challenge[:_TIME]), UTC)
    return timedelta(0) <= now - asked < CHALLENGE_LASTS
