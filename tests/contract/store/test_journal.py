"""What any journal does: written before it is answered, handled once."""

from datetime import timedelta
from typing import Any

from support.store_builders import NOON

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
