"""Whom nobody knows and we have answered, in SQL: an HMAC and a time, nothing else."""

from datetime import datetime

from appservice.domain.member import Channel
from appservice.store.members import address_index
from appservice.store.session import Session


class PgStrangers:
    """Implements `ports.Strangers`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def may_answer(
        self, channel: Channel, address: str, now: datetime, since: datetime, cap: int
    ) -> bool:
        index = address_index(self._session.vault, channel, address)
        values = (channel.value, index, now, since, cap)
        return await self._session.row(MAY_ANSWER, *values) is not None


MAY_ANSWER = """
INSERT INTO strangers (channel, sender_index, answered_at)
SELECT $1, $2, $3 WHERE $5 > (
    SELECT count(*) FROM strangers WHERE answered_at > $3::timestamptz - interval '1 hour'
)
ON CONFLICT (channel, sender_index) DO UPDATE SET answered_at = excluded.answered_at
WHERE strangers.answered_at <= $4
RETURNING channel
"""
