"""Whose devices we know and whom to trust with a room's key: SQL on mautrix's crypto tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mautrix.util.async_db import Database

from appservice.matrix.crypto.devices import Device, Person
from appservice.matrix.crypto.store import together

KNOWN_SIGNING_KEYS = """
SELECT user_id, device_id, signing_key FROM crypto_device WHERE user_id = ANY($1)
"""
TRACKED = "SELECT user_id FROM crypto_tracked_user WHERE user_id = ANY($1)"
TRACK = """
INSERT INTO crypto_tracked_user (user_id) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING
"""
FORGET_DEVICES = """
DELETE FROM crypto_device
WHERE user_id = ANY($1)
  AND (user_id, device_id) NOT IN (SELECT * FROM unnest($2::text[], $3::text[]))
"""
ADD_DEVICES = """
INSERT INTO crypto_device (user_id, device_id, identity_key, signing_key, trust, deleted, name)
SELECT *, 0, false, '' FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
"""
# `first_seen_key` is never overwritten: it tells an identity that was reset from the first one.
SET_IDENTITY = """
INSERT INTO crypto_cross_signing_keys (user_id, usage, key, first_seen_key)
VALUES ($1, $2, $3, $3)
ON CONFLICT (user_id, usage) DO UPDATE SET key = excluded.key
"""
FORGET_SIGNATURES = "DELETE FROM crypto_cross_signing_signatures WHERE signed_user_id = ANY($1)"
ADD_SIGNATURE = """
INSERT INTO crypto_cross_signing_signatures
    (signed_user_id, signed_key, signer_user_id, signer_key, signature)
VALUES ($1, $2, $1, $3, $4) ON CONFLICT DO NOTHING
"""
# A device may hold the key if its owner's identity vouches for it, or if the owner has none yet.
DEVICES = """
SELECT d.user_id, d.device_id, d.identity_key, d.signing_key,
       own.key IS NULL OR EXISTS (
           SELECT 1 FROM crypto_cross_signing_signatures s
           WHERE s.signed_user_id = d.user_id AND s.signed_key = d.signing_key
             AND s.signer_user_id = d.user_id AND s.signer_key = own.key) AS trustworthy
FROM crypto_device d
LEFT JOIN crypto_cross_signing_keys own
    ON own.user_id = d.user_id AND own.usage = 'self_signing'
WHERE d.user_id = ANY($1) AND NOT d.deleted
"""


@dataclass(frozen=True, slots=True)
class AddressBook:
    """Devices of people, as the homeserver last described them and as we verified it."""

    database: Database

    async def untracked(self, users: Iterable[str]) -> set[str]:
        """Those whose devices we never asked for."""
        wanted = set(users)
        rows = await self.database.fetch(TRACKED, list(wanted))
        return wanted - {row["user_id"] for row in rows}

    async def signing_keys(self, users: Iterable[str]) -> Mapping[tuple[str, str], str]:
        """Of every device of those users that we know."""
        rows = await self.database.fetch(KNOWN_SIGNING_KEYS, list(users))
        return {(row["user_id"], row["device_id"]): row["signing_key"] for row in rows}

    async def devices(self, users: Iterable[str]) -> tuple[list[Device], list[Device]]:
        """Those that may be given the key of a room those users are in, and those that may not."""
        trusted: list[Device] = []
        others: list[Device] = []
        for row in await self.database.fetch(DEVICES, list(users)):
            device = Device(
                row["user_id"], row["device_id"], row["identity_key"], row["signing_key"]
            )
            (trusted if row["trustworthy"] else others).append(device)
        return trusted, others

    async def write(self, people: Sequence[Person]) -> None:
        """Replaces what was known of them, all in one transaction."""
        users = [person.user_id for person in people]
        async with together(self.database) as conn:
            await conn.execute(TRACK, users)
            refused = [(person.user_id, name) for person in people for name in person.refused]
            await conn.execute(
                FORGET_DEVICES, users, [user for user, _ in refused], [name for _, name in refused]
            )
            devices = [device for person in people for device in person.devices]
            await conn.execute(
                ADD_DEVICES,
                [device.user_id for device in devices],
                [device.device_id for device in devices],
                [device.identity_key for device in devices],
                [device.signing_key for device in devices],
            )
            await conn.executemany(
                SET_IDENTITY,
                [
                    (person.user_id, usage, key)
                    for person in people
                    for usage, key in person.identity.items()
                ],
            )
            await conn.execute(FORGET_SIGNATURES, users)
            await conn.executemany(
                ADD_SIGNATURE,
                [
                    (person.user_id, signed.target_key, signed.signer_key, signed.signature)
                    for person in people
                    for signed in person.signatures
                ],
            )
