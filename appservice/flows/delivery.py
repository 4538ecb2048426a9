"""Brings parcels to their channel, one at a time per conversation; says what became of them."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import assert_never

from appservice.domain.delivery import QUIET, Claimed, Kind, Parcel, Settled, State
from appservice.domain.errors import TemporaryFailure
from appservice.domain.ids import AlertId
from appservice.domain.member import Channel
from appservice.domain.world import World
from appservice.flows import progress
from appservice.flows.departure.obstacles import Given, Later, Obstacles, obstacles
from appservice.flows.departure.packing import pack
from appservice.flows.ports import Clock, Guichets, Queue, Store, Wake
from bridges.protocol import (
    Accepted,
    Bridge,
    Named,
    Outcome,
    Outgoing,
    Rejected,
    Throttled,
    Unknown,
)

_LOG = logging.getLogger(__name__)

_LATER = timedelta(seconds=5)
_LONGEST = timedelta(minutes=5)
_AT_ONCE = 200  # outcomes in one statement

Instead = Callable[[Parcel, Sequence[str]], Awaitable[None]]
"""Told of an alert that a channel will never bring to these addresses."""

_Fate = Outcome | Given | Later
"""What the channel answered, or why it was not asked."""


@dataclass(slots=True)
class _Batch:
    """Parcels claimed together, and whether another hand is about to take the next one."""

    waiting: deque[Claimed]
    obstacles: Obstacles
    hands: asyncio.TaskGroup
    called: bool = False


@dataclass(slots=True)
class Delivery:
    """The worker of one channel. `run` until `stop`; `deliver_once` is one round, for tests.

    Parcels are claimed, looked at and settled by the batch. A batch is served by one hand, which
    calls another one before each message: while the channel makes the first wait, the second goes
    on; where nothing waits, the first has done it all before the second comes.
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
    instead: Instead | None = None
    _in_hand: int = 0  # claimed, and the channel has not answered
    _answers: list[tuple[Settled, _Fate]] = field(default_factory=list)  # to be written
    _sequels: dict[object, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    _ending: set[AlertId] = field(default_factory=set)  # whose last line may be due
    _batches: set[asyncio.Task[None]] = field(default_factory=set)
    _beside: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _paused_until: float = 0.0  # of the loop's clock
    _hands: asyncio.Semaphore = field(init=False)  # how many the channel is asked at once

    def __post_init__(self) -> None:
        self._hands = asyncio.Semaphore(self.bridge.abilities.workers)

    async def run(self) -> None:
        """Claims and sends until stopped. Whatever fails here only makes it wait.

        Nobody else delivers on this channel: what is in hand as it begins, a dead process had.
        """
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
        await self._quiet()
        self._say_last_lines()
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
        while under_way := [
            task for task in (*self._batches, *self._beside.values()) if not task.done()
        ]:
            await asyncio.wait(under_way)

    async def _claim(self) -> int:
        free = self._capacity - self._in_hand
        if free < self._ahead or self._paused_for() > 0:
            return 0
        found = await self.queue.claim(self.channel, free, self.lease, self.clock())
        if found:
            self._in_hand += len(found)
            task = asyncio.create_task(self._serve(found))
            self._batches.add(task)
            task.add_done_callback(self._batches.discard)
        else:
            self._say_last_lines()
        return len(found)

    @property
    def _ahead(self) -> int:
        """How many are claimed in one go, at least, and wait while the others are sent.

        Half of what the channel takes at once: a claim, a look and a settlement cost as much for
        one as for many. No more, since what is claimed by a process that dies is of unknown fate.
        """
        return max(1, self.bridge.abilities.workers // 2)

    @property
    def _capacity(self) -> int:
        workers = self.bridge.abilities.workers
        return workers if workers == 1 else workers + self._ahead

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
        try:
            seen = await self._obstacles(found)
            await self._name(found)
        except TemporaryFailure:
            for claimed in found:
                self._answered(claimed, _not_ready(claimed))
        except Exception as error:
            for claimed in found:
                self._lost(claimed, error)
        else:
            async with asyncio.TaskGroup() as hands:
                await self._hand(_Batch(deque(found), seen, hands))

    async def _obstacles(self, found: Sequence[Claimed]) -> Obstacles:
        # Looked at together: an alert to a thousand people is one alert.
        parcels = [claimed.parcel for claimed in found]
        return await obstacles(self.store, self.world, parcels, self.clock())

    async def _name(self, found: Sequence[Claimed]) -> None:
        """A receipt may come though we die before we have written that anything left."""
        if isinstance(self.bridge, Named):
            names = [(claimed, self.bridge.name_of(claimed.parcel.key)) for claimed in found]
            await self.queue.name(names)

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

    async def _try(self, claimed: Claimed, seen: Obstacles) -> _Fate:
        """Everything that may fail before the bridge is asked leads to a later try."""
        obstacle = seen.get(claimed.parcel.key)
        if obstacle is not None:
            return obstacle
        try:
            message = await pack(self.store, self.guichets, claimed)
        except TemporaryFailure:
            return _not_ready(claimed)
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
                return Throttled(_LATER.total_seconds(), "bridge-broke")
            return Unknown("bridge-broke")

    def _answered(self, claimed: Claimed, outcome: _Fate) -> None:
        """To be written down with all that is answered meanwhile."""
        if isinstance(outcome, Throttled) and not outcome.alone:
            self._pause(outcome.after)
        self._answers.append((self._settled(claimed, outcome), outcome))
        self._begin("settling", self._settle)
        self._freed()

    def _lost(self, claimed: Claimed, error: Exception) -> None:
        """Nobody knows what to do with it: it comes back when its lease runs out."""
        _log_failure(claimed, error)
        self._freed()

    def _freed(self) -> None:
        self._in_hand -= 1
        if self._in_hand == self._capacity - self._ahead:
            self._moved.set()  # something may wait for a free hand

    def _settled(self, claimed: Claimed, outcome: _Fate) -> Settled:
        now = self.clock()
        match outcome:
            case Accepted(provider_id=name, detail=detail):
                sent = _as_sent(claimed, outcome)
                return Settled(claimed, State.ACCEPTED, now, name, detail=detail, sent=sent)
            case Throttled(after=after, code=code):
                retry_at = now + timedelta(seconds=after)
                return Settled(claimed, State.QUEUED, now, retry_at=retry_at, code=code)
            case Rejected(code=code) | Given(code=code):
                return Settled(claimed, State.FAILED, now, code=code)
            case Later(until=until):
                return Settled(claimed, State.QUEUED, now, retry_at=until, code=QUIET)
            case Unknown(code=code, detail=detail):
                sent = _as_sent(claimed, outcome)
                return Settled(claimed, State.UNKNOWN, now, code=code, detail=detail, sent=sent)
            case _:
                assert_never(outcome)

    async def _settle(self) -> None:
        """Until every answer is written. Never raises."""
        while self._answers:
            batch, self._answers = self._answers[:_AT_ONCE], self._answers[_AT_ONCE:]
            try:
                await self.queue.settle([said for said, _ in batch])
            except Exception as error:
                name = type(error).__name__
                _LOG.warning("%d parcels left to their leases: %s", len(batch), name)
            else:
                for said, outcome in batch:
                    self._note_sequels(said.claimed.parcel, outcome)
            self._moved.set()  # the conversation may go on

    def _note_sequels(self, parcel: Parcel, outcome: _Fate) -> None:
        """What a written outcome asks for: a person's eye, another way, a last line."""
        if isinstance(outcome, Rejected | Unknown):
            doubt = "rejected" if isinstance(outcome, Rejected) else "unknown"
            # Of a thousand like it, one is told.
            about = (parcel.alert or parcel.key, parcel.kind, doubt)
            self._sequels[about] = partial(progress.doubt, self.store, self.world, parcel, doubt)
        if parcel.alert is not None:
            self._ending.add(parcel.alert)
            people = _unreached(parcel, outcome)
            if people and self.instead is not None:
                self._sequels[parcel.key] = partial(self.instead, parcel, people)
        if self._sequels:
            self._begin("sequels", self._play_sequels)

    async def _play_sequels(self) -> None:
        """Never raises: `progress.watch` finds again what is unknown."""
        while self._sequels:
            sequel = self._sequels.pop(next(iter(self._sequels)))
            try:
                await sequel()
            except Exception as error:
                _LOG.warning("after an answer of %s: %s", self.channel, type(error).__name__)

    def _say_last_lines(self) -> None:
        """Once nothing more can be claimed: as long as parcels wait, none is due."""
        if self._ending:
            self._begin("ending", self._last_lines)

    async def _last_lines(self) -> None:
        """Never raises: `progress.watch` looks at every alert again."""
        sequels = self._beside.get("sequels")
        if sequels is not None:
            await asyncio.wait([sequels])  # another way may be found for somebody
        while self._ending:
            number = self._ending.pop()
            try:
                await progress.finish(self.store, self.world, number, self.clock)
            except Exception as error:
                _LOG.warning("last line of A%s: %s", number, type(error).__name__)

    def _begin(self, name: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Beside, unless it is under way and will see what is new."""
        task = self._beside.get(name)
        if task is None or task.done():
            self._beside[name] = asyncio.create_task(work())

    def _paused_for(self) -> float:
        """Seconds, not above 0 when the channel may be asked."""
        return self._paused_until - asyncio.get_running_loop().time()

    def _pause(self, after: float) -> None:
        """A channel that says slow down says it for everybody."""
        until = asyncio.get_running_loop().time() + after
        self._paused_until = max(self._paused_until, until)


def _unreached(parcel: Parcel, outcome: _Fate) -> Sequence[str]:
    """People whom the channel can't reach may be reached another way."""
    if parcel.kind is not Kind.POST:
        return ()
    match outcome:
        case Rejected() if not parcel.to_group:
            return [parcel.target]
        case Accepted(failed=failed):
            return list(failed)
        case _:
            return ()


def _as_sent(claimed: Claimed, outcome: Accepted | Unknown) -> str | None:
    return outcome.sent if outcome.sent != claimed.parcel.body else None


def _not_ready(claimed: Claimed) -> Throttled:
    wait = min(_LATER * (1 << min(claimed.attempts, 10)), _LONGEST)
    return Throttled(wait.total_seconds(), "not-ready", alone=True)


def _log_failure(claimed: Claimed, error: Exception) -> None:
    """By name only: what an error says may hold what people wrote."""
    _LOG.error("parcel %s: %s", claimed.id, type(error).__name__)
