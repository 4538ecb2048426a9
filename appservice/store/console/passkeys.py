"""Passkeys of the console, in SQL: looked up by HMAC, sealed under their owner's key."""

import base64
from collections.abc import Sequence
from datetime import datetime

from asyncpg import Record

from appservice.domain.console import AccountId
from appservice.domain.console.passkey import Passkey
from appservice.store.console.accounts import owner_of
from appservice.store.session import Session
from appservice.store.vault import open_words, seal_words

SEALED = "console_passkeys.sealed"


class PgPasskeys:
    """Implements `ports.console.Passkeys`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, key: Passkey) -> bool:
        session = self._session
        row = await session.row(MEMBER, key.account)
        sealing = await session.key(owner_of(key.account, row["member"] if row else None))
        words = {
            "id": base64.b64encode(key.id).decode(),
            "public": base64.b64encode(key.public_key).decode(),
            "name": key.name,
        }
        sealed = seal_words(sealing, SEALED, words)
        values = (key.account, sealed, key.count, key.added)
        return await session.row(ADD, self._index(key.id), *values) is not None

    async def of(self, account: AccountId) -> Sequence[Passkey]:
        rows = await self._session.rows(OF, account)
        keys = [await self._opened(row) for row in rows]
        return [key for key in keys if key is not None]

    async def at(self, key: bytes) -> Passkey | None:
        row = await self._session.row(AT, self._index(key))
        return None if row is None else await self._opened(row)

    async def use(self, key: Passkey, count: int, now: datetime) -> bool:
        values = (self._index(key.id), key.count, count, now)
        return await self._session.row(USE, *values) is not None

    async def remove(self, account: AccountId, key: bytes) -> bool:
        return await self._session.row(REMOVE, account, self._index(key)) is not None

    async def forget(self, account: AccountId) -> None:
        await self._session.run(FORGET, account)

    def _index(self, key: bytes) -> bytes:
        return self._session.vault.index("passkey", key.hex())

    async def _opened(self, row: Record) -> Passkey | None:
        owner = owner_of(row["account"], row["member"])
        key = (await self._session.keys([owner])).get(owner)
        if key is None:  # shredded
            return None
        words = open_words(key, SEALED, row["sealed"])
        return Passkey(
            id=base64.b64decode(words["id"] or ""),
            account=AccountId(row["account"]),
            public_key=base64.b64decode(words["public"] or ""),
            name=words["name"] or "",
            added=row["added_at"],
            count=row["signatures"],
            used=row["used_at"],
        )


MEMBER = "SELECT member FROM console_accounts WHERE id = $1"
ADD = """
INSERT INTO console_passkeys (id_index, account, sealed, signatures, added_at)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING account
"""
OF = """
SELECT p.*, a.member FROM console_passkeys p JOIN console_accounts a ON a.id = p.account
WHERE p.account = $1 ORDER BY p.added_at, p.id_index
"""
AT = """
SELECT p.*, a.member FROM console_passkeys p JOIN console_accounts a ON a.id = p.account
WHERE p.id_index = $1
"""
USE = """
UPDATE console_passkeys SET signatures = $3, used_at = $4
WHERE id_index = $1 AND signatures = $2 RETURNING account
"""
REMOVE = "DELETE FROM console_passkeys WHERE account = $1 AND id_index = $2 RETURNING account"
FORGET = "DELETE FROM console_passkeys WHERE account = $1"
