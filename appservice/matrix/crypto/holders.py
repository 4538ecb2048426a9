"""Which devices hold the key of a room's current session: nobody gets it twice, or never."""

from collections.abc import Iterable
from dataclasses import dataclass

from mautrix.util.async_db import Database

from appservice.matrix.crypto.devices import Device

HOLDERS = "SELECT user_id, device_id, identity_key FROM maillage_key_holder WHERE session_id = $1"
ADD_HOLDERS = """
INSERT INTO maillage_key_holder (session_id, room_id, user_id, device_id, identity_key)
SELECT $1, $2, * FROM unnest($3::text[], $4::text[], $5::text[])
ON CONFLICT (session_id, user_id, device_id) DO UPDATE SET identity_key = excluded.identity_key
"""
FORGET_ROOM = "DELETE FROM maillage_key_holder WHERE room_id = $1 AND session_id <> $2"
ROOMS_OF = """
SELECT DISTINCT p.room_id
FROM mx_user_profile p JOIN mx_room_state r USING (room_id)
WHERE p.user_id = ANY($1) AND p.membership = 'join' AND r.is_encrypted
"""
ROOMS_WITH_SESSION = "SELECT room_id FROM crypto_megolm_outbound_session WHERE account_id = $1"

Holding = tuple[str, str, str]  # user, device, identity key: a device made anew holds nothing


def holding(device: Device) -> Holding:
    return (device.user_id, device.device_id, device.identity_key)


@dataclass(frozen=True, slots=True)
class Holders:
    """What the homeserver has taken from us for each device."""

    database: Database

    async def of(self, session_id: str) -> set[Holding]:
        rows = await self.database.fetch(HOLDERS, session_id)
        return {(row["user_id"], row["device_id"], row["identity_key"]) for row in rows}

    async def add(self, session_id: str, room: str, devices: Iterable[Device]) -> None:
        rows = [holding(device) for device in devices]
        if rows:
            columns = (list(column) for column in zip(*rows, strict=True))
            await self.database.execute(ADD_HOLDERS, session_id, room, *columns)

    async def forget_older(self, room: str, session_id: str) -> None:
        """Once a new session has taken over in that room."""
        await self.database.execute(FORGET_ROOM, room, session_id)

    async def rooms_of(self, users: Iterable[str]) -> list[str]:
        """The encrypted rooms in which one of them sits, as far as we were told."""
        rows = await self.database.fetch(ROOMS_OF, list(users))
        return [row["room_id"] for row in rows]

    async def rooms_with_session(self, account: str) -> list[str]:
        rows = await self.database.fetch(ROOMS_WITH_SESSION, account)
        return [row["room_id"] for row in rows]
