"""Parcels on their way, as the flows see them, in SQL."""

from collections.abc import Sequence
from datetime import datetime

from asyncpg import Record

from appservice.domain.delivery import QUIET, Parcel, State, Tally
from appservice.domain.ids import AlertId
from appservice.domain.member import Channel
from appservice.store.mail.parcels import (
    message_index,
    owner_of,
    owners_of,
    parcel_from,
    values_of,
)
from appservice.store.session import Session
from appservice.store.wake import CHANNEL, NOTIFY


class PgOutbox:
    """Implements `ports.Outbox`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def put(self, parcels: Sequence[Parcel]) -> None:
        session, at = self._session, self._session.clock()
        rows: list[tuple[object, ...]] = []
        for parcel in parcels:
            owner = owner_of(parcel, at)
            people = {owner, parcel.member} if parcel.member else {owner}
            keys = {name: await session.key(name) for name in sorted(people)}
            rows.append(values_of(session.vault, keys, parcel, owner, at))
        await session.run_each(PUT, rows)
        for channel in sorted({parcel.channel for parcel in parcels}):
            await session.run(NOTIFY, CHANNEL, channel.value)

    async def delivered_as(self, key: str) -> str | None:
        row = await self._session.row(DELIVERED_AS, message_index(self._session.vault, key))
        return row["provider_id"] if row else None

    async def by_provider_id(self, channel: Channel, provider_id: str) -> Parcel | None:
        index = message_index(self._session.vault, provider_id)
        found = await self._opened(await self._session.rows(BY_PROVIDER, channel.value, index))
        return found[0] if found else None

    async def tally(self, alert: AlertId) -> Tally:
        rows = await self._session.rows(TALLY, alert, QUIET)
        counts = {(Channel(row["channel"]), State(row["state"])): row["n"] for row in rows}
        return Tally(counts, sum(row["deferred"] for row in rows))

    async def of_alert(self, alert: AlertId) -> Sequence[Parcel]:
        return await self._opened(await self._session.rows(OF_ALERT, alert))

    async def unknown(self, since: datetime) -> Sequence[Parcel]:
        return await self._opened(await self._session.rows(UNKNOWN, since))

    async def _opened(self, rows: Sequence[Record]) -> list[Parcel]:
        keys = await self._session.keys(owners_of(rows))
        return [parcel_from(row, keys) for row in rows]


# An edit never overtakes what it edits, even when only the edit is urgent.
PUT = """
WITH parcel AS (
    INSERT INTO parcels (key_index, kind, to_group, notice, said_urgent, alert, report, member,
        event, blobs, replaces_index, owner, sealed, put_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    ON CONFLICT (key_index) DO NOTHING RETURNING id
)
INSERT INTO deliveries (id, channel, conversation, urgency, expires_at)
SELECT id, $15, $16, coalesce(
    (SELECT urgency FROM deliveries JOIN parcels acted_on USING (id)
     WHERE acted_on.key_index = $11), $17), $18
FROM parcel
"""
DELIVERED_AS = """
SELECT provider_id FROM parcels JOIN deliveries USING (id) WHERE key_index = $1
"""
BY_PROVIDER = """
SELECT * FROM deliveries JOIN parcels USING (id) WHERE channel = $1 AND provider_index = $2
ORDER BY id DESC LIMIT 1
"""
TALLY = """
SELECT channel, state, count(*) AS n,
    count(*) FILTER (WHERE state = 'queued' AND code = $2) AS deferred
FROM parcels JOIN deliveries USING (id)
WHERE alert = $1 AND kind = 'post' AND code <> 'rerouted' GROUP BY channel, state
"""
OF_ALERT = """
SELECT * FROM parcels JOIN deliveries USING (id)
WHERE alert = $1 AND kind = 'post' AND code <> 'rerouted' ORDER BY id
"""
UNKNOWN = """
SELECT * FROM deliveries JOIN parcels USING (id)
WHERE state = 'unknown' AND settled_at >= $1 ORDER BY id
"""
