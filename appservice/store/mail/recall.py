"""Parcels taken back before they leave, in SQL."""

from collections.abc import Collection, Sequence
from datetime import datetime

from appservice.domain.delivery import Parcel
from appservice.domain.member import Channel
from appservice.store.mail.parcels import message_index, owners_of, parcel_from
from appservice.store.session import Session


class PgRecall:
    """Implements `ports.Recall`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def take_back(self, keys: Sequence[str], code: str) -> Collection[str]:
        session = self._session
        named = {message_index(session.vault, key): key for key in keys}
        rows = await session.rows(TAKE_BACK, list(named), code, session.clock())
        return {named[row["key_index"]] for row in rows}

    async def late(self, channel: Channel, put_before: datetime) -> Sequence[Parcel]:
        rows = await self._session.rows(LATE, channel.value, put_before)
        keys = await self._session.keys(owners_of(rows))
        return [parcel_from(row, keys) for row in rows]


# Whoever claims one of them at the same time holds its row: the loser sees the other's state.
TAKE_BACK = """
UPDATE deliveries d SET state = 'failed', code = $2, token = NULL, retry_at = NULL,
    settled_at = $3
FROM parcels p
WHERE p.id = d.id AND p.key_index = ANY($1) AND d.state = 'queued'
RETURNING p.key_index
"""
LATE = """
SELECT * FROM deliveries JOIN parcels USING (id)
WHERE channel = $1 AND state = 'queued' AND alert IS NOT NULL AND kind = 'post' AND put_at <= $2
ORDER BY id
"""
