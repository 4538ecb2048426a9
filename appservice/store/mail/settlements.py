"""Outcomes written in batches: those that arrive together cost one statement."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from appservice.domain.delivery import Claimed, State
from appservice.domain.member import Channel
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
    """While one batch is on its way to the database, the next one gathers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[Settlement, asyncio.Future[bool]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def write(self, settlement: Settlement) -> bool:
        """True if the lease was still ours. Raises TemporaryFailure."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((settlement, answer))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        return await answer

    async def close(self) -> None:
        """Returns once everything that was asked is written."""
        if self._writer is not None:
            await self._writer

    async def _write_all(self) -> None:
        while self._waiting:
            batch = self._next_batch()
            try:
                written = await self._write([settlement for settlement, _ in batch])
            except Exception as error:
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for settlement, answer in batch:
                if not answer.done():
                    answer.set_result(settlement.claimed.id in written)

    def _next_batch(self) -> list[tuple[Settlement, "asyncio.Future[bool]"]]:
        """Never twice the same parcel: the second answer must see what the first one did."""
        batch: dict[int, tuple[Settlement, asyncio.Future[bool]]] = {}
        later: list[tuple[Settlement, asyncio.Future[bool]]] = []
        for item in self._waiting:
            if item[0].claimed.id in batch or len(batch) == BATCH:
                later.append(item)
            else:
                batch[item[0].claimed.id] = item
        self._waiting = later
        return list(batch.values())

    async def _write(self, batch: list[Settlement]) -> set[int]:
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
        return {row["id"] for row in rows}


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
