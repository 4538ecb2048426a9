"""Brings parcels to their channel, one at a time per conversation; says what became of them."""

import asyncio
import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import assert_never

from appservice.domain.charter import InForce
from appservice.domain.delivery import GUICHET, Claimed, Kind, Parcel, State
from appservice.domain.errors import TemporaryFailure
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel
from appservice.domain.world import World
from appservice.flows import progress
from appservice.flows.ports import Clock, Guichets, Queue, Store, Transaction, Wake
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
_LATER = timedelta(seconds=5)
_LONGEST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Given:
    """Not sent, and why: the charter lapsed, the alert was replaced, nothing is left to change."""

    code: str


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
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
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
        while self._running:
            await asyncio.wait(self._running)

    async def deliver_once(self) -> int:
        """Sends all that can leave now; returns how many parcels were tried."""
        total = 0
        while (count := await self._claim()) > 0:
            total += count
            await asyncio.wait(self._running)
        return total

    async def _claim(self) -> int:
        free = self.bridge.abilities.workers - len(self._running)
        if free <= 0 or self._paused():
            return 0
        for claimed in (
            found := await self.queue.claim(self.channel, free, self.lease, self.clock())
        ):
            task = asyncio.create_task(self._one(claimed))
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

    async def _one(self, claimed: Claimed) -> None:
        """Never raises: what is not settled comes back when its lease runs out."""
        try:
            await self._settle(claimed, await self._try(claimed))
        except TemporaryFailure:
            _LOG.warning("parcel %s left to its lease", claimed.id)
        except Exception as error:
            _log_failure(claimed, error)

    async def _try(self, claimed: Claimed) -> Outcome | Given:
        """Everything that may fail before the bridge is asked leads to a later try."""
        try:
            message = await self._prepare(claimed)
        except TemporaryFailure:
            return Throttled(_backoff(claimed.attempts).total_seconds(), "not-ready")
        if isinstance(message, Given):
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
        async with self.store.transaction() as tx:
            obstacle = await self._obstacle(tx, parcel)
            if obstacle is not None:
                return obstacle
            blobs = [await tx.blobs.get(blob) for blob in parcel.blobs]
        target = await self._target(parcel)
        if target is None:
            return Given("no-guichet")
        attachments = tuple(blob for blob in blobs if blob is not None)
        return _outgoing(replace(parcel, target=target), claimed, attachments)

    async def _obstacle(self, tx: Transaction, parcel: Parcel) -> Given | None:
        """An alert reaches nobody whose charter lapsed since it was queued, and never late."""
        if parcel.alert is None or parcel.kind is Kind.DELETE:
            return None
        if await progress.is_overtaken(tx, parcel):
            return Given("overtaken")
        member = await tx.members.get(parcel.member) if parcel.member is not None else None
        if member is None:
            return None if parcel.member is None else Given("gone")
        signature = await tx.signatures.latest(member.id)
        standing = self.world.standing(member, signature, self.clock())
        return None if isinstance(standing, InForce) else Given(standing.reason)

    async def _target(self, parcel: Parcel) -> str | None:
        if not parcel.target.startswith(GUICHET):
            return parcel.target
        return await self.guichets.room_of(MemberId(parcel.target.removeprefix(GUICHET)))

    async def _settle(self, claimed: Claimed, outcome: Outcome | Given) -> None:
        now = self.clock()
        settle = self.queue.settle
        doubt = ""
        match outcome:
            case Given(code=code):
                await settle(claimed, State.FAILED, now, code=code)
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
        await progress.report(self.store, self.world, claimed.parcel, now, doubt)

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
