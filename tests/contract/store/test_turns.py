"""What any delivery queue does when much waits: lanes take turns, and nobody is starved."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from support.store_builders import MINUTE, NOON, a_parcel

from appservice.domain.delivery import QUIET, Claimed, Parcel, Settled, State, Urgency
from appservice.domain.ids import AlertId
from appservice.domain.member import Channel

BIG, SMALL = AlertId(1), AlertId(2)
MANY = 40


async def put(store: Any, parcels: Iterable[Parcel]) -> None:
    async with store.transaction() as tx:
        await tx.outbox.put(list(parcels))


def alert(number: AlertId, count: int, first: int = 0, **changes: Any) -> list[Parcel]:
    """One parcel each for so many conversations."""
    return [
        a_parcel(f"A{number}/{n}", f"+336{n:08}", alert=number, **changes)
        for n in range(first, first + count)
    ]


def answers(count: int, first: int = 5_000, **changes: Any) -> list[Parcel]:
    return [a_parcel(f"r{n}", f"+337{n:08}", **changes) for n in range(first, first + count)]


async def claim(
    store: Any, limit: int, now: datetime = NOON, channel: Channel = Channel.SMS
) -> Sequence[Claimed]:
    return list(await store.queue.claim(channel, limit, MINUTE, now))


async def leave(
    store: Any, count: int, now: datetime = NOON, channel: Channel = Channel.SMS
) -> list[str]:
    """The keys of the next ones, one by one; each is accepted before the next is claimed."""
    keys = []
    for _ in range(count):
        for claimed in await claim(store, 1, now, channel):
            keys.append(claimed.parcel.key)
            name = f"id-{claimed.parcel.key}"
            await store.queue.settle([Settled(claimed, State.ACCEPTED, now, provider_id=name)])
    return keys


@pytest.mark.parametrize("channel", list(Channel))
async def test_an_answer_does_not_wait_behind_a_big_alert(store: Any, channel: Channel) -> None:
    await put(store, alert(BIG, MANY, channel=channel))
    begun = await leave(store, 10, channel=channel)
    assert begun == [f"A1/{n}" for n in range(10)]
    await put(store, answers(1, channel=channel))
    assert "r5000" in await leave(store, 2, channel=channel)


@pytest.mark.parametrize("urgency", list(Urgency))
async def test_a_second_alert_goes_on_in_between(store: Any, urgency: Urgency) -> None:
    await put(store, alert(BIG, MANY, urgency=urgency))
    await leave(store, 10)
    await put(store, alert(SMALL, 5, first=1_000, urgency=urgency))
    left = await leave(store, 11)
    assert [key for key in left if key.startswith("A2")] == [
        f"A2/{n}" for n in range(1_000, 1_005)
    ]
    assert [key for key in left if key.startswith("A1")] == [f"A1/{n}" for n in range(10, 16)]
    assert await leave(store, MANY) == [f"A1/{n}" for n in range(16, MANY)]


async def test_many_answers_leave_an_alert_every_other_place(store: Any) -> None:
    await put(store, answers(MANY))
    await put(store, alert(BIG, 5))
    left = await leave(store, 10)
    assert sum(key.startswith("A1") for key in left) == 5
    late = [f"late{n}" for n in range(5)]
    for number, key in enumerate(late):  # one by one, each while the others leave
        await put(store, [a_parcel(key, f"+338{number:08}")])
        await put(store, alert(BIG, 1, first=100 + number))
        left += await leave(store, 2)
    assert sum(key.startswith("A1") for key in left) == 10


async def test_what_is_urgent_leaves_before_a_big_alert_that_is_not(store: Any) -> None:
    await put(store, alert(BIG, MANY))
    await leave(store, 3)
    await put(store, alert(SMALL, 4, first=1_000, urgency=Urgency.URGENT))
    assert await leave(store, 5) == [*(f"A2/{n}" for n in range(1_000, 1_004)), "A1/3"]


async def test_whoever_is_answered_gets_first_the_alert_that_was_on_its_way(store: Any) -> None:
    """The order of a conversation is kept, and the answer does not wait for 30 other phones."""
    await put(store, alert(BIG, MANY))
    await leave(store, 2)
    await put(store, [a_parcel("answer", f"+336{MANY - 1:08}")])
    left = await leave(store, 5)
    assert left.index(f"A1/{MANY - 1}") < left.index("answer") < 5
    assert await leave(store, MANY) == [f"A1/{n}" for n in range(5, MANY - 1)]


async def test_nobody_is_told_twice_nor_forgotten_when_conversations_are_shared(
    store: Any,
) -> None:
    await put(store, alert(BIG, 12))
    await put(store, alert(SMALL, 12))
    await put(store, [a_parcel(f"r{n}", f"+336{n:08}") for n in range(12)])
    keys: list[str] = []
    while batch := await claim(store, 5):
        targets = [claimed.parcel.target for claimed in batch]
        assert len(set(targets)) == len(targets)
        keys += [claimed.parcel.key for claimed in batch]
        done = [Settled(one, State.ACCEPTED, NOON, provider_id=one.parcel.key) for one in batch]
        await store.queue.settle(done)
    assert sorted(keys) == sorted(f"{name}{n}" for name in ("A1/", "A2/", "r") for n in range(12))
    for n in range(12):  # as they were put
        assert keys.index(f"A1/{n}") < keys.index(f"A2/{n}") < keys.index(f"r{n}")


async def test_a_night_s_heap_takes_its_turn_in_the_morning(store: Any) -> None:
    await put(store, alert(BIG, MANY))
    held = await claim(store, MANY)
    morning = NOON + timedelta(hours=8)
    await store.queue.settle(
        [Settled(one, State.QUEUED, NOON, retry_at=morning, code=QUIET) for one in held]
    )
    await put(store, alert(SMALL, MANY, first=1_000))
    await leave(store, 20)
    left = await leave(store, 10, morning)
    assert sum(key.startswith("A1") for key in left) == 5


async def test_what_waits_for_the_morning_holds_up_no_answer(store: Any) -> None:
    """« Appelez le 17 » to whoever has an alert of the night waiting."""
    await put(store, alert(BIG, 1, urgency=Urgency.URGENT))
    [held] = await claim(store, 1)
    morning = NOON + timedelta(hours=8)
    await store.queue.settle([Settled(held, State.QUEUED, NOON, retry_at=morning, code=QUIET)])
    await put(store, [a_parcel("answer", held.parcel.target, urgency=Urgency.URGENT)])
    assert await leave(store, 2) == ["answer"]
    assert await leave(store, 2, morning) == ["A1/0"]


async def test_an_alert_that_becomes_urgent_passes_before_the_rest(store: Any) -> None:
    await put(store, answers(10))
    await put(store, alert(BIG, 5))
    [held, *_] = [one for one in await claim(store, 2) if one.parcel.alert == BIG]
    later = NOON + timedelta(minutes=5)
    await store.queue.settle([Settled(held, State.QUEUED, NOON, retry_at=later, code="throttled")])
    async with store.transaction() as tx:
        assert await tx.telephone.texts.hurry(BIG) == 0  # none waited for the morning
    assert await leave(store, 5) == [*(f"A1/{n}" for n in range(1, 5)), "r5001"]
    assert (await leave(store, 1, later)) == ["A1/0"]  # it still waits its time
