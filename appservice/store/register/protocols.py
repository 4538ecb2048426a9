"""Versions of the protocol, in SQL; the files of each under a key of its own."""

import json
from collections.abc import Sequence
from datetime import datetime

from asyncpg import Record

from appservice.domain.protocol.version import Version
from appservice.store.session import Session

FILES = "protocols.files"


class PgProtocols:
    """Implements `ports.Protocols`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def all(self) -> Sequence[Version]:
        return [_version(row) for row in await self._session.rows(ALL)]

    async def at(self, when: datetime) -> Version | None:
        row = await self._session.row(AT, when)
        return _version(row) if row is not None else None

    async def add(self, version: Version, files: bytes) -> None:
        # Files name people: a test list holds their numbers.
        key = await self._session.key(_owner(version.number))
        facts = json.dumps(dict(version.facts), ensure_ascii=False)
        await self._session.run(
            ADD,
            version.number,
            version.digest,
            version.at,
            facts,
            version.back_to,
            key.seal(FILES, files),
        )

    async def files(self, number: int) -> bytes | None:
        row = await self._session.row(FILES_OF, number)
        key = (await self._session.keys([_owner(number)])).get(_owner(number))
        return key.open(FILES, row["files"]) if row is not None and key is not None else None


def _owner(number: int) -> str:
    return f"protocol:{number}"


def _version(row: Record) -> Version:
    facts = json.loads(row["facts"])
    return Version(row["number"], row["digest"], row["at"], facts, row["back_to"])


ALL = "SELECT number, digest, at, facts, back_to FROM protocols ORDER BY number"
AT = """
SELECT number, digest, at, facts, back_to FROM protocols
WHERE at <= $1 ORDER BY number DESC LIMIT 1
"""
ADD = """
INSERT INTO protocols (number, digest, at, facts, back_to, files) VALUES ($1, $2, $3, $4, $5, $6)
"""
FILES_OF = "SELECT files FROM protocols WHERE number = $1"
