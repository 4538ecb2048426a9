"""Keeps rooms and groups as the charters ask: at start, on time, on demand, and at each move."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from appservice.domain.errors import MaillageError
from appservice.domain.ids import RoomId
from appservice.domain.membership.group_steps import RemoveFromGroup
from appservice.domain.membership.people_steps import Remove
from appservice.flows.membership import Membership
from appservice.flows.ports import Wake
from appservice.flows.provisioning import Applied

_LOG = logging.getLogger(__name__)

TOPIC = "reconcile"
"""Whoever changed the register rings here (`Wake`)."""

Ring = Callable[[str], Awaitable[None]]


async def announced(ring: Ring) -> None:
    """Tells of a change that is written already: whoever is not told comes by in a minute."""
    try:
        await ring(TOPIC)
    except MaillageError as failure:
        _LOG.warning("nobody was told of a change: %s", failure.code)


@dataclass(slots=True)
class Reconciliation:
    """One loop. `ready` returns once the homeserver can be spoken to."""

    membership: Membership
    wake: Wake
    ready: Callable[[], Awaitable[object]]
    every: timedelta = timedelta(minutes=1)
    quiet: timedelta = timedelta(milliseconds=300)  # people join in waves: one repair for all
    steps: Counter[str] = field(default_factory=Counter)
    """Since the start: steps `done` and `failed`, and whole walks that were `interrupted`."""
    tidied: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once nobody sits where they should not."""
    _moved: set[RoomId] = field(default_factory=set)
    _bell: asyncio.Event = field(default_factory=asyncio.Event)

    async def moved(self, room: str, _user: str, membership: str) -> None:
        """Somebody joined, was invited, or left: that room is looked at soon."""
        if membership in {"join", "invite", "knock"}:
            self._moved.add(RoomId(room))
            self._bell.set()

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.gather(self._whole(), self._repairs())

    async def _whole(self) -> None:
        while True:
            await self.ready()
            await self._attempt(self.membership.reconcile())
            await self.wake.wait(TOPIC, self.every)

    async def _repairs(self) -> None:
        while True:
            await self._bell.wait()
            await asyncio.sleep(self.quiet.total_seconds())
            self._bell.clear()
            await self.ready()
            rooms, self._moved = sorted(self._moved), set()
            if not await self._attempt(self.membership.repair(rooms)):
                self._moved.update(rooms)

    async def _attempt(self, walk: Awaitable[Applied]) -> bool:
        """A failure is logged without what it says: the next walk asks for the same again."""
        try:
            applied = await walk
        except MaillageError as failure:
            _LOG.warning("reconciliation: %s", failure.code)
            self.steps["interrupted"] += 1
            return False
        except Exception as failure:
            _LOG.error("reconciliation: %s", type(failure).__name__)  # may hold names
            self.steps["interrupted"] += 1
            return False
        self.steps["done"] += applied.done
        self.steps["failed"] += len(applied.failures)
        if not any(isinstance(f.step, Remove | RemoveFromGroup) for f in applied.failures):
            self.tidied.set()
        for missed in applied.failures:
            _LOG.warning("step %s failed: %s", type(missed.step).__name__, missed.code)
        if applied.done:
            _LOG.info("reconciliation: %d steps done", applied.done)
        return True
