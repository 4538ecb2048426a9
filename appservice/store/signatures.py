"""Signed charters, in SQL. A signature is never overwritten, only revoked."""

from collections.abc import Mapping
from datetime import datetime

from asyncpg import Record

from appservice.domain.charter import Signature
from appservice.domain.ids import MemberId
from appservice.store.session import Session


class PgSignatures:
    """Implements `ports.Signatures`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, signature: Signature) -> None:
        await self._session.run(
            ADD,
            signature.member,
            signature.charter,
            signature.version,
            signature.text_hash,
            signature.signed_at,
            signature.valid_until,
            signature.seal,
            signature.revoked_at,
        )

    async def latest(self, member: MemberId) -> Signature | None:
        row = await self._session.row(LATEST, member)
        return _signature(row) if row else None

    async def all_latest(self) -> Mapping[MemberId, Signature]:
        rows = await self._session.rows(ALL_LATEST)
        return {MemberId(row["member"]): _signature(row) for row in rows}

    async def revoke(self, member: MemberId, at: datetime) -> None:
        await self._session.run(REVOKE, member, at)


def _signature(row: Record) -> Signature:
    return Signature(
        member=MemberId(row["member"]),
        charter=row["charter"],
        version=row["version"],
        text_hash=row["text_hash"],
        signed_at=row["signed_at"],
        valid_until=row["valid_until"],
        seal=row["seal"],
        revoked_at=row["revoked_at"],
    )


ADD = """
INSERT INTO signatures
    (member, charter, version, text_hash, signed_at, valid_until, seal, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
LATEST = "SELECT * FROM signatures WHERE member = $1 ORDER BY number DESC LIMIT 1"
ALL_LATEST = "SELECT DISTINCT ON (member) * FROM signatures ORDER BY member, number DESC"
REVOKE = "UPDATE signatures SET revoked_at = $2 WHERE member = $1 AND revoked_at IS NULL"
