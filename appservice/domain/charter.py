"""Charters, signatures, and whether a member's charter is in force: derived, never stored."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from appservice.domain.ids import MemberId


@dataclass(frozen=True, slots=True)
class Former:
    """The text that came just before: whoever signed it has until then to sign the new one."""

    text_hash: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Charter:
    """One version of a charter: the exact text that is shown, signed and stored (S0-04)."""

    id: str  # `charte-commercants`
    version: str  # `2026-1`
    title: str
    text: str
    valid_for: timedelta
    former: Former | None = None  # none: a new text is to be signed at once

    def texts(self, now: datetime) -> frozenset[str]:
        """Hashes of the texts that somebody may have signed."""
        former = self.former
        if former is None or now >= former.until:
            return frozenset({self.hash})
        return frozenset({self.hash, former.text_hash})

    @property
    def hash(self) -> str:
        """SHA-256 of the text's UTF-8 bytes, in hexadecimal."""
        return _sha256(self.text)


@lru_cache(maxsize=64)
def _sha256(text: str) -> str:
    # A plan asks for each of a hundred thousand members.
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Signature:
    """A member's signature (eIDAS art. 25: simple; Code civil art. 1366–1367)."""

    member: MemberId
    charter: str
    version: str
    text_hash: str
    signed_at: datetime
    valid_until: datetime
    seal: str = ""  # Ed25519 over `sign_bytes`, unpadded base64
    revoked_at: datetime | None = None
    evidence: str = ""  # SHA-256 of `signing.Evidence`, when it was signed in the browser


@dataclass(frozen=True, slots=True)
class InForce:
    """The member may take part until then."""

    until: datetime
    version: str


@dataclass(frozen=True, slots=True)
class NotInForce:
    """The member may not take part; `reason` is a stable code."""

    reason: str  # never-signed | outdated | expired | revoked

    @property
    def french(self) -> str:
        """What the person is told."""
        return _REASONS[self.reason]


_REASONS: Mapping[str, str] = {
    "never-signed": "La charte n'a pas été signée.",
    "outdated": "Une nouvelle version de la charte doit être signée.",
    "expired": "La signature de la charte est arrivée à échéance.",
    "revoked": "La participation a été retirée par la mairie.",
}


def standing(signature: Signature | None, charter: Charter, now: datetime) -> InForce | NotInForce:
    """Whether the charter is in force for whoever gave that signature."""
    if signature is None or signature.charter != charter.id:
        return NotInForce("never-signed")
    if signature.revoked_at is not None and signature.revoked_at <= now:
        return NotInForce("revoked")
    if signature.text_hash not in charter.texts(now):
        return NotInForce("outdated")
    if signature.valid_until <= now:
        return NotInForce("expired")
    until = signature.valid_until
    if charter.former is not None and signature.text_hash != charter.hash:
        until = min(until, charter.former.until)
    return InForce(until, signature.version)


def sign_bytes(signature: Signature) -> bytes:
    """What the service's Ed25519 key signs: canonical JSON of who, which text, when."""
    words = {
        "charter": signature.charter,
        "member": signature.member,
        "signed_at": signature.signed_at.isoformat(),
        "text_sha256": signature.text_hash,
        "valid_until": signature.valid_until.isoformat(),
        "version": signature.version,
    }
    if signature.evidence:
        words["evidence_sha256"] = signature.evidence
    return json.dumps(words, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def proof_bytes(room: str, user: str, version: str, until: int) -> bytes:
    """What a membership proof signs; `synapse-config/charter_gate.py` verifies the same bytes.

    `until` is in seconds since the epoch.
    """
    return json.dumps(
        [room, user, version, until], separators=(",", ":"), ensure_ascii=False
    ).encode()
