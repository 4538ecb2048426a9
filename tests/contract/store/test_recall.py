"""Parcels that have not left may be taken back, and only those."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from support.store_builders import MINUTE, NOON, HandClock, a_parcel

from appservice.domain.delivery import REROUTED, Kind, Settled, State
from appservice.domain.ids import AlertId
from appservice.domain.member import Channel

SEVEN = AlertId(7)
LEA, PAUL = "0b1c", "0b1d"


def a_note(key: str, target: str = LEA, **changes: Any) -> Any:
    return a_parcel(key, target, channel=Channel.SIGNAL, **changes)


async def put(store: Any, *parcels: Any) -> None:
    async with store.transaction() as tx:
        await tx.outbox.put(parcels)


async def taken_back(store: Any, *keys: str) -> set[str]:
    async with store.transaction() as tx:
        return set(await tx.recall.take_back(keys, REROUTED))


async def test_what_waits_is_taken_back_and_leaves_no_more(store: Any) -> None:
    await put(store, a_note("a"), a_note("b", PAUL))
    assert await taken_back(store, "a", "never-put") == {"a"}
    assert await taken_back(store, "a") == set()
    claimed = await store.queue.claim(Channel.SIGNAL, 10, MINUTE, NOON)
    assert [one.parcel.key for one in claimed] == ["b"]


async def test_what_is_in_hand_or_gone_is_left_alone(store: Any) -> None:
    await put(store, a_note("a"), a_note("b", PAUL))
    first, second = await store.queue.claim(Channel.SIGNAL, 10, MINUTE, NOON)
    await store.queue.settle([Settled(second, State.UNKNOWN, NOON)])
    assert await taken_back(store, "a", "b") == set()
    assert await store.queue.settle([Settled(first, State.QUEUED, NOON, retry_at=NOON + MINUTE)])
    assert await taken_back(store, "a", "b") == {"a"}


async def test_of_a_claim_and_a_recall_at_once_one_has_it(store: Any) -> None:
    await put(store, *(a_note(f"p{n}", f"0b{n:02}") for n in range(40)))
    keys = [f"p{n}" for n in range(40)]
    back, claimed = await asyncio.gather(
        taken_back(store, *keys), store.queue.claim(Channel.SIGNAL, 40, MINUTE, NOON)
    )
    held = {one.parcel.key for one in claimed}
    assert not back & held
    assert held | back <= set(keys)
    rest = await store.queue.claim(Channel.SIGNAL, 40, MINUTE, NOON)
    assert {one.parcel.key for one in rest} == set(keys) - back - held


async def test_a_transaction_that_fails_takes_nothing_back(store: Any) -> None:
    await put(store, a_note("a"))

    async def fail() -> None:
        async with store.transaction() as tx:
            assert await tx.recall.take_back(["a"], REROUTED)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert len(await store.queue.claim(Channel.SIGNAL, 10, MINUTE, NOON)) == 1


async def test_what_takes_another_way_is_neither_counted_nor_corrected(store: Any) -> None:
    await put(store, a_note("a", alert=SEVEN), a_note("b", PAUL, alert=SEVEN))
    await taken_back(store, "a")
    async with store.transaction() as tx:
        assert (await tx.outbox.tally(SEVEN)).counts == {(Channel.SIGNAL, State.QUEUED): 1}
        assert [parcel.key for parcel in await tx.outbox.of_alert(SEVEN)] == ["b"]


async def test_alerts_that_wait_too_long(store: Any, clock: HandClock) -> None:
    await put(store, a_note("old", alert=SEVEN), a_note("talk", alert=None))
    await put(store, a_note("edit", alert=SEVEN, kind=Kind.EDIT))
    await put(store, a_parcel("sms", alert=SEVEN))
    clock.advance(timedelta(minutes=3))
    await put(store, a_note("new", PAUL, alert=SEVEN))
    async with store.transaction() as tx:
        late = await tx.recall.late(Channel.SIGNAL, NOON)
        assert [parcel.key for parcel in late] == ["old"]
        both = await tx.recall.late(Channel.SIGNAL, clock())
        assert [parcel.key for parcel in both] == ["old", "new"]
