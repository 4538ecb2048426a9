"""Time-stamps of signatures, in SQL: what is awaited; tokens sealed under their member's key."""

from collections.abc import Sequence
from datetime import datetime

from asyncpg import Record

from appservice.domain.charter import Signature
from appservice.domain.signing.stamp import Stamp, Stamped
from appservice.store.session import Session
from appservice.store.signatures import signature_of

SEALED = "time_stamps.sealed"


class PgTimeStamps:
    """Implements `ports.stamps.TimeStamps`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def ask(self, signature: Signature, at: datetime) -> None:
        await self._session.run(ASK, signature.member, signature.seal, at)

    async def due(self, now: datetime, limit: int) -> Sequence[Stamp]:
        return [_stamp(row) for row in await self._session.rows(DUE, now, limit)]

    async def later(self, stamp: Stamp, until: datetime, code: str) -> None:
        signature = stamp.signature
        await self._session.run(LATER, signature.member, signature.seal, until, code)

    async def keep(self, stamp: Stamp, stamped: Stamped) -> None:
        member = stamp.signature.member
        sealed = (await self._session.key(member)).seal(SEALED, stamped.token)
        await self._session.run(
            KEEP, member, stamp.signature.seal, stamped.at, stamped.authority, sealed
        )

    async def of(self, signature: Signature) -> Stamp | None:
        row = await self._session.row(OF, signature.member, signature.seal)
        key = (await self._session.keys([signature.member])).get(signature.member)
        if row is None or key is None:
            return None
        sealed = row["sealed_token"]
        return _stamp(row, key.open(SEALED, sealed) if sealed is not None else None)


def _stamp(row: Record, token: bytes | None = None) -> Stamp:
    return Stamp(
        signature_of(row),
        row["asked_at"],
        row["tries"],
        row["code"],
        token,
        row["stamped_at"],
        row["authority"],
    )


ASK = """
INSERT INTO time_stamps (signature, asked_at, next_at)
SELECT number, $3, $3 FROM signatures WHERE member = $1 AND seal = $2
ORDER BY number DESC LIMIT 1
"""
_READ = """
SELECT s.*, t.asked_at, t.tries, t.code, t.stamped_at, t.authority, t.sealed AS sealed_token
FROM time_stamps t JOIN signatures s ON s.number = t.signature
"""
# Of whom nothing is left but the signature, nothing more is asked.
DUE = f"""{_READ}
WHERE t.sealed IS NULL AND t.next_at <= $1 AND EXISTS (SELECT FROM members WHERE id = s.member)
ORDER BY t.next_at, t.signature LIMIT $2
"""
OF = f"{_READ} WHERE s.member = $1 AND s.seal = $2 ORDER BY s.number DESC LIMIT 1"
LATER = """
UPDATE time_stamps SET tries = tries + 1, next_at = $3, code = $4
WHERE sealed IS NULL
    AND signature IN (SELECT number FROM signatures WHERE member = $1 AND seal = $2)
"""
KEEP = """
UPDATE time_stamps SET stamped_at = $3, authority = $4, sealed = $5, code = ''
WHERE sealed IS NULL
    AND signature IN (SELECT number FROM signatures WHERE member = $1 AND seal = $2)
"""
