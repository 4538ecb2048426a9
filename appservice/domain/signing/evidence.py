"""What proves who signed a charter, beside the signature."""

import hashlib
import json
from dataclasses import dataclass

from appservice.domain.territory import slug

BOXES = ("read", "professional")
"""What is ticked one by one; every box is needed."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What else was gathered from whoever signed: sealed at rest, its hash is in the signature.

    `salt` keeps the hash from telling a name to whoever tries names.
    """

    name: str  # as they typed it
    boxes: tuple[str, ...]
    proof: str  # `sms`, or `handed`: the code came from the mairie's own hand
    number_end: str  # last two digits; empty when the code was handed
    language: str  # of the page around the French text
    salt: str

    @property
    def payload(self) -> bytes:
        """Canonical JSON, what the hash is of."""
        words = {
            "boxes": list(self.boxes),
            "language": self.language,
            "name": self.name,
            "number_end": self.number_end,
            "proof": self.proof,
            "salt": self.salt,
        }
        return json.dumps(
            words, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        ).encode()

    @property
    def hash(self) -> str:
        """SHA-256 of `payload`, in hexadecimal."""
        return hashlib.sha256(self.payload).hexdigest()


def evidence_from(payload: bytes) -> Evidence:
    """What `Evidence.payload` wrote."""
    words = json.loads(payload)
    return Evidence(
        name=words["name"],
        boxes=tuple(words["boxes"]),
        proof=words["proof"],
        number_end=words["number_end"],
        language=words["language"],
        salt=words["salt"],
    )


def is_same_name(typed: str, enrolled: str) -> bool:
    """Whatever the order, the capitals and the accents."""
    return sorted(slug(typed).split("-")) == sorted(slug(enrolled).split("-"))
