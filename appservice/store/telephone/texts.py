"""SMS that wait in the outbox, in SQL."""

from datetime import datetime

from appservice.domain.delivery import QUIET
from appservice.domain.ids import AlertId, MemberId
from appservice.domain.member import Channel
from appservice.store.mail.turns import HURRY
from appservice.store.session import Session


class PgTexts:
    """Implements `ports.Texts`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def silence(self, number: str, now: datetime) -> int:
        conversation = self._session.vault.index(Channel.SMS.value, number).hex()
        return len(await self._session.rows(SILENCE, conversation, now))

    async def hurry(self, alert: AlertId) -> int:
        return sum(row["deferred"] for row in await self._session.rows(HURRY, alert, QUIET))

    async def unreached(self, alert: AlertId) -> frozenset[MemberId]:
        return frozenset(
            MemberId(row["member"]) for row in await self._session.rows(UNREACHED, alert)
        )


SILENCE = """
UPDATE deliveries SET state = 'failed', code = 'stopped', retry_at = NULL, settled_at = $2
WHERE channel = 'sms' AND conversation = $1 AND state = 'queued' RETURNING id
"""
UNREACHED = """
SELECT member FROM parcels JOIN deliveries USING (id)
WHERE alert = $1 AND kind = 'post' AND channel = 'sms' AND member IS NOT NULL
GROUP BY member
HAVING bool_and(state IN ('queued', 'failed', 'expired') AND provider_id IS NULL)
"""
