"""What follows an answer of a channel: it is written down, then what it asks for is done."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from appservice.domain.delivery import Claimed, Parcel, Settled
from appservice.domain.ids import AlertId
from appservice.domain.member import Channel
from appservice.domain.world import World
from appservice.flows import progress
from appservice.flows.departure.fates import Fate, settled, unreached
from appservice.flows.ports import Clock, Queue, Store
from bridges.protocol import Rejected, Unknown

_LOG = logging.getLogger(__name__)

_AT_ONCE = 200  # outcomes in one statement
_COMPANY = 0.1  # seconds that an answer waits for others

Instead = Callable[[Parcel, Sequence[str]], Awaitable[None]]
"""Told of an alert that a channel will never bring to these addresses."""


@dataclass(slots=True)
class Aftermath:
    """Of one channel. Everything goes on beside the sending, and none of it ever raises.

    `awaited` tells whether other answers are about to come that may share the commit; `moved` is
    called when conversations may go on.
    """

    channel: Channel
    store: Store
    queue: Queue
    world: World
    clock: Clock
    instead: Instead | None
    awaited: Callable[[], bool]
    moved: Callable[[], None]
    _answers: list[tuple[Settled, Fate]] = field(default_factory=list)  # to be written
    _sequels: dict[object, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    _ending: set[AlertId] = field(default_factory=set)  # whose last line may be due
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def answered(self, claimed: Claimed, outcome: Fate) -> None:
        """To be written down with all that is answered meanwhile."""
        self._answers.append((settled(claimed, outcome, self.clock()), outcome))
        self._begin("settling", self._settle)

    def say_last_lines(self) -> None:
        """Once nothing more can be claimed: as long as parcels wait, none is due."""
        if self._ending:
            self._begin("ending", self._last_lines)

    def under_way(self) -> Iterator[asyncio.Task[None]]:
        return (task for task in self._tasks.values() if not task.done())

    async def _settle(self) -> None:
        """Until every answer is written."""
        while self._answers:
            if self.awaited():
                await asyncio.sleep(_COMPANY)  # a commit costs more
            batch, self._answers = self._answers[:_AT_ONCE], self._answers[_AT_ONCE:]
            try:
                await self.queue.settle([said for said, _ in batch])
            except Exception as error:
                name = type(error).__name__
                _LOG.warning("%d parcels left to their leases: %s", len(batch), name)
            else:
                for said, outcome in batch:
                    self._note_sequels(said.claimed.parcel, outcome)
            self.moved()

    def _note_sequels(self, parcel: Parcel, outcome: Fate) -> None:
        """What a written outcome asks for: a person's eye, another way, a last line."""
        if isinstance(outcome, Rejected | Unknown):
            doubt = "rejected" if isinstance(outcome, Rejected) else "unknown"
            # Of a thousand like it, one is told.
            about = (parcel.alert or parcel.key, parcel.kind, doubt)
            self._sequels[about] = partial(progress.doubt, self.store, self.world, parcel, doubt)
        if parcel.alert is not None:
            self._ending.add(parcel.alert)
            people = unreached(parcel, outcome)
            if people and self.instead is not None:
                self._sequels[parcel.key] = partial(self.instead, parcel, people)
        if self._sequels:
            self._begin("sequels", self._play_sequels)

    async def _play_sequels(self) -> None:
        """One that fails is not lost: `progress.watch` finds again what is unknown."""
        while self._sequels:
            sequel = self._sequels.pop(next(iter(self._sequels)))
            try:
                await sequel()
            except Exception as error:
                _LOG.warning("after an answer of %s: %s", self.channel, type(error).__name__)

    async def _last_lines(self) -> None:
        """One that fails is not lost: `progress.watch` looks at every alert again."""
        sequels = self._tasks.get("sequels")
        if sequels is not None:
            await asyncio.wait([sequels])  # another way may be found for somebody
        while self._ending:
            number = self._ending.pop()
            try:
                await progress.finish(self.store, self.world, number, self.clock)
            except Exception as error:
                _LOG.warning("last line of A%s: %s", number, type(error).__name__)

    def _begin(self, name: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Unless it is under way and will see what is new."""
        task = self._tasks.get(name)
        if task is None or task.done():
            self._tasks[name] = asyncio.create_task(work())
