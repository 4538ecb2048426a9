"""Writes that arrive together cost one statement and one commit; each learns its own answer."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def _one(_: object) -> int:
    return 1


class Gathering(Generic[T, R]):
    """While one batch is on its way to the database, the next one gathers.

    `name` tells things apart: a batch never holds two of the same name, since the second answer
    must see what the first one did. A batch is as heavy as `limit`, or is one thing alone. Where
    several came together last time, the next batch waits `linger` seconds for company, because a
    commit costs more; who comes alone never waits.
    """

    def __init__(
        self,
        write: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        name: Callable[[T], Hashable],
        limit: int,
        weigh: Callable[[T], int] = _one,
        linger: float = 0.0,
    ) -> None:
        self._write = write
        self._name = name
        self._limit = limit
        self._weigh = weigh
        self._linger = linger
        self._company = False  # whether the last batch held several
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def put(self, thing: T) -> R:
        """Returns once it is written. Raises what the write of its batch raised."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((thing, answer))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        return await answer

    async def close(self) -> None:
        """Returns once everything that was asked is written."""
        if self._writer is not None:
            await self._writer

    async def _write_all(self) -> None:
        while self._waiting:
            if self._linger and self._company:
                await asyncio.sleep(self._linger)
            batch = self._next_batch()
            self._company = len(batch) > 1
            try:
                answers = await self._write([thing for thing, _ in batch])
            except Exception as error:
                for _, waiter in batch:
                    if not waiter.done():
                        waiter.set_exception(error)
                continue
            for (_, waiter), answer in zip(batch, answers, strict=True):
                if not waiter.done():
                    waiter.set_result(answer)

    def _next_batch(self) -> list[tuple[T, "asyncio.Future[R]"]]:
        batch: dict[Hashable, tuple[T, asyncio.Future[R]]] = {}
        later: list[tuple[T, asyncio.Future[R]]] = []
        weight = 0
        for item in self._waiting:
            name = self._name(item[0])
            weight += self._weigh(item[0])
            # What came later stays later, so that nothing overtakes what it was put after.
            if name in batch or (batch and weight > self._limit):
                later.append(item)
            else:
                batch[name] = item
        self._waiting = later
        return list(batch.values())
