"""Pages that follow a signature, in SQL: digests and times, nothing that opens an account."""

from datetime import datetime

from asyncpg import Record

from appservice.domain.ids import MemberId, UserId
from appservice.domain.signing import Arrival
from appservice.store.session import Session


class PgArrivals:
    """Implements `ports.Arrivals`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, arrival: Arrival) -> None:
        await self.end(arrival.member, arrival.made_at)
        await self._session.run(
            ADD, arrival.digest, arrival.member, arrival.by, arrival.made_at, arrival.until,
            arrival.resets, *_moving(arrival),
        )  # fmt: skip

    async def get(self, digest: bytes) -> Arrival | None:
        return _arrival(await self._session.row(GET, digest))

    async def hold(self, digest: bytes) -> Arrival | None:
        return _arrival(await self._session.row(HOLD, digest))

    async def save(self, arrival: Arrival) -> None:
        await self._session.run(SAVE, arrival.digest, *_moving(arrival))

    async def user_of(self, member: MemberId) -> UserId | None:
        row = await self._session.row(USER_OF, member)
        return UserId(row["account"]) if row is not None else None

    async def end(self, member: MemberId, now: datetime) -> None:
        await self._session.run(END, member, now)


def _moving(arrival: Arrival) -> tuple[object, ...]:
    """What changes in its life, in the order of the columns."""
    return arrival.user, arrival.given_at, arrival.revoked_at


def _arrival(row: Record | None) -> Arrival | None:
    if row is None:
        return None
    return Arrival(
        digest=row["digest"],
        member=MemberId(row["member"]),
        by=row["made_by"],
        made_at=row["made_at"],
        until=row["until"],
        resets=row["resets"],
        user=UserId(row["account"]) if row["account"] is not None else None,
        given_at=row["given_at"],
        revoked_at=row["revoked_at"],
    )


ADD = """
INSERT INTO arrivals (digest, member, made_by, made_at, until, resets,
                      account, given_at, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
GET = "SELECT * FROM arrivals WHERE digest = $1"
HOLD = "SELECT * FROM arrivals WHERE digest = $1 FOR UPDATE"
SAVE = "UPDATE arrivals SET account = $2, given_at = $3, revoked_at = $4 WHERE digest = $1"
USER_OF = """
SELECT account FROM arrivals WHERE member = $1 AND account IS NOT NULL
ORDER BY number DESC LIMIT 1
"""
END = "UPDATE arrivals SET revoked_at = $2 WHERE member = $1 AND revoked_at IS NULL"
