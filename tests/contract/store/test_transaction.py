"""What any transaction does: all or nothing, once, and the small registers beside it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from support.store_builders import (
    LIFFRE,
    NOON,
    HandClock,
    a_merchant,
    a_parcel,
    a_report,
    an_alert,
)

from appservice.domain.audit import Act
from appservice.domain.ids import BlobId, MemberId, RoomId, TradeId
from appservice.domain.member import Channel
from appservice.domain.room import Kind, KnownRoom, RoomKey
from bridges.protocol import Attachment

ALERTES = RoomKey(Kind.ALERTES, LIFFRE, "liffre", TradeId("buralistes"))
GUICHET = RoomKey(Kind.GUICHET, LIFFRE, "liffre", member=MemberId("m1"))


class Oops(Exception):
    """What a flow may raise in the middle."""


async def test_what_fails_leaves_nothing(store: Any) -> None:
    async def fail() -> None:
        async with store.transaction() as tx:
            assert await tx.first_time(Channel.SMS, "k1")
            await tx.members.save(a_merchant())
            await tx.alerts.open(an_alert())
            await tx.reports.open(a_report())
            await tx.outbox.put([a_parcel("p1")])
            await tx.links.relate("sms:1", "p1")
            await tx.acts.append(Act("m1", "report", "S1", NOON))
            await tx.rooms.remember(KnownRoom(ALERTES, RoomId("!a:exemple.fr")))
            raise Oops

    with pytest.raises(Oops):
        await fail()
    async with store.transaction() as tx:
        assert await tx.first_time(Channel.SMS, "k1")
        assert list(await tx.members.everyone()) == []
        assert list(await tx.alerts.recent(NOON)) == []
        assert await tx.reports.open_of(MemberId("m1"), NOON) is None
        assert await tx.links.source_of("p1") is None
        assert list(await tx.rooms.all()) == []
    assert list(await store.queue.claim(Channel.SMS, 10, timedelta(minutes=1), NOON)) == []


async def test_a_key_sealed_in_a_failed_transaction_is_not_used_again(store: Any) -> None:
    async def fail() -> None:
        async with store.transaction() as tx:
            await tx.members.save(a_merchant())
            raise Oops

    with pytest.raises(Oops):
        await fail()
    async with store.transaction() as tx:
        await tx.members.save(a_merchant())
    async with store.transaction() as tx:
        assert await tx.members.get(MemberId("m1")) == a_merchant()


async def test_a_message_is_handled_once(store: Any) -> None:
    async with store.transaction() as tx:
        assert await tx.first_time(Channel.SIGNAL, "k")
        assert not await tx.first_time(Channel.SIGNAL, "k")
        assert await tx.first_time(Channel.SMS, "k")
    async with store.transaction() as tx:
        assert not await tx.first_time(Channel.SIGNAL, "k")


async def test_two_workers_with_the_same_message(store: Any) -> None:
    async def handle() -> bool:
        async with store.transaction() as tx:
            mine: bool = await tx.first_time(Channel.SIGNAL, "k")
            await asyncio.sleep(0)
            return mine

    outcomes = await asyncio.gather(*(handle() for _ in range(5)))
    assert sorted(outcomes) == [False] * 4 + [True]


async def test_rooms_are_found_by_key_id_and_group(store: Any) -> None:
    alertes = KnownRoom(ALERTES, RoomId("!a:exemple.fr"), "Z3JvdXBl")
    guichet = KnownRoom(GUICHET, RoomId("!g:exemple.fr"))
    async with store.transaction() as tx:
        for room in (guichet, alertes):
            await tx.rooms.remember(room)
    async with store.transaction() as tx:
        assert list(await tx.rooms.all()) == [alertes, guichet]
        assert list(await tx.rooms.of(ALERTES.territory, ALERTES.kind)) == [alertes]
        assert list(await tx.rooms.of("ailleurs", ALERTES.kind)) == []
        assert await tx.rooms.by_key(GUICHET) == guichet
        assert await tx.rooms.by_id(RoomId("!a:exemple.fr")) == alertes
        assert await tx.rooms.by_group("Z3JvdXBl") == alertes
        assert await tx.rooms.by_id(RoomId("!x:exemple.fr")) is None
        assert await tx.rooms.by_group("autre") is None
        moved = KnownRoom(ALERTES, RoomId("!b:exemple.fr"), "Z3JvdXBl")
        await tx.rooms.remember(moved)
        assert await tx.rooms.by_key(ALERTES) == moved
        assert await tx.rooms.by_id(RoomId("!a:exemple.fr")) is None


async def test_links_join_a_message_and_its_parcels(store: Any) -> None:
    async with store.transaction() as tx:
        for source, parcel in (("sms:1", "p2"), ("sms:1", "p1"), ("sms:2", "p3"), ("sms:1", "p1")):
            await tx.links.relate(source, parcel)
    async with store.transaction() as tx:
        assert list(await tx.links.parcels_of("sms:1")) == ["p2", "p1"]
        assert await tx.links.source_of("p3") == "sms:2"
        assert await tx.links.source_of("p4") is None
        assert list(await tx.links.parcels_of("sms:3")) == []


async def test_a_photo_lasts_until_its_end(store: Any, clock: HandClock) -> None:
    photo = Attachment("image/jpeg", b"\xff\xd8" + bytes(5000), "devanture.jpg")
    async with store.transaction() as tx:
        blob = await tx.blobs.put("case:S1", photo, NOON + timedelta(hours=72))
        assert await tx.blobs.get(BlobId(blob + 1)) is None
    async with store.transaction() as tx:
        assert await tx.blobs.get(blob) == photo
        clock.advance(timedelta(hours=72))
        assert await tx.blobs.get(blob) is None
