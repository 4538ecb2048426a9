"""Receipts, in SQL: kept once each, and matched to their parcel whenever it turns up."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from appservice.domain.errors import TemporaryFailure
from appservice.domain.member import Channel
from appservice.store.mail.parcels import message_index
from appservice.store.session import Database, Session
from bridges.protocol import Receipt

log = logging.getLogger(__name__)

# A receipt that found no parcel after a day is about nothing that we sent.
EARLY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reports:
    """Receipts that were handed over in one go, and when."""

    said: tuple[Receipt, ...]
    at: datetime


async def keep(database: Database, channel: Channel, heap: Sequence[Reports]) -> list[None]:
    """Write the receipts down, then apply those whose parcel is there."""
    vault = database.vault
    rows = [
        (
            message_index(vault, receipt.provider_id),
            vault.index(channel.value, receipt.recipient),
            receipt.state.value,
            receipt.code,
            reports.at,
        )
        for reports in heap
        for receipt in reports.said
    ]
    columns = (list(column) for column in zip(*rows, strict=True))
    async with database.session() as session:
        await session.run(KEEP, channel.value, *columns)
        await apply(session, channel, max(reports.at for reports in heap))
    return [None] * len(heap)


async def apply(session: Session, channel: Channel, now: datetime) -> None:
    """Match what is not matched yet.

    A receipt commits its row before it looks for its parcel, and a settlement looks for receipts
    as it writes. The pair that both just missed, and what a process left when it died, is found
    by the next sweep of the queue.
    """
    try:
        await session.run(APPLY, channel.value, now - EARLY)
    except TemporaryFailure:
        log.warning("receipts of %s wait for the next round", channel.value)


KEEP = """
INSERT INTO receipts (channel, message_index, recipient_index, state, code, at)
SELECT $1, message_index, recipient_index, state, code, at
FROM unnest($2::bytea[], $3::bytea[], $4::text[], $5::text[], $6::timestamptz[])
    WITH ORDINALITY AS said (message_index, recipient_index, state, code, at, place)
ORDER BY place ON CONFLICT DO NOTHING
"""
# Some gateways give back our own key instead of their id, hence the two ways to a parcel. Of two
# parcels with the same id (Signal's is a time) the receipt's own correspondent decides.
# One person of a group says nothing of the others: the receipt is kept, the parcel stays accepted.
# What was delivered stays so; what was given up for lost may still turn out to be delivered.
APPLY = """
WITH found AS (
    SELECT r.id, r.state, r.code, d.id AS parcel
    FROM receipts r CROSS JOIN LATERAL (
        SELECT id FROM (
            SELECT id, conversation, state FROM deliveries
            WHERE channel = r.channel AND provider_index = r.message_index
            UNION ALL
            SELECT id, conversation, state FROM parcels JOIN deliveries USING (id)
            WHERE key_index = r.message_index AND channel = r.channel
        ) candidate
        WHERE state NOT IN ('queued', 'submitting')
        ORDER BY conversation = encode(r.recipient_index, 'hex') DESC, id DESC LIMIT 1
    ) d
    WHERE r.channel = $1 AND NOT r.matched AND r.at > $2
    FOR UPDATE OF r SKIP LOCKED
), matched AS (
    UPDATE receipts SET matched = TRUE FROM found WHERE receipts.id = found.id
), said AS (
    SELECT DISTINCT ON (parcel) parcel, found.code,
        CASE WHEN found.state IN ('delivered', 'read') THEN 'delivered' ELSE found.state END
            AS state
    FROM found JOIN parcels ON parcels.id = found.parcel AND NOT parcels.to_group
    ORDER BY parcel, found.state IN ('delivered', 'read') DESC, found.id
)
UPDATE deliveries SET state = said.state, code = said.code FROM said
WHERE deliveries.id = said.parcel
    AND (deliveries.state IN ('accepted', 'unknown')
         OR (deliveries.state IN ('failed', 'expired') AND said.state = 'delivered'))
"""
