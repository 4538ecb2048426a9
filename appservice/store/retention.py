"""What is past its time goes, in batches, so that nobody waits for it. In SQL."""

from collections.abc import Sequence
from datetime import datetime

from appservice.domain.world import Retention
from appservice.store.session import Database

BATCH = 5_000  # rows a statement
CASES = 100  # people and cases a round: each is a transaction, and a line of the audit


class PgRetention:
    """Finds who and what is past its time, and deletes the rows that need no more than that."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, now: datetime, kept: Retention) -> Sequence[str]:
        """Members and cases whose keys must be destroyed, as owners; at most CASES."""
        async with self._database.session() as session:
            rows = await session.rows(
                DUE,
                now - kept.signalements,
                now - kept.signalements_ouverts,
                now - kept.alertes,
                now - kept.membres,
                CASES,
            )
        return [row["owner"] for row in rows]

    async def sweep(self, now: datetime, kept: Retention) -> int:
        """Deletes rows of what was sent and came in; how many. A batch is its own transaction."""
        before, count = now - kept.envois, 0
        for query in (PARCELS, RECEIPTS, HANDLED, JOURNAL):
            count += await self._in_batches(query, before)
        count += await self._in_batches(LINKS, f"exchanges:{before:%Y-%m-%d}")
        count += await self._in_batches(DAYS, before)
        return count + await self._in_batches(CARDS, now)

    async def _in_batches(self, query: str, before: object) -> int:
        total = 0
        while True:
            async with self._database.session() as session:
                gone = len(await session.rows(query, before, BATCH))
            total += gone
            if gone < BATCH:
                return total


DUE = """
SELECT k.owner FROM data_keys k JOIN reports r ON k.owner = 'case:S' || r.id
WHERE r.closed_at <= $1 OR r.received_at <= $2
UNION ALL
SELECT k.owner FROM data_keys k JOIN alerts a ON k.owner = 'case:A' || a.id
WHERE a.submitted_at <= $3
UNION ALL
SELECT m.id FROM members m LEFT JOIN LATERAL (
    SELECT least(valid_until, revoked_at) AS over FROM signatures
    WHERE member = m.id ORDER BY number DESC LIMIT 1
) s ON TRUE
WHERE coalesce(s.over, m.saved_at) <= $4
LIMIT $5
"""
# Deliveries go with their parcel. What waits, or is in hand, stays whatever its age.
PARCELS = """
DELETE FROM parcels WHERE id IN (
    SELECT id FROM parcels JOIN deliveries USING (id)
    WHERE put_at <= $1 AND state NOT IN ('queued', 'submitting') LIMIT $2)
RETURNING id
"""
# An edited card is of no use once it has left, and quotes people under another's key.
CARDS = """
DELETE FROM parcels WHERE id IN (
    SELECT id FROM parcels JOIN deliveries USING (id)
    WHERE kind = 'edit' AND report IS NOT NULL AND settled_at <= $1
        AND state IN ('accepted', 'delivered', 'failed', 'expired') LIMIT $2)
RETURNING id
"""
RECEIPTS = """
DELETE FROM receipts WHERE id IN (SELECT id FROM receipts WHERE at <= $1 LIMIT $2) RETURNING id
"""
HANDLED = """
DELETE FROM handled WHERE ctid = ANY (ARRAY(SELECT ctid FROM handled WHERE at <= $1 LIMIT $2))
RETURNING channel
"""
JOURNAL = """
DELETE FROM journal WHERE id IN (
    SELECT id FROM journal WHERE done_at <= $1 LIMIT $2) RETURNING id
"""
# Named by their day, which sorts as it reads.
LINKS = """
DELETE FROM links WHERE id IN (
    SELECT id FROM links WHERE starts_with(owner, 'exchanges:') AND owner <= $1 LIMIT $2)
RETURNING id
"""
DAYS = """
DELETE FROM data_keys WHERE owner IN (
    SELECT owner FROM data_keys k WHERE starts_with(owner, 'exchanges:') AND made_at <= $1
        AND NOT EXISTS (SELECT FROM parcels p WHERE p.owner = k.owner)
        AND NOT EXISTS (SELECT FROM links l WHERE l.owner = k.owner) LIMIT $2)
RETURNING owner
"""
