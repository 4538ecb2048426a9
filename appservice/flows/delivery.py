"""Brings parcels to their channel, one at a time per conversation; says what became of them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import assert_never

from appservice.domain.delivery import GUICHET, QUIET, Claimed, Kind, Parcel, State
from appservice.domain.errors import TemporaryFailure
from appservice.domain.ids import AlertId, MemberId
from appservice.domain.member import Channel
from appservice.domain.world import World
from appservice.flows import progress
from appservice.flows.coalescing import Coalescing
from appservice.flows.departure.obstacles import Given, Later, Obstacles, obstacles
from appservice.flows.ports import Clock, Guichets, Queue, Store, Wake
from bridges.protocol import (
    Accepted,
    Action,
    Attachment,
    Bridge,
    Outcome,
    Outgoing,
    Rejected,
    Throttled,
    Unknown,
)

_LOG = logging.getLogger(__name__)

NOTHING_TO_CHANGE = "nothing-to-change"
Instead = Callable[[Parcel, Sequence[str]], Awaitable[None]]
"""Told of an alert that a channel will never bring to these addresses."""

_LATER = timedelta(seconds=5)
_LONGEST = timedelta(minutes=5)


@dataclass(slots=True)
class Delivery:
    """The worker of one channel. `run` until `stop`; `deliver_once` is one round, for tests."""

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
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _afterwards: set[asyncio.Task[None]] = field(default_factory=set)
    _finishing: Coalescing = field(default_factory=Coalescing)
    _paused_until: float = 0.0  # of the loop's clock

    async def run(self) -> None:
        """Claims and sends until stopped. Whatever fails here only makes it wait."""
        while not self._stopping.is_set():
            try:
                if await self._claim() == 0:
                    await self._rest()
            except Exception as error:
                _LOG.warning("outbox of %s: %s", self.channel, type(error).__name__)
                await asyncio.sleep(self.poll.total_seconds())

    async def stop(self) -> None:
        """Claims nothing more and waits for what is on its way."""
        self._stopping.set()
        while under_way := self._running | self._afterwards:
            await asyncio.wait(under_way)

    async def deliver_once(self) -> int:
        """Sends all that can leave now; returns how many parcels were tried."""
        total = 0
        while (count := await self._claim()) > 0:
            total += count
            while under_way := self._running | self._afterwards:
                await asyncio.wait(under_way)
        return total

    async def _claim(self) -> int:
        free = self.bridge.abilities.workers - len(self._running)
        if free <= 0 or self._paused():
            return 0
        found = await self.queue.claim(self.channel, free, self.lease, self.clock())
        if found:
            # Looked at together: an alert to a thousand people is one alert.
            parcels = [claimed.parcel for claimed in found]
            looking = asyncio.create_task(obstacles(self.store, self.world, parcels, self.clock()))
            for claimed in found:
                task = asyncio.create_task(self._one(claimed, looking))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        return len(found)

    async def _rest(self) -> None:
        """Until a parcel is queued, a worker is free, or the time to look again has come."""
        bell = asyncio.create_task(self.wake.wait(self.channel.value, self.poll))
        end = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({bell, end, *self._running}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            bell.cancel()
            end.cancel()

    def _paused(self) -> bool:
        return asyncio.get_running_loop().time() < self._paused_until

    async def _one(self, claimed: Claimed, looking: "asyncio.Task[Obstacles]") -> None:
        """Never raises: what is not settled comes back when its lease runs out."""
        try:
            await self._settle(claimed, await self._try(claimed, looking))
        except TemporaryFailure:
            _LOG.warning("parcel %s left to its lease", claimed.id)
        except Exception as error:
            _log_failure(claimed, error)

    async def _try(
        self, claimed: Claimed, looking: "asyncio.Task[Obstacles]"
    ) -> Outcome | Given | Later:
        """Everything that may fail before the bridge is asked leads to a later try."""
        try:
            obstacle = (await asyncio.shield(looking)).get(claimed.parcel.key)
            message = obstacle or await self._prepare(claimed)
        except TemporaryFailure:
            return Throttled(_backoff(claimed.attempts).total_seconds(), "not-ready")
        if isinstance(message, Given | Later):
            return message
        try:
            return await self.bridge.send(message)
        except Exception as error:
            # A bridge never raises; one that does has told us nothing of what it did.
            _log_failure(claimed, error)
            if self.bridge.abilities.idempotent:
                return Throttled(_LATER.total_seconds(), "bridge-broke")
            return Unknown("bridge-broke")

    async def _prepare(self, claimed: Claimed) -> Outgoing | Given:
        parcel = claimed.parcel
        attachments = await self._attachments(parcel) if parcel.blobs else ()
        target = await self._target(parcel)
        if target is None:
            return Given("no-guichet")
        return _outgoing(replace(parcel, target=target), claimed, attachments)

    async def _attachments(self, parcel: Parcel) -> tuple[Attachment, ...]:
        async with self.store.transaction() as tx:
            blobs = [await tx.blobs.get(blob) for blob in parcel.blobs]
        return tuple(blob for blob in blobs if blob is not None)

    async def _target(self, parcel: Parcel) -> str | None:
        if not parcel.target.startswith(GUICHET):
            return parcel.target
        return await self.guichets.room_of(MemberId(parcel.target.removeprefix(GUICHET)))

    async def _settle(self, claimed: Claimed, outcome: Outcome | Given | Later) -> None:
        if isinstance(outcome, Given | Later):
            await self._give_back(claimed, outcome)
        else:
            await self._write(claimed, outcome)
        number = claimed.parcel.alert
        if number is not None:
            # Beside: whoever delivers goes on to the next conversation meanwhile.
            task = asyncio.create_task(self._last_line(number))
            self._afterwards.add(task)
            task.add_done_callback(self._afterwards.discard)

    async def _give_back(self, claimed: Claimed, why: Given | Later) -> None:
        """The bridge was not asked."""
        now = self.clock()
        match why:
            case Given(code=code):
                await self.queue.settle(claimed, State.FAILED, now, code=code)
            case Later(until=until):
                await self.queue.settle(claimed, State.QUEUED, now, retry_at=until, code=QUIET)
            case _:
                assert_never(why)

    async def _write(self, claimed: Claimed, outcome: Outcome) -> None:
        now = self.clock()
        settle = self.queue.settle
        doubt = ""
        match outcome:
            case Accepted(provider_id=provider_id, detail=detail):
                await settle(claimed, State.ACCEPTED, now, provider_id=provider_id, detail=detail)
            case Throttled(after=after, code=code):
                self._pause(after, code)
                retry_at = now + timedelta(seconds=after)
                await settle(claimed, State.QUEUED, now, retry_at=retry_at, code=code)
            case Rejected(code=code):
                doubt = "rejected"
                await settle(claimed, State.FAILED, now, code=code)
            case Unknown(code=code):
                doubt = "unknown"
                await settle(claimed, State.UNKNOWN, now, code=code)
            case _:
                assert_never(outcome)
        if doubt:
            await progress.doubt(self.store, self.world, claimed.parcel, doubt)
        await self._refused(claimed.parcel, outcome)

    async def _refused(self, parcel: Parcel, outcome: Outcome) -> None:
        """People whom the channel can't reach may be reached another way."""
        if self.instead is None or parcel.alert is None or parcel.kind is not Kind.POST:
            return
        match outcome:
            case Rejected() if not parcel.to_group:
                await self.instead(parcel, [parcel.target])
            case Accepted(failed=failed) if failed:
                await self.instead(parcel, failed)
            case _:
                pass

    async def _last_line(self, number: AlertId) -> None:
        """Never raises: `progress.watch` looks at every alert again."""
        try:
            await self._finishing.run(
                number, lambda: progress.finish(self.store, self.world, number, self.clock)
            )
        except Exception as error:
            _LOG.warning("last line of A%s: %s", number, type(error).__name__)

    def _pause(self, after: float, code: str) -> None:
        """A channel that says slow down says it for everybody; what isn't ready is one parcel."""
        if code != "not-ready":
            until = asyncio.get_running_loop().time() + after
            self._paused_until = max(self._paused_until, until)


def _log_failure(claimed: Claimed, error: Exception) -> None:
    """By name only: what an error says may hold what people wrote."""
    _LOG.error("parcel %s: %s", claimed.id, type(error).__name__)


def _backoff(attempts: int) -> timedelta:
    return min(_LATER * (1 << min(attempts, 10)), _LONGEST)


def _outgoing(
    parcel: Parcel, claimed: Claimed, attachments: tuple[Attachment, ...]
) -> Outgoing | Given:
    """What never arrived can't be edited: its correction is posted. Nor does it need removing."""
    acts_on = parcel.event or claimed.replaced_provider_id
    action = Action(parcel.kind.value)
    if acts_on is None and action in {Action.DELETE, Action.REACT}:
        return Given(NOTHING_TO_CHANGE)
    if acts_on is None:
        action = Action.POST
    return Outgoing(
        key=parcel.key,
        target=parcel.target,
        text=parcel.body,
        action=action,
        to_group=parcel.to_group,
        html=parcel.html,
        notice=parcel.notice,
        acts_on=acts_on if action is not Action.POST else None,
        attachments=attachments,
    )
