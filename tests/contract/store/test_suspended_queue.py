"""What any delivery queue does in safe mode: alerts wait, and nothing else waits for them."""

from typing import Any

import pytest
from support.store_builders import MINUTE, NOON, a_parcel

from appservice.domain.delivery import Claimed, Kind, Parcel, Settled, State
from appservice.domain.ids import AlertId
from appservice.domain.member import Channel

LEA = "+33612345678"
SEVEN = AlertId(7)


async def put(store: Any, *parcels: Parcel) -> None:
    async with store.transaction() as tx:
        await tx.outbox.put(parcels)


async def claim(store: Any) -> list[Claimed]:
    return list(await store.queue.claim(Channel.SMS, 10, MINUTE, NOON))


@pytest.fixture
def suspended(store: Any) -> Any:
    store.queue.holds_alerts = True
    yield store
    store.queue.holds_alerts = False


async def test_an_alert_waits_and_an_answer_to_the_same_person_leaves(suspended: Any) -> None:
    await put(suspended, a_parcel("alert", LEA, alert=SEVEN), a_parcel("answer", LEA))
    [claimed] = await claim(suspended)
    assert claimed.parcel.key == "answer"
    await suspended.queue.settle([Settled(claimed, State.ACCEPTED, NOON, provider_id="1")])
    assert await claim(suspended) == []


async def test_what_waited_leaves_once_it_is_over(suspended: Any) -> None:
    await put(suspended, a_parcel("alert", LEA, alert=SEVEN))
    assert await claim(suspended) == []
    suspended.queue.holds_alerts = False
    [claimed] = await claim(suspended)
    assert claimed.parcel.key == "alert"


async def test_taking_an_alert_back_is_not_publishing(suspended: Any) -> None:
    gone = a_parcel("gone", LEA, alert=SEVEN, kind=Kind.DELETE, replaces="alert")
    await put(suspended, gone)
    assert [one.parcel.key for one in await claim(suspended)] == ["gone"]
