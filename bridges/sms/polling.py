"""Asks again and again a gateway that does not call."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


class Polling:
    """Runs `look` every so many seconds. What fails is looked at again next time."""

    def __init__(self, look: Callable[[], Awaitable[None]], every: float) -> None:
        self._look = look
        self._every = every
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Looks at once, then goes on."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ends, in the middle of a look if need be: nothing is forgotten before it is kept."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                await self._look()
            except Exception as error:
                # By name only: what an error says may hold a number.
                log.warning("the SMS gateway can't be asked: %s", type(error).__name__)
            await asyncio.sleep(self._every)
