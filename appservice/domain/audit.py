"""Who did what when, never content: a chain of salted commitments."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Act:
    """One act. `subject` names a case by its reference; `codes` are rule or error codes."""

    actor: str  # member id, `operator` or `service`
    verb: str
    subject: str
    at: datetime
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """An act in the chain. Without its salt an act can't be guessed from its commitment."""

    number: int
    act: Act
    salt: str
    previous: str
    hash: str


def link(number: int, act: Act, salt: str, previous: str) -> Entry:
    """The entry that follows `previous` (the hash of the one before, GENESIS for the first)."""
    commitment = hashlib.sha256((salt + _canonical(act)).encode()).hexdigest()
    digest = hashlib.sha256(f"{number}\n{previous}\n{commitment}".encode()).hexdigest()
    return Entry(number, act, salt, previous, digest)


def _canonical(act: Act) -> str:
    return json.dumps(
        [act.actor, act.verb, act.subject, act.at.isoformat(), list(act.codes)],
        separators=(",", ":"),
        ensure_ascii=False,
    )
