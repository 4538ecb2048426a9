"""The roll, in SQL: members and their last signature, read without a key."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from asyncpg import Record

from appservice.domain.charter import Charter, Signature
from appservice.domain.console.search import Found, Search
from appservice.domain.ids import Insee, MemberId, TradeId
from appservice.domain.member import Channel, Listed, Role
from appservice.store.register.directory import find
from appservice.store.session import Session


class PgRoll:
    """Implements `ports.Roll`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def of(self, members: Collection[MemberId]) -> Sequence[Listed]:
        return [_listed(row) for row in await self._session.rows(OF, list(members))]

    async def merchants(self, territory: str) -> Sequence[Listed]:
        rows = await self._session.rows(MERCHANTS, territory, Role.MERCHANT.value)
        return [_listed(row) for row in rows]

    async def find(
        self, wanted: Search, due: Mapping[str, Charter], now: datetime, page: int, size: int
    ) -> Found:
        return await find(self._session, wanted, due, now, page, size)


def _listed(row: Record) -> Listed:
    member = MemberId(row["id"])
    return Listed(
        member,
        Role(row["role"]),
        row["territory"],
        tuple(TradeId(trade) for trade in row["trades"]),
        Insee(row["commune"]),
        frozenset(Channel(channel) for channel in row["channels"] if row[channel]),
        _signature(member, row) if row["charter"] is not None else None,
    )


def _signature(member: MemberId, row: Record) -> Signature:
    return Signature(
        member,
        row["charter"],
        row["version"],
        row["text_hash"],
        row["signed_at"],
        row["valid_until"],
        row["seal"],
        row["revoked_at"],
    )


# The columns of addresses are named as the channels are.
_ROLL = """
SELECT m.id, role, territory, trades, commune, channels, mxid IS NOT NULL AS matrix,
    signal_index IS NOT NULL AS signal, phone_index IS NOT NULL AS sms,
    charter, version, text_hash, signed_at, valid_until, seal, revoked_at
FROM members m LEFT JOIN LATERAL (
    SELECT * FROM signatures s WHERE s.member = m.id ORDER BY s.number DESC LIMIT 1) last ON TRUE
WHERE {} ORDER BY m.id
"""
OF = _ROLL.format("m.id = ANY ($1)")
MERCHANTS = _ROLL.format("territory = $1 AND role = $2")
