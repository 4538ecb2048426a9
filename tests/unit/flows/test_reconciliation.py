"""Rooms are looked at when the service starts, when somebody rings, and when people move."""

import asyncio
from datetime import timedelta

import pytest
import pytest_asyncio
from support.memory_store import MemoryWake
from support.story import until

from appservice.domain.errors import TemporaryFailure
from appservice.flows.provisioning import Applied
from appservice.flows.reconciliation import TOPIC, Reconciliation

LONG = timedelta(hours=1)


class SomeMembership:
    """Counts the walks; the next ones may fail."""

    def __init__(self) -> None:
        self.whole = 0
        self.repairs: list[list[str]] = []
        self.failures: list[Exception] = []

    async def reconcile(self) -> Applied:
        self.whole += 1
        return self._answer()

    async def repair(self, rooms: list[str]) -> Applied:
        self.repairs.append(list(rooms))
        return self._answer()

    def _answer(self) -> Applied:
        if self.failures:
            raise self.failures.pop(0)
        return Applied(done=1)


class Running:
    def __init__(self) -> None:
        self.membership = SomeMembership()
        self.wake = MemoryWake()
        self.ready = asyncio.Event()
        self.loop = Reconciliation(
            self.membership,  # type: ignore[arg-type] # a fake of the three verbs it uses
            self.wake,
            self.ready.wait,
            every=LONG,
            quiet=timedelta(milliseconds=5),
        )
        self.task = asyncio.create_task(self.loop.run())


@pytest_asyncio.fixture
async def running():
    running = Running()
    yield running
    running.task.cancel()
    await asyncio.gather(running.task, return_exceptions=True)


async def test_nothing_is_done_before_the_homeserver_can_be_spoken_to(running):
    await running.loop.moved("!a", "@x", "join")
    for _ in range(20):
        await asyncio.sleep(0)
    assert running.membership.whole == 0
    assert running.membership.repairs == []
    running.ready.set()
    await until(lambda: running.membership.whole == 1)


async def test_whoever_changed_the_register_rings(running):
    running.ready.set()
    await until(lambda: running.membership.whole == 1)
    running.wake.ring(TOPIC)
    await until(lambda: running.membership.whole == 2)


async def test_people_who_join_in_a_wave_cost_one_repair(running):
    running.ready.set()
    for room in ("!b", "!a", "!b"):
        await running.loop.moved(room, "@x", "join")
    await running.loop.moved("!c", "@x", "leave")
    await until(lambda: running.membership.repairs != [])
    assert running.membership.repairs == [["!a", "!b"]]


@pytest.mark.parametrize("failure", [TemporaryFailure(), RuntimeError("unforeseen")])
async def test_a_walk_that_fails_is_not_the_last(running, failure, caplog):
    running.ready.set()
    await until(lambda: running.membership.whole == 1)
    running.membership.failures = [failure]
    await running.loop.moved("!a", "@x", "join")
    await until(lambda: len(running.membership.repairs) == 1)
    await running.loop.moved("!b", "@x", "join")
    await until(lambda: len(running.membership.repairs) == 2)
    assert running.membership.repairs[1] == ["!a", "!b"]
    assert "unforeseen" not in caplog.text
