"""The audit chain, in SQL: appended one at a time, signed at checkpoints, exported."""

import base64
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from asyncpg import Record
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appservice.domain.audit import (
    GENESIS,
    Act,
    Checkpoint,
    Entry,
    Question,
    checkpoint_bytes,
    faults,
    link,
)
from appservice.flows.ports import NewId, Seals
from appservice.store.session import Database, Session

PAGE = 1000


class PgActs:
    """Implements `ports.Acts`: acts gather, and are chained when their transaction commits."""

    def __init__(self, session: Session, new_id: NewId) -> None:
        self._session = session
        self._new_id = new_id
        self._acts: list[Act] = []

    async def append(self, act: Act) -> None:
        self._acts.append(act)

    async def write(self) -> None:
        """The last thing before the commit: the chain's lock is held for as short as can be."""
        if not self._acts:
            return
        await self._session.run(ALONE)
        last = await self._session.row(LAST)
        before, previous = (last["number"], last["hash"]) if last else (0, GENESIS)
        rows: list[tuple[object, ...]] = []
        for number, act in enumerate(self._acts, before + 1):
            entry = link(number, act, self._new_id(), previous)
            previous = entry.hash
            rows.append(_values(entry, act))
        await self._session.run_each(APPEND, rows)
        self._acts.clear()

    async def read(self, asked: Question, size: int) -> Sequence[Entry]:
        rows = await self._session.rows(
            READ,
            asked.territory,
            list(asked.verbs),
            asked.subject,
            asked.since,
            asked.until,
            asked.before,
            size,
        )
        return [_entry({**row, "at": row["at"].isoformat()}) for row in rows]


class Audit:
    """What is done with the chain besides appending to it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def checkpoint(self, seals: Seals, now: datetime) -> Checkpoint | None:
        """Sign where the chain stands; nothing when nothing was added since the last time."""
        async with self._database.transaction() as session:
            await session.run(ALONE)
            last = await session.row(UNSEALED)
            if last is None:
                return None
            number, digest = last["number"], last["hash"]
            seal = seals.sign(checkpoint_bytes(number, digest, now))
            await session.run(SEAL, number, digest, now, seal)
        return Checkpoint(number, digest, now, seal)

    async def forget(self, before: datetime) -> None:
        """Erase older acts. Their commitments stay, so that the chain still holds."""
        async with self._database.session() as session:
            await session.run(FORGET, before)

    async def export(self, territory: str = "") -> AsyncIterator[str]:
        """The whole log as JSON lines, entries then checkpoints: `read_export` takes it back.

        For one territory, acts of the others are as forgotten ones are: the chain holds.
        """
        after = 0
        async with self._database.session() as session:
            while rows := await session.rows(ENTRIES, after, PAGE):
                for row in rows:
                    yield _entry_line(row, territory)
                after = rows[-1]["number"]
            for row in await session.rows(CHECKPOINTS):
                yield json.dumps({**row, "at": row["at"].isoformat()})


def read_export(lines: Iterable[str]) -> tuple[list[Entry], list[Checkpoint]]:
    """What `Audit.export` wrote. Raises ValueError with the number of a line that isn't so."""
    entries: list[Entry] = []
    checkpoints: list[Checkpoint] = []
    for number, line in enumerate(lines, 1):
        try:
            words = json.loads(line)
            if "seal" in words:
                at = datetime.fromisoformat(words["at"])
                checkpoints.append(Checkpoint(words["number"], words["hash"], at, words["seal"]))
            else:
                entries.append(_entry(words))
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"Ligne {number} : illisible.") from error
    return entries, checkpoints


def verify(
    entries: Sequence[Entry], checkpoints: Sequence[Checkpoint], public_key: str
) -> list[str]:
    """What is wrong with the log, in French; empty when it holds. Needs no database.

    `public_key` is the service's Ed25519 key in base64. Raises ValueError when it is not one.
    """
    key = Ed25519PublicKey.from_public_bytes(_unbase64(public_key))
    hashes = {entry.number: entry.hash for entry in entries}
    found = faults(entries)
    for point in checkpoints:
        name = f"Point de contrôle {point.number}"
        if point.number not in hashes:
            found.append(f"{name} : l'entrée manque, le journal a été tronqué.")
        elif hashes[point.number] != point.hash:
            found.append(f"{name} : l'entrée n'est plus celle qui a été signée.")
        if not _signed(key, point):
            found.append(f"{name} : signature fausse.")
    return found


def _signed(key: Ed25519PublicKey, point: Checkpoint) -> bool:
    try:
        key.verify(_unbase64(point.seal), checkpoint_bytes(point.number, point.hash, point.at))
    except (InvalidSignature, ValueError):
        return False
    return True


def _unbase64(text: str) -> bytes:
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError as error:
        raise ValueError("base64 attendu") from error


def _values(entry: Entry, act: Act) -> tuple[object, ...]:
    said = (act.at, act.actor, act.verb, act.subject, list(act.codes), entry.salt)
    chained = (entry.commitment, entry.previous, entry.hash)
    return (entry.number, *said, *chained, act.territory)


def _entry_line(row: Record, territory: str) -> str:
    words = dict(row)
    words["at"] = row["at"].isoformat() if row["at"] else None
    if territory and row["territory"] != territory:
        words |= dict.fromkeys(("at", "actor", "verb", "subject", "codes", "salt"))
        words["territory"] = ""
    return json.dumps(words, ensure_ascii=False)


def _entry(words: Mapping[str, Any]) -> Entry:
    act = None
    if words["salt"] is not None:
        at = datetime.fromisoformat(words["at"])
        who = (words["actor"], words["verb"], words["subject"])
        act = Act(*who, at, tuple(words["codes"]), words.get("territory", ""))
    chained = (words["number"], words["commitment"], words["previous"], words["hash"])
    return Entry(*chained, act, words["salt"])


ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('maillage.audit', 0))"
LAST = "SELECT number, hash FROM audit_entries ORDER BY number DESC LIMIT 1"
APPEND = """
INSERT INTO audit_entries
    (number, at, actor, verb, subject, codes, salt, commitment, previous, hash, territory)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
READ = """
SELECT * FROM audit_entries
WHERE ($1 = '' OR territory = $1) AND (cardinality($2::text[]) = 0 OR verb = ANY ($2))
    AND ($3 = '' OR subject = $3)
    AND ($4::timestamptz IS NULL OR at >= $4) AND ($5::timestamptz IS NULL OR at < $5)
    AND ($6::bigint IS NULL OR number < $6) AND at IS NOT NULL
ORDER BY number DESC LIMIT $7
"""
UNSEALED = """
SELECT number, hash FROM audit_entries
WHERE number > coalesce((SELECT max(number) FROM audit_checkpoints), 0)
ORDER BY number DESC LIMIT 1
"""
SEAL = "INSERT INTO audit_checkpoints (number, hash, at, seal) VALUES ($1, $2, $3, $4)"
FORGET = """
UPDATE audit_entries SET at = NULL, actor = NULL, verb = NULL, subject = NULL, codes = NULL,
    salt = NULL, territory = ''
WHERE at < $1
"""
ENTRIES = "SELECT * FROM audit_entries WHERE number > $1 ORDER BY number LIMIT $2"
CHECKPOINTS = "SELECT number, hash, at, seal FROM audit_checkpoints ORDER BY number"
