"""What any journal does: written before it is answered, handled once."""

from datetime import timedelta
from typing import Any

from support.store_builders import NOON

from appservice.flows.ports.mail import AT_ONCE

SOON = timedelta(milliseconds=1)
LONG = timedelta(seconds=30)


async def test_entries_wait_in_order_until_they_are_done(store: Any) -> None:
    journal = store.journal
    for number in range(3):
        assert await journal.write("matrix", f"t{number}", b"%d" % number, NOON)
    assert await journal.write("sms", "t1", b"sms", NOON)
    waiting = await journal.pending("matrix", 10)
    assert [payload for _, payload in waiting] == [b"0", b"1", b"2"]
    assert [payload for _, payload in await journal.pending("matrix", 2)] == [b"0", b"1"]
    await journal.done(waiting[0][0])
    await journal.done(waiting[0][0])
    assert list(await journal.pending("matrix", 10)) == list(waiting[1:])
    await journal.done(*(entry for entry, _ in waiting))
    assert list(await journal.pending("matrix", 10)) == []


async def test_the_same_entry_twice_is_kept_once(store: Any) -> None:
    journal = store.journal
    assert await journal.write("signal", "k", b"premier", NOON)
    assert not await journal.write("signal", "k", b"second", NOON)
    [(entry, payload)] = await journal.pending("signal", 10)
    assert payload == b"premier"
    await journal.done(entry)
    assert not await journal.write("signal", "k", b"encore", NOON)
    assert list(await journal.pending("signal", 10)) == []


async def test_a_write_wakes_who_reads_that_source(store: Any) -> None:
    await store.journal.write("signal", "k", b"x", NOON)
    assert await store.wake.wait("journal:signal", LONG)
    assert not await store.wake.wait("journal:signal", SOON)


async def test_what_waits_elsewhere_is_left_out(store: Any) -> None:
    journal = store.journal
    for number in range(4):
        await journal.write("signal", f"t{number}", b"%d" % number, NOON)
    waiting = await journal.pending("signal", 10)
    besides = {waiting[0][0], waiting[2][0]}
    assert list(await journal.pending("signal", 1, besides)) == [waiting[1]]
    assert list(await journal.pending("signal", 10, besides)) == [waiting[1], waiting[3]]


async def test_big_entries_come_a_few_at_a_time_and_one_at_least(store: Any) -> None:
    journal = store.journal
    sizes = (10, AT_ONCE // 2, AT_ONCE // 2, AT_ONCE + 1, 10)
    for number, size in enumerate(sizes):
        await journal.write("signal", f"t{number}", bytes(size), NOON)
    came = []
    while entries := await journal.pending("signal", 10):
        came.append([len(payload) for _, payload in entries])
        await journal.done(*(entry for entry, _ in entries))
    assert came == [[10, AT_ONCE // 2], [AT_ONCE // 2], [AT_ONCE + 1], [10]]
