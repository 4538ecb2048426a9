"""Who did what when, never content: a chain of salted commitments."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Act:
    """One act. `subject` names a case by its reference; `codes` are rule or error codes."""

    actor: str  # member id, `operator` or `service`
    verb: str
    subject: str
    at: datetime
    codes: tuple[str, ...] = ()
    territory: str = ""  # whose auditor may read it; empty: of the installation itself


@dataclass(frozen=True, slots=True)
class Question:
    """Which acts are asked for; whatever is empty is not asked."""

    territory: str = ""
    verbs: tuple[str, ...] = ()
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None  # not included
    before: int | None = None  # entries with a lower number

    @property
    def codes(self) -> tuple[str, ...]:
        """For the act that reading is."""
        return (
            *(f"act:{verb}" for verb in self.verbs),
            *((f"about:{self.subject}",) if self.subject else ()),
            *((f"since:{self.since:%Y-%m-%d}",) if self.since else ()),
            *((f"until:{self.until:%Y-%m-%d}",) if self.until else ()),
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """An act in the chain. Without its salt an act can't be guessed from its commitment.

    The act and its salt may be forgotten once their time is over: the chain still holds.
    """

    number: int
    commitment: str
    previous: str
    hash: str
    act: Act | None = None
    salt: str | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The service's word that the chain ended in `hash` at entry `number` at that time."""

    number: int
    hash: str
    at: datetime
    seal: str = ""  # Ed25519 over `checkpoint_bytes`, unpadded base64


def link(number: int, act: Act, salt: str, previous: str) -> Entry:
    """The entry that follows `previous` (the hash of the one before, GENESIS for the first)."""
    commitment = commit(act, salt)
    return Entry(number, commitment, previous, chain(number, previous, commitment), act, salt)


def commit(act: Act, salt: str) -> str:
    """What binds us to the act without telling it."""
    words = [act.actor, act.verb, act.subject, _utc(act.at), list(act.codes)]
    if act.territory:  # entries of before there were any hold as they are
        words.append(act.territory)
    text = json.dumps([salt, *words], separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def chain(number: int, previous: str, commitment: str) -> str:
    """The hash of an entry, which the next one names."""
    return hashlib.sha256(f"{number}\n{previous}\n{commitment}".encode()).hexdigest()


def checkpoint_bytes(number: int, digest: str, at: datetime) -> bytes:
    """What the service's key signs."""
    words = ["maillage-audit", number, digest, _utc(at)]
    return json.dumps(words, separators=(",", ":")).encode()


def faults(entries: Iterable[Entry]) -> list[str]:
    """What is wrong with a chain that should begin at entry 1, in French; empty when it holds."""
    found: list[str] = []
    number, previous = 0, GENESIS
    for entry in entries:
        if entry.number != number + 1:
            found.append(f"Entrée {number + 1} : absente ou déplacée (suit l'entrée {number}).")
        elif entry.previous != previous:
            found.append(f"Entrée {entry.number} : ne suit pas l'entrée {number}.")
        if entry.hash != chain(entry.number, entry.previous, entry.commitment):
            found.append(f"Entrée {entry.number} : empreinte fausse.")
        if entry.act is not None and entry.commitment != commit(entry.act, entry.salt or ""):
            found.append(f"Entrée {entry.number} : l'acte a été modifié.")
        number, previous = entry.number, entry.hash
    return found


def _utc(at: datetime) -> str:
    """One spelling for one moment, whatever zone it comes back in."""
    return at.astimezone(UTC).isoformat()
