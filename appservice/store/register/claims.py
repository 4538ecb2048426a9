"""Accounts that people say are theirs, and those of ours that are to be closed, in SQL."""

from collections.abc import Sequence
from datetime import datetime

from asyncpg import Record

from appservice.domain.ids import UserId
from appservice.domain.signing import Claim
from appservice.store.session import Session


class PgClaims:
    """Implements `ports.Claims`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def put(self, digest: bytes, claim: Claim) -> None:
        await self._session.run(PUT, digest, claim.user, claim.asked_at, claim.is_over)

    async def of(self, digest: bytes) -> Claim | None:
        row = await self._session.row(OF, digest)
        return _claim(row) if row is not None else None

    async def spent(self, asked_before: datetime, limit: int) -> Sequence[tuple[bytes, Claim]]:
        rows = await self._session.rows(SPENT, asked_before, limit)
        return [(row["digest"], _claim(row)) for row in rows]

    async def forget(self, digest: bytes, claim: Claim) -> None:
        await self._session.run(FORGET, digest, claim.asked_at)


class PgClosings:
    """Implements `ports.Closings`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, user: UserId, at: datetime) -> None:
        await self._session.run(ADD, user, at)

    async def waiting(self, limit: int) -> Sequence[UserId]:
        return [UserId(row["account"]) for row in await self._session.rows(WAITING, limit)]

    async def done(self, user: UserId) -> None:
        await self._session.run(DONE, user)


def _claim(row: Record) -> Claim:
    return Claim(UserId(row["account"]), row["asked_at"], row["is_over"])


PUT = """
INSERT INTO account_claims (digest, account, asked_at, is_over) VALUES ($1, $2, $3, $4)
ON CONFLICT (digest) DO UPDATE SET
    account = excluded.account, asked_at = excluded.asked_at, is_over = excluded.is_over
"""
OF = "SELECT * FROM account_claims WHERE digest = $1"
SPENT = """
SELECT * FROM account_claims WHERE is_over OR asked_at <= $1 ORDER BY asked_at LIMIT $2
"""
FORGET = "DELETE FROM account_claims WHERE digest = $1 AND asked_at = $2"
ADD = """
INSERT INTO account_closings (account, asked_at) VALUES ($1, $2) ON CONFLICT DO NOTHING
"""
WAITING = "SELECT account FROM account_closings ORDER BY asked_at, account LIMIT $1"
DONE = "DELETE FROM account_closings WHERE account = $1"
