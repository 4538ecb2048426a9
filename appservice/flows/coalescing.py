"""One run for all who ask while another is under way: each asker's run began after they asked."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Coalescing:
    """Runs of one kind of work, by name."""

    _under_way: dict[Hashable, asyncio.Task[None]] = field(default_factory=dict)
    _next: dict[Hashable, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self, name: Hashable, work: Callable[[], Awaitable[None]]) -> None:
        """Returns once a run that began after this call has ended. Raises what it raised."""
        task = self._next.get(name)
        if task is None:
            task = asyncio.create_task(self._after(self._under_way.get(name), name, work))
            self._next[name] = task
        # Whoever goes away must not take the run from the others.
        await asyncio.shield(task)

    async def _after(
        self,
        former: "asyncio.Task[None] | None",
        name: Hashable,
        work: Callable[[], Awaitable[None]],
    ) -> None:
        if former is not None:
            await asyncio.wait([former])
        mine = self._under_way[name] = self._next.pop(name)
        try:
            await work()
        finally:
            if self._under_way.get(name) is mine:
                del self._under_way[name]
