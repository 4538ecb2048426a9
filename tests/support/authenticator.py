"""A device that makes passkeys, in a few lines of the standard: what it says can be bent."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """One key of one site. Every field may be changed before it answers."""

    origin: str
    site: str
    flags: int = PRESENT | VERIFIED
    count: int = 0
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def makes(self, options: dict[str, Any]) -> str:
        """What `navigator.credentials.create` gives, as JSON."""
        client = self._client("webauthn.create", options["challenge"])
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, **self._point()})
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cose
        data = self._data(self.flags | ATTESTED) + attested
        statement = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._said({"clientDataJSON": text(client), "attestationObject": text(statement)})

    def signs(self, options: dict[str, Any]) -> str:
        """What `navigator.credentials.get` gives, as JSON."""
        self.count += 1
        client = self._client("webauthn.get", options["challenge"])
        data = self._data(self.flags)
        said = data + hashlib.sha256(client).digest()
        response = {
            "clientDataJSON": text(client),
            "authenticatorData": text(data),
            "signature": text(self.key.sign(said, ec.ECDSA(hashes.SHA256()))),
        }
        return self._said(response)

    def _said(self, response: dict[str, str]) -> str:
        name = text(self.id)
        whole = {"id": name, "rawId": name, "type": "public-key", "response": response}
        return json.dumps(whole)

    def _client(self, what: str, challenge: str) -> bytes:
        return json.dumps(
            {"type": what, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        ).encode()

    def _data(self, flags: int) -> bytes:
        site = hashlib.sha256(self.site.encode()).digest()
        return site + bytes([flags]) + self.count.to_bytes(4, "big")

    def _point(self) -> dict[int, bytes]:
        numbers = self.key.public_key().public_numbers()
        return {-2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
