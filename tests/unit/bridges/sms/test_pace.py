"""How fast texts leave."""

import asyncio

from bridges.sms.pace import Backoff, Pace


def test_each_refusal_in_a_row_doubles_the_wait_up_to_a_limit():
    backoff = Backoff(2, 10)
    assert [backoff.refused(now) for now in (0.0, 2.0, 6.0, 14.0, 24.0)] == [2, 4, 8, 10, 10]


def test_refusals_of_what_left_before_do_not_count():
    backoff = Backoff(2, 120)
    assert backoff.refused(100.0) == 2
    assert backoff.refused(101.5) == 0.5
    assert backoff.refused(102.0) == 4


def test_what_is_accepted_ends_the_row():
    backoff = Backoff(2, 120)
    backoff.refused(0.0)
    backoff.refused(2.0)
    backoff.accepted()
    assert backoff.refused(50.0) == 2


async def test_a_rate_spaces_what_begins_in_order():
    loop, pace = asyncio.get_running_loop(), Pace(100)
    begun: list[tuple[int, float]] = []

    async def one(number: int) -> None:
        await pace.turn()
        begun.append((number, loop.time()))

    start = loop.time()
    await asyncio.gather(*(one(number) for number in range(5)))
    assert [number for number, _ in begun] == [0, 1, 2, 3, 4]
    assert begun[-1][1] - start >= 0.04  # never faster; how much slower is the machine's affair


async def test_no_rate_makes_nobody_wait():
    pace = Pace(0)
    async with asyncio.timeout(5):
        for _ in range(10_000):
            await pace.turn()
