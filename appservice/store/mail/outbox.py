"""Parcels on their way, as the flows see them, in SQL."""

from collections.abc import Collection, Iterator, Mapping, Sequence
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
from appservice.store.mail.turns import LAST, SERVED
from appservice.store.session import Session
from appservice.store.vault import DataKey
from appservice.store.wake import CHANNEL, NOTIFY


class PgOutbox:
    """Implements `ports.Outbox`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def put(self, parcels: Sequence[Parcel]) -> None:
        session, at = self._session, self._session.clock()
        owners = [owner_of(parcel, at) for parcel in parcels]
        keys = await self._keys({*owners, *(p.member for p in parcels if p.member)})
        for together in _rounds(parcels, owners):
            rows = (values_of(session.vault, keys, *one, at) for one in together)
            await session.run(PUT, *(list(column) for column in zip(*rows, strict=True)))
        for channel in sorted({parcel.channel for parcel in parcels}):
            await session.run(NOTIFY, CHANNEL, channel.value)

    async def _keys(self, names: Collection[str]) -> Mapping[str, DataKey]:
        """Those that are there at once; the others are made."""
        found = await self._session.keys(names)
        made = {name: await self._session.key(name) for name in sorted(set(names) - set(found))}
        return {**found, **made}

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


def _rounds(
    parcels: Sequence[Parcel], owners: Sequence[str]
) -> Iterator[list[tuple[Parcel, str]]]:
    """Each once, and never in one round with what it acts on, which must be there before."""
    seen: set[str] = set()
    waiting: dict[str, tuple[Parcel, str]] = {}
    for parcel, owner in zip(parcels, owners, strict=True):
        if parcel.key in seen:
            continue
        if parcel.replaces in waiting:
            yield list(waiting.values())
            waiting = {}
        seen.add(parcel.key)
        waiting[parcel.key] = (parcel, owner)
    if waiting:
        yield list(waiting.values())


# An edit never overtakes what it edits, even when only the edit is urgent.
# Turns: `turns.py`. A lane's own parcels follow each other as they are given.
_PUT = """
WITH said AS MATERIALIZED (
    SELECT * FROM unnest($1::bytea[], $2::text[], $3::boolean[], $4::boolean[], $5::boolean[],
        $6::bigint[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::bytea[],
        $12::text[], $13::bytea[], $14::timestamptz[], $15::text[], $16::text[], $17::smallint[],
        $18::timestamptz[]) WITH ORDINALITY AS said (key_index, kind, to_group, notice,
        said_urgent, alert, report, member, event, blobs, replaces_index, owner, sealed, put_at,
        channel, conversation, urgency, expires_at, place)
), parcel AS (
    INSERT INTO parcels (key_index, kind, to_group, notice, said_urgent, alert, report, member,
        event, blobs, replaces_index, owner, sealed, put_at)
    SELECT key_index, kind, to_group, notice, said_urgent, alert, report, member,
        event, blobs::bigint[], replaces_index, owner, sealed, put_at
    FROM said ORDER BY place
    ON CONFLICT (key_index) DO NOTHING RETURNING id, key_index
), delivery AS MATERIALIZED (
    SELECT parcel.id, channel, conversation, expires_at, coalesce(alert, 0) AS lane,
        coalesce((SELECT acted_on.urgency FROM parcels p JOIN deliveries acted_on USING (id)
                  WHERE p.key_index = said.replaces_index), urgency) AS urgency
    FROM parcel JOIN said USING (key_index)
), lane AS MATERIALIZED (
    SELECT channel, urgency, lane, greatest(
        {served},
        1 + {last}) AS turn
    FROM (SELECT DISTINCT channel, urgency, lane FROM delivery) d
)
INSERT INTO deliveries (id, channel, conversation, urgency, expires_at, lane, turn)
SELECT id, channel, conversation, urgency, expires_at, lane,
    lane.turn - 1 + row_number() OVER (PARTITION BY channel, urgency, lane ORDER BY id)
FROM delivery JOIN lane USING (channel, urgency, lane)
"""
_OF_LANE = {"channel": "d.channel", "urgency": "d.urgency", "lane": "d.lane"}
PUT = _PUT.format(served=SERVED.format(**_OF_LANE), last=LAST.format(**_OF_LANE))
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
