"""The delivery side of the outbox, in SQL."""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from asyncpg import Record

from appservice.domain.delivery import NAMELESS, REPORTED_WITHIN, Claimed, Settled
from appservice.domain.ids import ParcelId
from appservice.domain.member import Channel
from appservice.flows.ports import NewId
from appservice.store.gathering import Gathering
from appservice.store.mail import receipts
from appservice.store.mail.parcels import AS_SENT, message_index, owners_of, parcel_from
from appservice.store.mail.receipts import Reports
from appservice.store.mail.turns import WAKE
from appservice.store.session import AlreadyThere, Database, Session
from appservice.store.vault import BrokenSeal, DataKey, Vault
from bridges.protocol import Receipt

log = logging.getLogger(__name__)

SWEEP_EVERY = timedelta(seconds=1)
TOGETHER = 200  # receipts in one statement
LINGER = 0.1  # seconds that a receipt waits for others, when several came together before
TRIES = 5

IDEMPOTENT = frozenset({Channel.MATRIX})
"""Where a parcel whose fate is not known may leave again: the same key is done once."""


class PgQueue:
    """Implements `ports.Queue`."""

    def __init__(self, database: Database, new_id: NewId) -> None:
        self._database = database
        self._new_id = new_id
        self._swept: dict[Channel, datetime] = {}
        self._wakes: dict[Channel, datetime] = {}  # when something of ours that waits is due
        self._reports = {channel: _reports(database, channel) for channel in Channel}
        self.holds_alerts = False  # safe mode: alerts stay queued, the rest leaves past them

    @property
    def _query(self) -> str:
        return CLAIM_BUT_ALERTS if self.holds_alerts else CLAIM

    async def claim(
        self,
        channel: Channel,
        limit: int,
        lease: timedelta,
        now: datetime,
        *,
        names: bool = False,
    ) -> Sequence[Claimed]:
        token, code = self._new_id(), NAMELESS if names else ""
        async with self._database.session() as session:
            await self._sweep(session, channel, now)
            await self._awaken(session, channel, now)
            values = (channel.value, now, limit, token, now + lease, code)
            rows = await _take(session, self._query, *values)
            keys = await session.keys(owners_of(rows))
        claimed: list[Claimed] = []
        for row in rows:
            one = _claimed(row, keys)
            if one is None:
                await self._set_aside(row["id"], token, now)
            else:
                claimed.append(one)
        return claimed

    async def let_go(self, channel: Channel, now: datetime) -> None:
        async with self._database.session() as session:
            await session.run(LET_GO, channel.value, now, channel in IDEMPOTENT, NAMELESS)

    async def name(self, names: Sequence[tuple[Claimed, str]]) -> Collection[ParcelId]:
        vault = self._database.vault
        rows = [(one.id, one.token, name, message_index(vault, name)) for one, name in names]
        async with self._database.session() as session:
            columns = (list(column) for column in zip(*rows, strict=True))
            return {ParcelId(row["id"]) for row in await session.rows(NAME, *columns)}

    async def settle(self, outcomes: Sequence[Settled]) -> Collection[ParcelId]:
        async with self._database.session() as session:
            sealed = await _sealed(session, outcomes)
            values = (_settlement(session.vault, said, sealed) for said in outcomes)
            columns = (list(column) for column in zip(*values, strict=True))
            rows = await session.rows(SETTLE, *columns)
            for channel in {row["channel"] for row in rows if row["early"]}:
                latest = max(said.at for said in outcomes)
                await receipts.apply(session, Channel(channel), latest)
        self._note_waits(outcomes)
        return {ParcelId(row["id"]) for row in rows}

    async def receipts(self, channel: Channel, said: Sequence[Receipt], now: datetime) -> None:
        if said:
            await self._reports[channel].put(Reports(tuple(said), now))

    async def renounce(self, parcel: ParcelId, now: datetime) -> None:
        async with self._database.session() as session:
            await session.run(RENOUNCE, parcel, now)

    async def _sweep(self, session: Session, channel: Channel, now: datetime) -> None:
        """What time alone changes, and what a process that died left undone."""
        swept = self._swept.get(channel)
        if swept is not None and swept <= now < swept + SWEEP_EVERY:
            return
        silent = now - REPORTED_WITHIN
        again = channel in IDEMPOTENT
        await session.run(SWEEP, channel.value, now, again, NAMELESS, silent)
        await receipts.apply(session, channel, now)
        self._swept[channel] = now
        self._wakes[channel] = now  # others may have written down what is due

    async def _awaken(self, session: Session, channel: Channel, now: datetime) -> None:
        """What waited until now may be claimed."""
        due = self._wakes.get(channel)
        if due is not None and due <= now:
            del self._wakes[channel]
            await session.run(WAKE, channel.value, now)

    def _note_waits(self, outcomes: Sequence[Settled]) -> None:
        for said in outcomes:
            if said.retry_at is not None:
                channel = said.claimed.parcel.channel
                self._wakes[channel] = min(said.retry_at, self._wakes.get(channel, said.retry_at))

    async def _set_aside(self, parcel: int, token: str, now: datetime) -> None:
        """Never an empty message: its words were shredded, or its seal is broken."""
        log.error("parcel %s can't be opened: not sent", parcel)
        async with self._database.session() as session:
            await session.run(SET_ASIDE, parcel, token, now)


def _reports(database: Database, channel: Channel) -> "Gathering[Reports, None]":
    """Thousands of telephones report on an alert within seconds."""

    async def keep(heap: Sequence[Reports]) -> list[None]:
        return await receipts.keep(database, channel, heap)

    return Gathering(keep, id, TOGETHER, lambda one: len(one.said), LINGER)


async def _take(session: Session, query: str, *values: object) -> list[Record]:
    for _ in range(TRIES):
        try:
            return await session.rows(query, *values)
        except AlreadyThere:
            # Another process took a parcel of the same conversation that we could not see yet.
            continue
    return []


async def _sealed(session: Session, outcomes: Sequence[Settled]) -> Mapping[ParcelId, bytes]:
    """Texts that left otherwise than they were put, each under the key of its parcel."""
    changed = {said.claimed.id: said.sent for said in outcomes if said.sent is not None}
    if not changed:
        return {}
    rows = await session.rows(OWNERS, list(changed))
    keys = await session.keys(row["owner"] for row in rows)
    return {
        row["id"]: keys[row["owner"]].seal(AS_SENT, changed[row["id"]].encode())
        for row in rows
        if row["owner"] in keys
    }


def _settlement(
    vault: Vault, said: Settled, sealed: Mapping[ParcelId, bytes]
) -> tuple[object, ...]:
    """The values of `SETTLE`, in its order."""
    return (
        said.claimed.id,
        said.claimed.token,
        said.state.value,
        said.provider_id,
        message_index(vault, said.provider_id) if said.provider_id else None,
        said.retry_at,
        said.code,
        said.detail,
        said.at,
        sealed.get(said.claimed.id),
    )


def _claimed(row: Record, keys: Mapping[str, DataKey]) -> Claimed | None:
    if not set(owners_of([row])) <= keys.keys():
        return None
    try:
        parcel = parcel_from(row, keys)
    except BrokenSeal:
        return None
    replaced = row["replaced_provider_id"]
    return Claimed(ParcelId(row["id"]), row["token"], parcel, row["attempts"], replaced)


# Leases that ran out (what has no name yet had not left), texts that no operator reported on
# although their validity is long over (gateways lose reports), and what nobody wants to read any
# more.
LET_GO = """
UPDATE deliveries SET lease_until = NULL,
    state = CASE WHEN NOT ($3 OR code = $4) THEN 'unknown' WHEN expires_at <= $2 THEN 'expired'
            ELSE 'queued' END,
    token = CASE WHEN $3 OR code = $4 THEN NULL ELSE token END,
    attempts = attempts - (code = $4)::int, code = 'lease-ran-out', settled_at = $2
WHERE channel = $1 AND state = 'submitting'
"""
_SWEEP = """
WITH lapsed AS (
    {let_go} AND lease_until <= $2
), silent AS (
    UPDATE deliveries SET state = 'unknown', code = 'no-receipt', settled_at = $2
    WHERE $1 = 'sms' AND channel = 'sms' AND state = 'accepted' AND settled_at <= $5
)
UPDATE deliveries SET state = 'expired', code = 'expired', settled_at = $2
WHERE channel = $1 AND state = 'queued' AND expires_at <= $2
"""
SWEEP = _SWEEP.format(let_go=LET_GO)
# Parcels in the order of their turns (`turns.py`), as many as asked: each speaks for its
# conversation, and what leaves is what that conversation would say next, so that whoever is
# answered while the alert to their telephone is far behind gets the alert at once, then the
# answer. What waits for the morning holds up nobody; any other wait does.
# Each subquery looks at one conversation through its own index, whatever the planner believes of a
# table that was empty a moment ago: so the cost follows the batch and not the backlog. (`|| ''`
# leaves but the primary key to find a row by: an index of all that is queued looks as good.)
# Two processes at once: a row that one holds is skipped by the other, and a row that changed hands
# since is looked at again; for what neither can see, the index `deliveries_in_flight` refuses.
_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT head.id, head.urgency,
        CASE WHEN head.urgency = d.urgency THEN least(head.turn, d.turn) ELSE head.turn END AS turn
    FROM deliveries d CROSS JOIN LATERAL (
        SELECT q.id, q.urgency, q.turn, q.retry_at, q.expires_at FROM deliveries q
        WHERE q.channel = d.channel AND q.conversation = d.conversation
            AND q.state = 'queued' AND (q.retry_at IS NULL OR q.code <> 'quiet-hours') {overtaken}
        ORDER BY q.urgency, q.id LIMIT 1
    ) head
    WHERE d.channel = $1 AND d.state = 'queued' AND d.urgency >= 0 AND d.retry_at IS NULL
        {left_alone}
        AND head.retry_at IS NULL AND (head.expires_at IS NULL OR head.expires_at > $2)
        AND (
            SELECT b.id FROM deliveries b
            WHERE b.channel = d.channel AND b.conversation = d.conversation
                AND b.state = 'submitting' LIMIT 1) IS NULL
    ORDER BY d.urgency, d.turn, d.id LIMIT $3 FOR UPDATE OF d SKIP LOCKED
), next AS MATERIALIZED (
    SELECT d.id, once.turn FROM (SELECT id, min(turn) AS turn FROM due GROUP BY id) once
    JOIN deliveries d USING (id) WHERE d.state || '' = 'queued' FOR UPDATE OF d SKIP LOCKED
), taken AS (
    UPDATE deliveries d SET state = 'submitting', token = $4, lease_until = $5,
        attempts = d.attempts + 1, turn = next.turn, code = $6
    FROM next WHERE d.id = next.id
    RETURNING d.id, d.channel, d.urgency, d.turn, d.expires_at, d.attempts, d.token
)
SELECT *, (SELECT provider_id FROM deliveries JOIN parcels acted_on USING (id)
           WHERE acted_on.key_index = p.replaces_index) AS replaced_provider_id
FROM taken JOIN parcels p USING (id) ORDER BY urgency, turn, id
"""
NAME = """
UPDATE deliveries d SET provider_id = said.name, provider_index = said.index, code = ''
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[]) AS said (id, token, name, index)
WHERE d.id = said.id AND d.token = said.token AND d.state = 'submitting' RETURNING d.id
"""
_NO_ALERT = """AND NOT EXISTS (
    SELECT FROM parcels a WHERE a.id = {}.id AND a.alert IS NOT NULL AND a.kind <> 'delete')
"""
CLAIM = _CLAIM.format(left_alone="", overtaken="")
CLAIM_BUT_ALERTS = _CLAIM.format(left_alone=_NO_ALERT.format("d"), overtaken=_NO_ALERT.format("q"))
OWNERS = "SELECT id, owner FROM parcels WHERE id = ANY($1)"
# A lease that ran out left UNKNOWN and its token: the late answer of whoever held it knows
# better, unless an officer has decided meanwhile (which took the token away).
SETTLE = """
UPDATE deliveries SET state = said.state, lease_until = NULL,
    token = CASE WHEN said.state = 'unknown' THEN deliveries.token END,
    provider_id = coalesce(said.provider_id, deliveries.provider_id),
    provider_index = coalesce(said.provider_index, deliveries.provider_index),
    retry_at = said.retry_at, code = said.code, detail = said.detail, settled_at = said.at,
    as_sent = said.as_sent
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::timestamptz[],
            $7::text[], $8::text[], $9::timestamptz[], $10::bytea[])
    AS said (id, token, state, provider_id, provider_index, retry_at, code, detail, at, as_sent)
WHERE deliveries.id = said.id AND deliveries.token = said.token
    AND deliveries.state IN ('submitting', 'unknown')
RETURNING deliveries.id, deliveries.channel,
    EXISTS (SELECT FROM receipts WHERE NOT matched) AS early
"""
RENOUNCE = """
UPDATE deliveries SET state = 'failed', code = 'renounced', token = NULL, settled_at = $2
WHERE id = $1 AND state IN ('queued', 'unknown')
"""
SET_ASIDE = """
UPDATE deliveries SET state = 'failed', code = 'unreadable', token = NULL, lease_until = NULL,
    settled_at = $3
WHERE id = $1 AND token = $2 AND state = 'submitting'
"""
