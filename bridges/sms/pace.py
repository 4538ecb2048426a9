"""How fast texts leave: an even rate, and longer and longer waits while a gateway refuses."""

import asyncio


class Pace:
    """Spaces what begins, so many times a second; 0 leaves everything alone."""

    def __init__(self, rate: float) -> None:
        self._gap = 1 / rate if rate else 0.0
        self._next = 0.0

    async def turn(self) -> None:
        """Returns when it is the caller's turn, in order of arrival."""
        now = asyncio.get_running_loop().time()
        start = max(self._next, now)
        self._next = start + self._gap
        if start > now:
            await asyncio.sleep(start - now)


class Backoff:
    """How long to leave alone a gateway that says "later".

    Refusals that come while we wait already are answers to texts that left before.
    """

    def __init__(self, first: float, longest: float) -> None:
        self._first, self._longest = first, longest
        self._step = 0.0
        self._until = 0.0

    def refused(self, now: float) -> float:
        """Seconds to wait from `now` on."""
        if now >= self._until:
            self._step = min(self._step * 2 or self._first, self._longest)
            self._until = now + self._step
        return self._until - now

    def accepted(self) -> None:
        """It takes texts again."""
        self._step = 0.0
