"""Our outbox, delivery and inbox on a real gateway, without a homeserver."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest_asyncio

from appservice.app import clock, new_id
from appservice.bench.fanout import NoGuichets
from appservice.domain.delivery import Parcel
from appservice.domain.member import Channel
from appservice.files.keys import Keys, make_keys
from appservice.files.media import CleanMedia
from appservice.files.world import load_world, shipped_paths
from appservice.flows.delivery import Delivery
from appservice.flows.inbound import Inbound, Inbox
from appservice.store.migrate import migrate
from appservice.store.postgres import PgStore, connect
from bridges.protocol import Inbound as Thing
from bridges.protocol import Message, Sink
from bridges.sms.bridge import SmsBridge
from support.bridge_worlds import PATIENCE, eventually
from support.real_sms import RealGateway

ON_THE_WAY = {"queued", "submitting", "accepted"}
LEASE = timedelta(minutes=2)
_numbers = itertools.count(1)


@dataclass(slots=True)
class Process:
    """The part of a service that sends and receives SMS."""

    store: PgStore
    bridge: SmsBridge
    delivery: Delivery
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def die(self) -> None:
        """What was on its way is never settled."""
        under_way = [*self.tasks, *self.delivery.under_way()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self.bridge.stop()
        await self.store.close()

    async def stop(self) -> None:
        await self.delivery.stop()
        await self.bridge.stop()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.store.close()


@dataclass(slots=True)
class Ledger:
    """A database, and processes on it; `ahead` is how far their clock is."""

    gateway: RealGateway
    dsn: str
    keys: Keys
    ahead: timedelta = timedelta()
    process: Process | None = None
    messages: list[Message] = field(default_factory=list)

    def now(self) -> datetime:
        return clock() + self.ahead

    async def start(self, **settings: object) -> Process:
        store = await connect(self.dsn, self.keys, self.now, new_id)
        world = load_world(shipped_paths())
        bridge = self.gateway.bridge(self.now, **settings)
        inbound = Inbound(store, store.queue, world, self.now, CleanMedia())
        inbox = Inbox(Channel.SMS, store.journal, store, store.wake, inbound, self.now)
        delivery = Delivery(
            *(Channel.SMS, bridge, store, store.queue, store.wake, world, self.now),
            NoGuichets(),
            lease=LEASE,
            poll=timedelta(seconds=0.2),
        )
        await bridge.start(self._hearing(inbox.sink()))
        tasks = [asyncio.create_task(part) for part in (inbox.run(), delivery.run())]
        self.process = Process(store, bridge, delivery, tasks)
        return self.process

    async def put(self, texts: Sequence[str], expires_in: timedelta | None = None) -> list[str]:
        """One text a phone, phones that were never written to; their numbers."""
        assert self.process is not None
        batch = next(_numbers)
        numbers = [f"+3363998{batch % 10}{place:03}" for place, _ in enumerate(texts)]
        end = self.now() + expires_in if expires_in else None
        parcels = [
            Parcel(f"essai:{batch}:{number}", Channel.SMS, number, text, expires_at=end)
            for number, text in zip(numbers, texts, strict=True)
        ]
        await self.queue(parcels)
        return numbers

    async def queue(self, parcels: Sequence[Parcel]) -> None:
        assert self.process is not None
        async with self.process.store.transaction() as tx:
            await tx.outbox.put(parcels)

    async def rows(self, sql: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.dsn)
        try:
            return list(await connection.fetch(sql))
        finally:
            await connection.close()

    async def states(self) -> Counter[str]:
        return Counter(row["state"] for row in await self.rows("SELECT state FROM deliveries"))

    async def until(self, **wanted: int) -> None:
        """Waits until that many parcels, and no others, stand so."""
        seen = await self._when(lambda states: states == Counter(wanted))
        assert seen == Counter(wanted), f"{dict(seen)} instead of {wanted}"

    async def settled(self, unknown: int) -> Counter[str]:
        """Waits until nothing more is on its way and reports came of all but so many, at most.

        What a process had no time to write down is unknown until Kannel has called again.
        """
        return await self._when(
            lambda states: not ON_THE_WAY & states.keys() and states["unknown"] <= unknown
        )

    async def _when(self, good: Callable[[Counter[str]], bool]) -> Counter[str]:
        deadline = asyncio.get_running_loop().time() + 2 * PATIENCE
        seen = await self.states()
        while not good(seen) and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.05)
            seen = await self.states()
        return seen

    async def heard(self) -> list[Message]:
        """What phones wrote, once it is in the journal."""
        await eventually(lambda: self.messages, "a message in the journal")
        return self.messages

    def _hearing(self, sink: Sink) -> Sink:
        async def hear(thing: Thing) -> None:
            await sink(thing)
            if isinstance(thing, Message):
                self.messages.append(thing)

        return hear

    async def asked_once(self) -> bool:
        """Whether each parcel was handed to the gateway at most once by us."""
        rows = await self.rows("SELECT attempts FROM deliveries")
        return all(row["attempts"] <= 1 for row in rows)


@pytest_asyncio.fixture(loop_scope="session")
async def ledger(
    gateway: RealGateway, fresh_database: Callable[[], Awaitable[str]], tmp_path: Path
) -> AsyncIterator[Ledger]:
    dsn = await fresh_database()
    await migrate(dsn)
    ledger = Ledger(gateway, dsn, make_keys(tmp_path / "cles"))
    await ledger.start()
    yield ledger
    if ledger.process is not None:
        await ledger.process.stop()
