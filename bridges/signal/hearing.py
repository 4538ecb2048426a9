"""The connection that only listens: the next event is read once the last one is written down."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from bridges.protocol import Inbound, Receipt, Sink
from bridges.signal.client import SignalClient
from bridges.signal.codec import Received
from bridges.signal.errors import CallRefused, SignalDown
from bridges.signal.settings import SignalSettings

log = logging.getLogger(__name__)

_SMALL = 8 * 1024  # bytes
_BESIDE = 32  # receipts: about as many as may wait unread on the connection


class Hearing:
    """signal-cli hands each event over once, so nothing is dropped here, whatever the sink says.

    It has a connection of its own, read no further while the sink refuses: signal-cli then stops
    taking messages, and Signal keeps them. Asking it to stop (`unsubscribeReceive`) would lose
    the message that it has in hand.

    Receipts come by the hundred once a large group is written to, and none speaks of another: a
    few are in hand at once, so that they share a commit and no message waits for them.
    """

    def __init__(
        self,
        settings: SignalSettings,
        understand: Callable[[Received], Awaitable[list[Inbound]]],
        refused: Callable[[CallRefused], None],
    ) -> None:
        self._settings = settings
        self._understand = understand
        self._refused = refused
        self._client = SignalClient(settings, self._take, self._greet, window=_SMALL)
        self._sink: Sink | None = None
        self._asking: asyncio.Task[None] | None = None
        self._receipts: set[asyncio.Task[None]] = set()

    async def start(self, sink: Sink) -> None:
        """Begins to listen; returns after the first attempt to connect."""
        self._sink = sink
        await self._client.start()

    def again(self) -> None:
        """Asks for what is received anew, on another connection."""
        self._client.hang_up()

    async def stop(self, patience: float) -> None:
        """Hangs up, and lets the sink take what was handed over, for so many seconds."""
        until = asyncio.get_running_loop().time() + patience
        await self._client.finish(patience)
        if self._receipts:
            left = until - asyncio.get_running_loop().time()
            await asyncio.wait(self._receipts, timeout=max(0.0, left))
        for task in (*self._receipts, self._asking):
            if task is not None:
                task.cancel()

    async def _greet(self) -> None:
        # Beside the reading: events may come before the answer.
        self._asking = asyncio.create_task(self._subscribe(), name="signal-subscribe")

    async def _subscribe(self) -> None:
        try:
            await self._client.call("subscribeReceive", {}, seconds=None)
        except CallRefused as refusal:
            self._refused(refusal)
            self._client.hang_up()
        except SignalDown:
            return  # the next connection asks again

    async def _take(self, received: Received) -> None:
        for thing in await self._read(received):
            if isinstance(thing, Receipt):
                await self._beside(thing)
            else:
                await self._insist(thing)

    async def _read(self, received: Received) -> list[Inbound]:
        try:
            return await self._understand(received)
        except Exception as error:
            # One envelope that we can't read must not stop those behind it.
            log.warning("a Signal envelope could not be read: %s", type(error).__name__)
            return []

    async def _beside(self, receipt: Receipt) -> None:
        if len(self._receipts) == _BESIDE:
            await asyncio.wait(self._receipts, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._insist(receipt), name="signal-receipt")
        self._receipts.add(task)
        task.add_done_callback(self._receipts.discard)

    async def _insist(self, thing: Inbound) -> None:
        wait = self._settings.retry_first
        while self._sink is not None:
            with contextlib.suppress(Exception):
                await self._sink(thing)
                return
            log.warning("what Signal said could not be written down: it waits")
            await asyncio.sleep(wait)
            wait = min(wait * 2, self._settings.retry_last)
