"""What is past its time goes (RGPD art. 5 § 1 e)."""

from datetime import datetime

from appservice.domain.audit import Act
from appservice.domain.world import Retention
from appservice.flows.ports import Archive


async def retain(archive: Archive, kept: Retention, now: datetime) -> None:
    """Destroys the keys of people and cases whose time is over, and what was sent long ago.

    Raises TemporaryFailure when the database is out of reach; what was destroyed stays so.
    """
    while owners := await archive.due(now, kept):
        for owner in owners:
            await archive.shred(owner, Act("service", "retention.shred", owner, now))
    await archive.sweep(now, kept)
