"""Brings parcels to their channel, one at a time per conversation; says what became of them."""

import asyncio
import logging
from collections import deque
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import InitVar, dataclass, field
from datetime import timedelta

from appservice.domain.delivery import Claimed
from appservice.domain.errors import TemporaryFailure
from appservice.domain.member import Channel
from appservice.domain.world import World
from appservice.flows.departure.aftermath import Aftermath, Instead
from appservice.flows.departure.fates import LATER, Fate, not_ready
from appservice.flows.departure.obstacles import Given, Obstacles, obstacles
from appservice.flows.departure.packing import pack
from appservice.flows.departure.tempo import Tempo
from appservice.flows.ports import Clock, Guichets, Queue, Store, Wake
from bridges.protocol import (
    Bridge,
    Named,
    Outcome,
    Outgoing,
    Throttled,
    Unknown,
)

_LOG = logging.getLogger(__name__)

_STOCK = 0.5  # seconds of work that are claimed ahead, where that can be taken back
_MOST = 200  # parcels
_LAST_CLAIM = 5.0  # seconds; a database that is gone does not keep us from stopping
_FRESH = 1.0  # seconds for which a look at charters and consents holds


@dataclass(slots=True)
class _Batch:
    """Parcels that leave together, and whether another hand is about to take the next one."""

    waiting: deque[Claimed]
    obstacles: Obstacles
    hands: asyncio.TaskGroup
    called: bool = False


@dataclass(slots=True)
class Delivery:
    """The worker of one channel. `run` until `stop`; `deliver_once` is one round, for tests.

    Parcels are claimed, looked at, named and settled by the batch. A batch is served by one hand,
    which calls another one before each message: while the channel makes the first wait, the second
    goes on; where nothing waits, the first has done it all before the second comes.

    What is claimed and not yet named never left: whoever dies with it leaves it to be claimed
    again. So parcels are named two windows at a time, however many are claimed.
    """

    channel: Channel
    bridge: Bridge
    store: Store
    queue: Queue
    wake: Wake
    world: World
    clock: Clock
    guichets: Guichets
    lease: timedelta = timedelta(minutes=2)
    poll: timedelta = timedelta(seconds=2)
    instead: InitVar[Instead | None] = None
    _in_hand: int = 0  # claimed, and the channel has not answered
    _asked: int = 0  # of them, those that are named or need no name
    _low: int = 0  # in hand, when the next ones are claimed
    _room: asyncio.Event = field(default_factory=asyncio.Event)  # to name the next ones
    _batches: set[asyncio.Task[None]] = field(default_factory=set)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _over: asyncio.Event = field(default_factory=asyncio.Event)  # `run` has returned, if it began
    _paused_until: float = 0.0  # of the loop's clock
    _hands: asyncio.Semaphore = field(init=False)  # how many the channel is asked at once
    _tempo: Tempo = field(init=False)
    _aftermath: Aftermath = field(init=False)

    def __post_init__(self, instead: Instead | None) -> None:
        self._over.set()
        self._hands = asyncio.Semaphore(self._workers)
        self._tempo = Tempo(self._few / _STOCK)  # two windows wait until it is measured
        self._aftermath = Aftermath(
            *(self.channel, self.store, self.queue, self.world, self.clock, instead),
            awaited=lambda: self._namer is not None and self._in_hand > 0,
            moved=self._moved.set,
        )

    async def run(self) -> None:
        """Claims and sends until stopped. Whatever fails here only makes it wait.

        Nobody else delivers on this channel: what is in hand as it begins, a dead process had.
        """
        self._over.clear()
        try:
            await self._deliver()
        finally:
            self._over.set()

    async def _deliver(self) -> None:
        began = False
        while not self._stopping.is_set():
            try:
                if not began:
                    await self.queue.let_go(self.channel, self.clock())
                    began = True
                self._moved.clear()
                if await self._claim() == 0:
                    await self._rest()
            except Exception as error:
                _LOG.warning("outbox of %s: %s", self.channel, type(error).__name__)
                await asyncio.sleep(self.poll.total_seconds())

    async def stop(self) -> None:
        """Claims nothing more and waits for what is on its way."""
        self._stopping.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_CLAIM):
                await self._over.wait()  # a claim under way may yet bring parcels
        await self._quiet()
        self._aftermath.say_last_lines()
        await self._quiet()

    async def deliver_once(self) -> int:
        """Sends all that can leave now; returns how many parcels were tried."""
        total = 0
        while (count := await self._claim()) > 0:
            total += count
            await self._quiet()
        await self._quiet()
        return total

    async def _quiet(self) -> None:
        while under_way := self.under_way():
            await asyncio.wait(under_way)

    def under_way(self) -> Collection[asyncio.Task[None]]:
        """All that must end before nothing is in hand."""
        batches = (task for task in self._batches if not task.done())
        return [*batches, *self._aftermath.under_way()]

    async def _claim(self) -> int:
        ahead, stock = self._ahead()
        capacity = self._workers + (stock if self._workers > 1 else 0)
        self._low = capacity - ahead
        free = capacity - self._in_hand
        if free < ahead or self._paused_for() > 0:
            return 0
        names = self._namer is not None
        found = await self.queue.claim(self.channel, free, self.lease, self.clock(), names=names)
        if found:
            if self._in_hand == 0:
                self._tempo.starts(self._now())
            self._in_hand += len(found)
            task = asyncio.create_task(self._serve(found))
            self._batches.add(task)
            task.add_done_callback(self._batches.discard)
        else:
            self._aftermath.say_last_lines()
        return len(found)

    @property
    def _namer(self) -> Named | None:
        return self.bridge if isinstance(self.bridge, Named) else None

    @property
    def _workers(self) -> int:
        return self.bridge.abilities.workers

    @property
    def _few(self) -> int:
        """Two windows: so many are named together, once no more than so many are: a window is on
        its way, and another one follows while names are written. Who dies leaves all these of
        unknown fate, until the operator's receipts tell."""
        return 2 * self._workers

    def _ahead(self) -> tuple[int, int]:
        """How many are claimed in one go, at least; and how many wait while others are sent.

        A claim, a look and a settlement cost as much for one as for many. Half of what the channel
        takes at once, since what a dead process had claimed is of unknown fate; where names tell
        what has left, what a channel takes in a moment, so that something urgent waits no longer.
        """
        least = max(1, self._workers // 2)
        if self._namer is None:
            return least, least
        stock = min(_MOST, max(least, int(self._tempo.a_second * _STOCK)))
        return max(least, stock // 2), stock

    async def _rest(self) -> None:
        """Until a parcel is queued, something moves, or the time to look again has come."""
        bell = self.wake.wait(self.channel.value, self.poll)
        waits = [
            asyncio.ensure_future(w) for w in (bell, self._stopping.wait(), self._moved.wait())
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _serve(self, found: Sequence[Claimed]) -> None:
        """Never raises."""
        size = len(found) if self._namer is None else self._few
        seen: Obstacles = {}
        until = 0.0  # when the look is too old
        with suppress(Exception):  # repeated below, where its failures are told
            seen, until = await self._obstacles(found), self._now() + _FRESH
        async with asyncio.TaskGroup() as hands:
            for start in range(0, len(found), size):
                part = found[start : start + size]
                await self._has_room()
                self._asked += len(part)
                try:
                    if self._now() >= until:
                        seen, until = await self._obstacles(found[start:]), self._now() + _FRESH
                    ready = await self._named(part)
                except TemporaryFailure:
                    for claimed in part:
                        self._answered(claimed, not_ready(claimed))
                except Exception as error:
                    for claimed in part:
                        self._lost(claimed, error)
                else:
                    hands.create_task(self._hand(_Batch(deque(ready), seen, hands)))

    async def _has_room(self) -> None:
        """Until few enough may have left for more to be named."""
        while self._namer is not None and self._asked > self._few:
            self._room.clear()
            await self._room.wait()

    async def _obstacles(self, found: Sequence[Claimed]) -> Obstacles:
        # Looked at together: an alert to a thousand people is one alert.
        parcels = [claimed.parcel for claimed in found]
        return await obstacles(self.store, self.world, parcels, self.clock())

    async def _named(self, part: Sequence[Claimed]) -> Sequence[Claimed]:
        """Those that may leave: a receipt then finds them though we die before we settle."""
        namer = self._namer
        if namer is None:
            return part
        names = [(claimed, namer.name_of(claimed.parcel.key)) for claimed in part]
        ours = await self.queue.name(names)
        for _ in range(len(part) - len(ours)):
            self._freed()  # the lease ran out meanwhile: somebody else's now
        return [claimed for claimed in part if claimed.id in ours]

    async def _hand(self, batch: _Batch) -> None:
        """One parcel after the other. Never raises."""
        batch.called = False
        while batch.waiting:
            claimed = batch.waiting.popleft()
            if batch.waiting and not batch.called:
                batch.called = True
                batch.hands.create_task(self._hand(batch))
            try:
                self._answered(claimed, await self._try(claimed, batch.obstacles))
            except Exception as error:
                self._lost(claimed, error)

    async def _try(self, claimed: Claimed, seen: Obstacles) -> Fate:
        """Everything that may fail before the bridge is asked leads to a later try."""
        obstacle = seen.get(claimed.parcel.key)
        if obstacle is not None:
            return obstacle
        try:
            message = await pack(self.store, self.guichets, claimed)
        except TemporaryFailure:
            return not_ready(claimed)
        if isinstance(message, Given):
            return message
        async with self._hands:
            wait = self._paused_for()
            if wait > 0:
                return Throttled(wait, "paused", alone=True)
            return await self._send(claimed, message)

    async def _send(self, claimed: Claimed, message: Outgoing) -> Outcome:
        try:
            return await self.bridge.send(message)
        except Exception as error:
            # A bridge never raises; one that does has told us nothing of what it did.
            _log_failure(claimed, error)
            if self.bridge.abilities.idempotent:
                return Throttled(LATER.total_seconds(), "bridge-broke")
            return Unknown("bridge-broke")

    def _answered(self, claimed: Claimed, outcome: Fate) -> None:
        self._tempo.took(self._now())
        if isinstance(outcome, Throttled) and not outcome.alone:
            self._pause(outcome.after)
        self._aftermath.answered(claimed, outcome)
        self._freed()

    def _lost(self, claimed: Claimed, error: Exception) -> None:
        """Nobody knows what to do with it: it comes back when its lease runs out."""
        _log_failure(claimed, error)
        self._freed()

    def _freed(self) -> None:
        self._in_hand -= 1
        self._asked -= 1
        if self._in_hand == self._low:
            self._moved.set()  # something may wait for a free hand
        if self._asked <= self._few:
            self._room.set()

    def _paused_for(self) -> float:
        """Seconds, not above 0 when the channel may be asked."""
        return self._paused_until - self._now()

    def _pause(self, after: float) -> None:
        """A channel that says slow down says it for everybody."""
        self._paused_until = max(self._paused_until, self._now() + after)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _log_failure(claimed: Claimed, error: Exception) -> None:
    """By name only: what an error says may hold what people wrote."""
    _LOG.error("parcel %s: %s", claimed.id, type(error).__name__)
