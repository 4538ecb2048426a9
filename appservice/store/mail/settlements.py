"""Outcomes written in batches: those that arrive together cost one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from appservice.domain.delivery import Claimed, State
from appservice.domain.member import Channel
from appservice.store.gathering import Gathering
from appservice.store.mail import receipts
from appservice.store.mail.parcels import message_index
from appservice.store.session import Database

BATCH = 200


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a parcel that somebody had claimed."""

    claimed: Claimed
    state: State
    at: datetime
    provider_id: str | None
    retry_at: datetime | None
    code: str
    detail: str


class Settlements:
    """Outcomes on their way to the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._gathering = Gathering(self._write, lambda said: said.claimed.id, BATCH)

    async def write(self, settlement: Settlement) -> bool:
        """True if the lease was still ours. Raises TemporaryFailure."""
        return await self._gathering.put(settlement)

    async def close(self) -> None:
        """Returns once everything that was asked is written."""
        await self._gathering.close()

    async def _write(self, batch: Sequence[Settlement]) -> list[bool]:
        vault = self._database.vault
        columns = zip(
            *(
                (
                    said.claimed.id,
                    said.claimed.token,
                    said.state.value,
                    said.provider_id,
                    message_index(vault, said.provider_id) if said.provider_id else None,
                    said.retry_at,
                    said.code,
                    said.detail,
                    said.at,
                )
                for said in batch
            ),
            strict=True,
        )
        async with self._database.session() as session:
            rows = await session.rows(SETTLE, *(list(column) for column in columns))
            for channel in {row["channel"] for row in rows if row["early"]}:
                await receipts.apply(session, Channel(channel), max(said.at for said in batch))
        written = {row["id"] for row in rows}
        return [said.claimed.id in written for said in batch]


# A lease that ran out left UNKNOWN and its token: the late answer of whoever held it knows
# better, unless an officer has decided meanwhile (which took the token away).
SETTLE = """
UPDATE deliveries SET state = said.state, lease_until = NULL,
    token = CASE WHEN said.state = 'unknown' THEN deliveries.token END,
    provider_id = coalesce(said.provider_id, deliveries.provider_id),
    provider_index = coalesce(said.provider_index, deliveries.provider_index),
    retry_at = said.retry_at, code = said.code, detail = said.detail, settled_at = said.at
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::timestamptz[],
            $7::text[], $8::text[], $9::timestamptz[])
    AS said (id, token, state, provider_id, provider_index, retry_at, code, detail, at)
WHERE deliveries.id = said.id AND deliveries.token = said.token
    AND deliveries.state IN ('submitting', 'unknown')
RETURNING deliveries.id, deliveries.channel,
    EXISTS (SELECT FROM receipts WHERE NOT matched) AS early
"""
