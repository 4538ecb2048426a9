"""Timing: two sides in turn, A B A B, so that whatever else the machine does hits both."""

import gc
import multiprocessing
import resource
import statistics
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

T = TypeVar("T")
Once = Callable[[], Awaitable[float]]
"""One measure: seconds, or a rate."""


async def in_turn(times: int, ours: Once, floor: Once) -> tuple[float, float]:
    """The median of each."""
    mine, others = [], []
    for _ in range(times):
        mine.append(await ours())
        others.append(await floor())
    return statistics.median(mine), statistics.median(others)


async def seconds(work: Callable[[], Awaitable[object]]) -> float:
    """How long it takes."""
    gc.collect()
    start = time.perf_counter()
    await work()
    return time.perf_counter() - start


def alone(work: Callable[..., T], *values: object) -> T:
    """Runs it in a fresh process, whose memory then is the work's own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=context) as pool:
        return pool.submit(work, *values).result()


def peak_mib() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
