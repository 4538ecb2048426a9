"""Who asks while a run is under way shares the next one, which sees what they saw."""

import asyncio

import pytest

from appservice.flows.coalescing import Coalescing


class Work:
    """Counts its runs; each waits for the gate."""

    def __init__(self) -> None:
        self.runs = 0
        self.gate = asyncio.Event()
        self.broken = False

    async def __call__(self) -> None:
        self.runs += 1
        await self.gate.wait()
        if self.broken:
            raise ConnectionError


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_ten_who_ask_together_share_one_run():
    once, work = Coalescing(), Work()
    work.gate.set()
    await asyncio.gather(*(once.run("A7", work) for _ in range(10)))
    assert work.runs == 1


async def test_who_asks_during_a_run_gets_one_that_begins_later():
    once, work = Coalescing(), Work()
    first = asyncio.create_task(once.run("A7", work))
    await settle()
    later = [asyncio.create_task(once.run("A7", work)) for _ in range(3)]
    await settle()
    assert (work.runs, [task.done() for task in later]) == (1, [False] * 3)
    work.gate.set()
    await asyncio.gather(first, *later)
    assert work.runs == 2
    await once.run("A7", work)
    assert work.runs == 3


async def test_names_do_not_wait_for_each_other():
    once, slow, quick = Coalescing(), Work(), Work()
    waiting = asyncio.create_task(once.run("A7", slow))
    quick.gate.set()
    await once.run("A8", quick)
    assert (quick.runs, waiting.done()) == (1, False)
    slow.gate.set()
    await waiting


async def test_a_failure_is_told_and_the_next_run_goes_on():
    once, work = Coalescing(), Work()
    work.broken = True
    work.gate.set()
    with pytest.raises(ConnectionError):
        await once.run("A7", work)
    work.broken = False
    await once.run("A7", work)
    assert work.runs == 2


async def test_who_goes_away_does_not_stop_the_run():
    once, work = Coalescing(), Work()
    gone, stays = (asyncio.create_task(once.run("A7", work)) for _ in range(2))
    await settle()
    gone.cancel()
    work.gate.set()
    await stays
    assert work.runs == 1
