"""How the parts of the service run together, and end together."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any


async def once(ready: asyncio.Event, part: Coroutine[None, None, None]) -> None:
    """The part runs once the event is set."""
    await ready.wait()
    await part


async def until(stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Returns when asked to stop; a part that ends on its own is a bug that must be seen."""
    asked = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait({asked, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {asked}:
            task.result()
            raise RuntimeError("a part of the service ended by itself")
    finally:
        asked.cancel()


async def comes_first(hoped: asyncio.Event, other: asyncio.Event) -> bool:
    """Whether what is hoped for comes before the other thing."""
    waiting = [asyncio.create_task(event.wait()) for event in (hoped, other)]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end_all(waiting)
    return hoped.is_set()


async def end_all(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancelled, and waited for."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
