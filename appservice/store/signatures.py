"""Signed charters, in SQL. A signature is never overwritten, only revoked."""

from collections.abc import Mapping
from datetime import datetime

from asyncpg import Record

from appservice.domain.charter import Charter, Signature
from appservice.domain.ids import MemberId
from appservice.domain.signing import Evidence, evidence_from
from appservice.store.session import Session

SEALED = "signatures.sealed"


class PgSignatures:
    """Implements `ports.Signatures`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(
        self,
        signature: Signature,
        charter: Charter | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        if charter is not None:
            await self._session.run(
                KEEP, charter.hash, charter.id, charter.version, charter.title, charter.text,
                charter.valid_for,
            )  # fmt: skip
        sealed = None
        if evidence is not None:
            sealed = (await self._session.key(signature.member)).seal(SEALED, evidence.payload)
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
            signature.evidence,
            sealed,
        )

    async def latest(self, member: MemberId) -> Signature | None:
        row = await self._session.row(LATEST, member)
        return signature_of(row) if row else None

    async def all_latest(self) -> Mapping[MemberId, Signature]:
        rows = await self._session.rows(ALL_LATEST)
        return {MemberId(row["member"]): signature_of(row) for row in rows}

    async def revoke(self, member: MemberId, at: datetime) -> None:
        await self._session.run(REVOKE, member, at)

    async def signed_text(self, text_hash: str) -> Charter | None:
        row = await self._session.row(TEXT, text_hash)
        if row is None:
            return None
        return Charter(row["charter"], row["version"], row["title"], row["body"], row["valid_for"])

    async def evidence(self, signature: Signature) -> Evidence | None:
        row = await self._session.row(EVIDENCE, signature.member, signature.seal)
        key = (await self._session.keys([signature.member])).get(signature.member)
        if row is None or key is None:  # at the mairie's desk, or shredded
            return None
        return evidence_from(key.open(SEALED, row["sealed"]))


def signature_of(row: Record) -> Signature:
    """As its row says."""
    return Signature(
        member=MemberId(row["member"]),
        charter=row["charter"],
        version=row["version"],
        text_hash=row["text_hash"],
        signed_at=row["signed_at"],
        valid_until=row["valid_until"],
        seal=row["seal"],
        revoked_at=row["revoked_at"],
        evidence=row["evidence"],
    )


ADD = """
INSERT INTO signatures
    (member, charter, version, text_hash, signed_at, valid_until, seal, revoked_at,
     evidence, sealed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
KEEP = """
INSERT INTO signed_texts (text_hash, charter, version, title, body, valid_for)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (text_hash) DO NOTHING
"""
TEXT = "SELECT * FROM signed_texts WHERE text_hash = $1"
EVIDENCE = """
SELECT sealed FROM signatures WHERE member = $1 AND seal = $2 AND sealed IS NOT NULL LIMIT 1
"""
LATEST = "SELECT * FROM signatures WHERE member = $1 ORDER BY number DESC LIMIT 1"
ALL_LATEST = "SELECT DISTINCT ON (member) * FROM signatures ORDER BY member, number DESC"
REVOKE = "UPDATE signatures SET revoked_at = $2 WHERE member = $1 AND revoked_at IS NULL"
