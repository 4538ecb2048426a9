"""What Signal handed over, kept in order until it is written down."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from bridges.protocol import Inbound, Sink
from bridges.signal.codec import Received

log = logging.getLogger(__name__)


class Inbox:
    """One worker: reads each event, gives what it says to the sink, insists until it is taken.

    signal-cli hands over at most once, so nothing is dropped here. When more than `limit` wait,
    `hold(True)` asks Signal to keep the rest, and `hold(False)` asks for it again.
    """

    def __init__(
        self,
        understand: Callable[[Received], Awaitable[list[Inbound]]],
        hold: Callable[[bool], Awaitable[None]],
        *,
        limit: int,
        retry_first: float,
        retry_last: float,
    ) -> None:
        self._understand = understand
        self._hold = hold
        self._limit = limit
        self._retry = (retry_first, retry_last)
        self._waiting: deque[Received] = deque()
        self._something = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self.holding = False

    def start(self, sink: Sink) -> None:
        """Begins to empty itself into the sink."""
        self._task = asyncio.create_task(self._work(sink), name="signal-inbox")

    def put(self, received: Received) -> None:
        """Takes one event; never blocks."""
        self._waiting.append(received)
        self._idle.clear()
        self._something.set()

    async def stop(self, patience: float) -> None:
        """Lets the sink take what waits, for so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._idle.wait()
        if self._waiting:
            log.error("%d Signal events could not be written down", len(self._waiting))
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _work(self, sink: Sink) -> None:
        while True:
            await self._something.wait()
            while self._waiting:
                await self._keep_within_limit()
                for thing in await self._read(self._waiting[0]):
                    await self._insist(sink, thing)
                self._waiting.popleft()
            self._something.clear()
            self._idle.set()
            if self.holding:
                self.holding = False
                await self._hold(False)

    async def _read(self, received: Received) -> list[Inbound]:
        try:
            return await self._understand(received)
        except Exception as error:
            # One envelope that we can't read must not stop those behind it.
            log.warning("a Signal envelope could not be read: %s", type(error).__name__)
            return []

    async def _insist(self, sink: Sink, thing: Inbound) -> None:
        wait, longest = self._retry
        while True:
            try:
                await sink(thing)
            except Exception as error:
                log.warning("the sink refused a Signal event: %s", type(error).__name__)
                await self._keep_within_limit()
                await asyncio.sleep(wait)
                wait = min(wait * 2, longest)
            else:
                return

    async def _keep_within_limit(self) -> None:
        if len(self._waiting) > self._limit and not self.holding:
            self.holding = True
            await self._hold(True)
