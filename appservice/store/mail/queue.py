"""The delivery side of the outbox, in SQL."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from asyncpg import Record

from appservice.domain.delivery import Claimed, State
from appservice.domain.ids import ParcelId
from appservice.domain.member import Channel
from appservice.flows.ports import NewId
from appservice.store.mail import receipts
from appservice.store.mail.parcels import parcel_from
from appservice.store.mail.settlements import Settlement, Settlements
from appservice.store.session import Database
from appservice.store.vault import BrokenSeal, DataKey
from bridges.protocol import Receipt

log = logging.getLogger(__name__)

IDEMPOTENT = frozenset({Channel.MATRIX})
"""Where a parcel whose fate is not known may leave again: the same key is done once."""


class PgQueue:
    """Implements `ports.Queue`."""

    def __init__(self, database: Database, new_id: NewId) -> None:
        self._database = database
        self._new_id = new_id
        self._settlements = Settlements(database)

    async def claim(
        self, channel: Channel, limit: int, lease: timedelta, now: datetime
    ) -> Sequence[Claimed]:
        token = self._new_id()
        async with self._database.transaction() as session:
            # One claim at a time on a channel: each sees what the one before took.
            await session.run(ALONE, f"maillage.claim.{channel.value}")
            await session.run(SWEEP, channel.value, now, channel in IDEMPOTENT)
            rows = await session.rows(CLAIM, channel.value, now, limit, token, now + lease)
            keys = await session.keys(row["owner"] for row in rows)
        rows.sort(key=lambda row: (row["urgency"], row["id"]))
        claimed: list[Claimed] = []
        for row in rows:
            one = _claimed(row, keys.get(row["owner"]))
            if one is None:
                await self._set_aside(row["id"], token, now)
            else:
                claimed.append(one)
        return claimed

    async def settle(
        self,
        claimed: Claimed,
        state: State,
        now: datetime,
        *,
        provider_id: str | None = None,
        retry_at: datetime | None = None,
        code: str = "",
        detail: str = "",
    ) -> bool:
        return await self._settlements.write(
            Settlement(claimed, state, now, provider_id, retry_at, code, detail)
        )

    async def receipt(self, channel: Channel, receipt: Receipt, now: datetime) -> None:
        await receipts.keep(self._database, channel, receipt, now)

    async def renounce(self, parcel: ParcelId, now: datetime) -> None:
        async with self._database.session() as session:
            await session.run(RENOUNCE, parcel, now)

    async def close(self) -> None:
        """Returns once everything that was settled is written."""
        await self._settlements.close()

    async def _set_aside(self, parcel: int, token: str, now: datetime) -> None:
        """Never an empty message: its words were shredded, or its seal is broken."""
        log.error("parcel %s can't be opened: not sent", parcel)
        async with self._database.session() as session:
            await session.run(SET_ASIDE, parcel, token, now)


def _claimed(row: Record, key: DataKey | None) -> Claimed | None:
    if key is None:
        return None
    try:
        parcel = parcel_from(row, key)
    except BrokenSeal:
        return None
    replaced = row["replaced_provider_id"]
    return Claimed(ParcelId(row["id"]), row["token"], parcel, row["attempts"], replaced)


ALONE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
# Leases that ran out, and what nobody wants to read any more.
SWEEP = """
WITH lapsed AS (
    UPDATE parcels SET lease_until = NULL,
        state = CASE WHEN $3 THEN 'queued' ELSE 'unknown' END,
        token = CASE WHEN $3 THEN NULL ELSE token END,
        code = 'lease-ran-out', settled_at = $2
    WHERE channel = $1 AND state = 'submitting' AND lease_until <= $2
)
UPDATE parcels SET state = 'expired', code = 'expired', settled_at = $2
WHERE channel = $1 AND state = 'queued' AND expires_at <= $2
"""
# What an idle conversation would say next, for as many conversations as asked. The subquery looks
# at one conversation through its index, so that the cost follows the batch and not the backlog.
CLAIM = """
WITH next AS MATERIALIZED (
    SELECT p.id FROM parcels p
    WHERE p.channel = $1 AND p.state = 'queued'
        AND (p.retry_at IS NULL OR p.retry_at <= $2)
        AND (p.expires_at IS NULL OR p.expires_at > $2)
        AND p.id = (
            SELECT q.id FROM parcels q
            WHERE q.channel = p.channel AND q.conversation = p.conversation
                AND q.state = 'queued'
            ORDER BY q.urgency, q.id LIMIT 1)
        AND NOT EXISTS (
            SELECT FROM parcels b
            WHERE b.channel = p.channel AND b.conversation = p.conversation
                AND b.state = 'submitting')
    ORDER BY p.urgency, p.id LIMIT $3 FOR UPDATE SKIP LOCKED
)
UPDATE parcels p SET state = 'submitting', token = $4, lease_until = $5,
    attempts = p.attempts + 1, retry_at = NULL
FROM next WHERE p.id = next.id
RETURNING p.*, (SELECT acted_on.provider_id FROM parcels acted_on
                WHERE acted_on.key_index = p.replaces_index) AS replaced_provider_id
"""
RENOUNCE = """
UPDATE parcels SET state = 'failed', code = 'renounced', token = NULL, settled_at = $2
WHERE id = $1 AND state IN ('queued', 'unknown')
"""
SET_ASIDE = """
UPDATE parcels SET state = 'failed', code = 'unreadable', token = NULL, lease_until = NULL,
    settled_at = $3
WHERE id = $1 AND token = $2 AND state = 'submitting'
"""
