"""The rooms that we made, in SQL."""

from collections.abc import Sequence

from asyncpg import Record

from appservice.domain.ids import RoomId
from appservice.domain.room import Kind, KnownRoom, RoomKey
from appservice.store.members import zone_from
from appservice.store.session import Session


class PgRooms:
    """Implements `ports.Rooms`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def remember(self, room: KnownRoom) -> None:
        key = room.key
        await self._session.run(
            REMEMBER,
            str(key),
            key.kind.value,
            str(key.zone),
            key.territory,
            key.trade,
            key.member,
            room.room_id,
            room.signal_group,
        )

    async def all(self) -> Sequence[KnownRoom]:
        return [_room(row) for row in await self._session.rows(ALL)]

    async def of(self, territory: str, kind: Kind) -> Sequence[KnownRoom]:
        return [_room(row) for row in await self._session.rows(OF, territory, kind.value)]

    async def by_id(self, room: RoomId) -> KnownRoom | None:
        return await self._one(BY_ID, room)

    async def by_group(self, signal_group: str) -> KnownRoom | None:
        return await self._one(BY_GROUP, signal_group)

    async def by_key(self, key: RoomKey) -> KnownRoom | None:
        return await self._one(BY_KEY, str(key))

    async def _one(self, query: str, value: str) -> KnownRoom | None:
        row = await self._session.row(query, value)
        return _room(row) if row else None


def _room(row: Record) -> KnownRoom:
    key = RoomKey(
        kind=Kind(row["kind"]),
        zone=zone_from(row["zone"]),
        territory=row["territory"],
        trade=row["trade"],
        member=row["member"],
    )
    return KnownRoom(key, RoomId(row["room_id"]), row["signal_group"])


REMEMBER = """
INSERT INTO rooms (key, kind, zone, territory, trade, member, room_id, signal_group)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (key) DO UPDATE SET room_id = excluded.room_id, signal_group = excluded.signal_group
"""
ALL = "SELECT * FROM rooms ORDER BY key"
OF = "SELECT * FROM rooms WHERE territory = $1 AND kind = $2 ORDER BY key"
BY_ID = "SELECT * FROM rooms WHERE room_id = $1"
BY_GROUP = "SELECT * FROM rooms WHERE signal_group = $1"
BY_KEY = "SELECT * FROM rooms WHERE key = $1"
