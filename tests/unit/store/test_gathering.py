"""Writes that arrive together: one batch, one answer each, and a failure that ends there."""

import asyncio
from collections.abc import Sequence

import pytest

from appservice.store.gathering import Gathering


class Ledger:
    """Writes when the gate is open; notes each batch."""

    def __init__(self, limit: int = 10, linger: float = 0) -> None:
        self.batches: list[list[tuple[str, int]]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.broken = False
        self.gathering = Gathering(self._write, lambda t: t[0], limit, lambda t: t[1], linger)

    async def _write(self, things: Sequence[tuple[str, int]]) -> Sequence[str]:
        self.batches.append(list(things))
        await self.gate.wait()
        if self.broken:
            raise ConnectionError
        return [name.upper() for name, _ in things]

    def put(self, name: str, weight: int = 1) -> "asyncio.Task[str]":
        return asyncio.create_task(self.gathering.put((name, weight)))

    @property
    def names(self) -> list[str]:
        return ["".join(name for name, _ in batch) for batch in self.batches]


async def test_what_comes_while_one_is_written_is_written_together():
    ledger = Ledger()
    ledger.gate.clear()
    first = ledger.put("a")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [ledger.put(name) for name in "bcd"]
    await asyncio.sleep(0)
    ledger.gate.set()
    assert await asyncio.gather(first, *others) == ["A", "B", "C", "D"]
    assert ledger.names == ["a", "bcd"]


async def test_two_of_a_name_are_never_in_one_batch():
    ledger = Ledger()
    assert await asyncio.gather(*(ledger.put(name) for name in "aab")) == ["A", "A", "B"]
    assert ledger.names == ["ab", "a"]


async def test_a_batch_is_as_heavy_as_the_limit():
    ledger = Ledger(limit=10)
    await asyncio.gather(*(ledger.put(name, 4) for name in "abcde"))
    assert ledger.names == ["ab", "cd", "e"]


async def test_what_is_too_heavy_goes_alone_and_is_not_overtaken():
    ledger = Ledger(limit=10)
    await asyncio.gather(ledger.put("a", 6), ledger.put("b", 50), ledger.put("c", 1))
    assert ledger.names == ["a", "b", "c"]


async def test_a_failure_is_told_to_its_batch_only():
    ledger = Ledger()
    ledger.broken = True
    failed = await asyncio.gather(*(ledger.put(n) for n in "ab"), return_exceptions=True)
    assert [type(failure) for failure in failed] == [ConnectionError, ConnectionError]
    ledger.broken = False
    assert await ledger.put("c") == "C"


async def test_who_went_away_takes_nothing_from_the_others():
    ledger = Ledger()
    ledger.gate.clear()
    gone, stays = ledger.put("a"), ledger.put("b")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gone.cancel()
    ledger.gate.set()
    assert await stays == "B"
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_closing_waits_for_what_is_on_its_way():
    ledger = Ledger()
    ledger.gate.clear()
    put = ledger.put("a")
    await asyncio.sleep(0)
    closing = asyncio.create_task(ledger.gathering.close())
    await asyncio.sleep(0)
    assert not closing.done()
    ledger.gate.set()
    await closing
    assert put.done() or await put == "A"


async def test_after_company_a_batch_waits_for_more():
    ledger = Ledger(linger=0.05)
    await asyncio.gather(ledger.put("a"), ledger.put("b"))
    first = ledger.put("c")
    await asyncio.sleep(0.001)
    await asyncio.gather(first, ledger.put("d"))
    assert ledger.names == ["ab", "cd"]


async def test_who_comes_alone_does_not_wait():
    ledger = Ledger(linger=3600)
    assert await ledger.put("a") == "A"
    assert await ledger.put("b") == "B"
