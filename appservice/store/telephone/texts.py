"""SMS that wait in the outbox, in SQL."""

from datetime import datetime

from appservice.domain.member import Channel
from appservice.store.session import Session


class PgTexts:
    """Implements `ports.Texts`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def silence(self, number: str, now: datetime) -> int:
        conversation = self._session.vault.index(Channel.SMS.value, number).hex()
        return len(await self._session.rows(SILENCE, conversation, now))


SILENCE = """
UPDATE deliveries SET state = 'failed', code = 'stopped', retry_at = NULL, settled_at = $2
WHERE channel = 'sms' AND conversation = $1 AND state = 'queued' RETURNING id
"""
