"""What any outbox does, as the flows see it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.store_builders import MINUTE, NOON, a_parcel

from appservice.domain.delivery import Kind, Named, Parcel, Settled, State, Urgency
from appservice.domain.ids import AlertId, BlobId, MemberId, ReportId
from appservice.domain.member import Channel

FULL = Parcel(
    key="A1:matrix:!a",
    channel=Channel.MATRIX,
    target="!a:exemple.fr",
    body="Alerte",
    kind=Kind.EDIT,
    html="<b>Alerte</b>",
    notice=True,
    alert=AlertId(1),
    report=ReportId(2),
    member=MemberId("m1"),
    named=(Named(0, 6, "@morel:exemple.fr"),),
    answers="$réponse",
    replaces="A1:0",
    event="$evenement",
    blobs=(BlobId(3), BlobId(4)),
    urgency=Urgency.URGENT,
    expires_at=NOON + timedelta(minutes=30),
)


async def put(store: Any, *parcels: Parcel) -> None:
    async with store.transaction() as tx:
        await tx.outbox.put(parcels)


async def claim(store: Any, channel: Channel = Channel.SMS, limit: int = 10) -> list[Any]:
    return list(await store.queue.claim(channel, limit, MINUTE, NOON))


async def test_a_parcel_travels_whole(store: Any) -> None:
    group = a_parcel("g", "Z3JvdXBl", channel=Channel.SIGNAL, to_group=True, body="")
    group = replace(group, sealed_for="case:A3")
    await put(store, FULL, group)
    assert [claimed.parcel for claimed in await claim(store, Channel.MATRIX)] == [FULL]
    assert [claimed.parcel for claimed in await claim(store, Channel.SIGNAL)] == [group]


async def test_the_same_key_twice_changes_nothing(store: Any) -> None:
    await put(store, a_parcel("p1"), a_parcel("p1", body="autre"))
    await put(store, a_parcel("p1", "+33700000000"))
    [claimed] = await claim(store)
    assert claimed.parcel == a_parcel("p1")
    assert await claim(store) == []


async def test_nothing_to_put(store: Any) -> None:
    await put(store)
    assert await claim(store) == []


async def test_an_accepted_parcel_is_known_by_the_channels_id(store: Any) -> None:
    await put(store, a_parcel("p1"), a_parcel("p2", "+33700000000"))
    first, _ = await claim(store)
    async with store.transaction() as tx:
        assert await tx.outbox.delivered_as("p1") is None
    assert await store.queue.settle([Settled(first, State.ACCEPTED, NOON, provider_id="k-77")])
    async with store.transaction() as tx:
        assert await tx.outbox.delivered_as("p1") == "k-77"
        assert await tx.outbox.delivered_as("p2") is None
        assert await tx.outbox.delivered_as("p404") is None
        assert await tx.outbox.by_provider_id(Channel.SMS, "k-77") == a_parcel("p1")
        assert await tx.outbox.by_provider_id(Channel.SIGNAL, "k-77") is None
        assert await tx.outbox.by_provider_id(Channel.SMS, "k-78") is None


async def test_what_has_an_uncertain_fate(store: Any) -> None:
    await put(
        store, a_parcel("p1"), a_parcel("p2", "+33700000000"), a_parcel("p3", "+33700000001")
    )
    said, lost, _ = await claim(store)
    await store.queue.settle([Settled(said, State.UNKNOWN, NOON, code="no-answer")])
    # Whoever held the two others died: their lease runs out.
    after = NOON + 2 * MINUTE
    await store.queue.claim(Channel.SMS, 1, MINUTE, after)
    async with store.transaction() as tx:
        unknown = [parcel.key for parcel in await tx.outbox.unknown(NOON)]
        assert unknown == ["p1", "p2", "p3"]
        assert [parcel.key for parcel in await tx.outbox.unknown(after)] == ["p2", "p3"]
    await store.queue.renounce(lost.id, after)
    async with store.transaction() as tx:
        assert [parcel.key for parcel in await tx.outbox.unknown(after)] == ["p3"]


@pytest.mark.parametrize("state", [State.ACCEPTED, State.UNKNOWN])
async def test_the_ledger_says_what_left(store: Any, state: State) -> None:
    seven = AlertId(7)
    asked = a_parcel("p1", alert=seven, body="« Vol » à l’étalage")
    same = a_parcel("p2", "+33687654321", alert=seven)
    await put(store, asked, same)
    first, second = await claim(store)
    sent = '"Vol" à l\'étalage'
    said = Settled(first, state, NOON, provider_id="k-77", detail="gsm7 1", sent=sent)
    await store.queue.settle([said, Settled(second, state, NOON, provider_id="k-78")])
    left = replace(asked, body=sent)
    async with store.transaction() as tx:
        assert await tx.outbox.by_provider_id(Channel.SMS, "k-77") == left
        assert list(await tx.outbox.of_alert(seven)) == [left, same]
        unknown = [left, same] if state is State.UNKNOWN else []
        assert list(await tx.outbox.unknown(NOON)) == unknown


async def test_how_far_an_alert_has_gone(store: Any) -> None:
    seven = AlertId(7)
    posts = [a_parcel(f"p{n}", f"+3361234567{n}", alert=seven) for n in range(3)]
    room = a_parcel("r", "!a:exemple.fr", channel=Channel.MATRIX, alert=seven)
    edit = replace(posts[0], key="e", kind=Kind.EDIT, replaces="p0")
    await put(store, *posts, room, edit, a_parcel("x", "+33799999999", alert=AlertId(8)))
    first, _other_alert, second = await claim(store, limit=3)
    await store.queue.settle([Settled(first, State.ACCEPTED, NOON, provider_id="1")])
    await store.queue.settle([Settled(second, State.FAILED, NOON, code="rejected")])
    async with store.transaction() as tx:
        tally = await tx.outbox.tally(seven)
        assert list(await tx.outbox.of_alert(seven)) == [*posts, room]
        assert (await tx.outbox.tally(AlertId(404))).counts == {}
    assert tally.counts == {
        (Channel.SMS, State.ACCEPTED): 1,
        (Channel.SMS, State.FAILED): 1,
        (Channel.SMS, State.QUEUED): 1,
        (Channel.MATRIX, State.QUEUED): 1,
    }
