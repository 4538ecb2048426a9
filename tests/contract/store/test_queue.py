"""What any delivery queue does: one parcel in flight per conversation, in order, once."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from support.store_builders import MINUTE, NOON, a_parcel

from appservice.domain.delivery import (
    REPORTED_WITHIN,
    Claimed,
    Kind,
    Parcel,
    Settled,
    State,
    Urgency,
)
from appservice.domain.ids import AlertId, ParcelId
from appservice.domain.member import Channel
from bridges.protocol import Receipt, ReceiptState

LEA, PAUL = "+33612345678", "+33687654321"
SEVEN = AlertId(7)
SOON, LONG = timedelta(milliseconds=1), timedelta(seconds=30)


async def put(store: Any, *parcels: Parcel) -> None:
    async with store.transaction() as tx:
        await tx.outbox.put(parcels)


async def claim(
    store: Any, now: datetime = NOON, limit: int = 10, channel: Channel = Channel.SMS
) -> list[Claimed]:
    return list(await store.queue.claim(channel, limit, MINUTE, now))


async def send(store: Any, provider_id: str = "sms-1", **changes: Any) -> Claimed:
    """One parcel of alert 7, accepted by its channel."""
    parcel = a_parcel("p1", alert=SEVEN, **changes)
    await put(store, parcel)
    [claimed] = await claim(store, channel=parcel.channel)
    assert await store.queue.settle(
        [Settled(claimed, State.ACCEPTED, NOON, provider_id=provider_id)]
    )
    return claimed


async def state(store: Any) -> State:
    """Of the only parcel of alert 7."""
    async with store.transaction() as tx:
        [(_, found)] = (await tx.outbox.tally(SEVEN)).counts
    return State(found)


def keys(claimed: list[Claimed]) -> list[str]:
    return [one.parcel.key for one in claimed]


async def test_a_conversation_has_one_parcel_in_flight_and_keeps_its_order(store: Any) -> None:
    await put(store, *(a_parcel(f"l{n}", LEA) for n in range(3)), a_parcel("p0", PAUL))
    first = await claim(store)
    assert keys(first) == ["l0", "p0"]
    assert await claim(store) == []
    await store.queue.settle([Settled(first[0], State.ACCEPTED, NOON, provider_id="1")])
    [second] = await claim(store)
    assert second.parcel.key == "l1"
    await store.queue.settle([Settled(second, State.FAILED, NOON, code="rejected")])
    assert keys(await claim(store)) == ["l2"]


async def test_no_more_than_asked_and_of_that_channel(store: Any) -> None:
    await put(store, *(a_parcel(f"p{n}", f"+3360000000{n}") for n in range(5)))
    await put(store, a_parcel("s", "0b1c", channel=Channel.SIGNAL))
    assert keys(await claim(store, limit=2)) == ["p0", "p1"]
    assert keys(await claim(store, channel=Channel.SIGNAL)) == ["s"]
    assert await claim(store, channel=Channel.MATRIX) == []


async def test_urgent_leaves_first(store: Any) -> None:
    urgent = a_parcel("urgent", PAUL, urgency=Urgency.URGENT)
    await put(store, a_parcel("normal", LEA), urgent)
    assert keys(await claim(store, limit=1)) == ["urgent"]
    assert keys(await claim(store, limit=1)) == ["normal"]


async def test_what_waits_for_the_morning_does_not_hold_up_an_alert(store: Any) -> None:
    await put(store, a_parcel("normal"))
    [normal] = await claim(store)
    morning = NOON + timedelta(hours=18)
    await store.queue.settle([Settled(normal, State.QUEUED, NOON, retry_at=morning)])
    await put(store, a_parcel("urgent", urgency=Urgency.URGENT))
    [urgent] = await claim(store)
    assert urgent.parcel.key == "urgent"
    await store.queue.settle([Settled(urgent, State.ACCEPTED, NOON, provider_id="1")])
    assert await claim(store, morning - MINUTE) == []
    [normal] = await claim(store, morning)
    assert (normal.parcel.key, normal.attempts) == ("normal", 2)


async def test_an_edit_never_overtakes_what_it_edits(store: Any) -> None:
    edit = a_parcel("edit", kind=Kind.EDIT, replaces="post", urgency=Urgency.URGENT)
    await put(store, a_parcel("post"), edit)
    [post] = await claim(store)
    assert post.parcel.key == "post"
    assert post.replaced_provider_id is None
    await store.queue.settle([Settled(post, State.ACCEPTED, NOON, provider_id="1784")])
    [edited] = await claim(store)
    assert edited.parcel == edit
    assert edited.replaced_provider_id == "1784"


async def test_a_parcel_that_waits_holds_up_those_behind_it(store: Any) -> None:
    await put(store, a_parcel("p1"), a_parcel("p2"))
    [first] = await claim(store)
    assert first.attempts == 1
    await store.queue.settle(
        [Settled(first, State.QUEUED, NOON, retry_at=NOON + MINUTE, code="throttled")]
    )
    assert await claim(store) == []
    [again] = await claim(store, NOON + MINUTE)
    assert (again.parcel.key, again.attempts) == ("p1", 2)
    assert again.token != first.token


async def test_only_the_holder_of_the_lease_settles(store: Any) -> None:
    await put(store, a_parcel("p1", alert=SEVEN))
    [claimed] = await claim(store)
    stranger = Claimed(claimed.id, "autre", claimed.parcel, 1)
    assert not await store.queue.settle([Settled(stranger, State.FAILED, NOON)])
    assert await store.queue.settle([Settled(claimed, State.ACCEPTED, NOON, provider_id="1")])
    assert not await store.queue.settle([Settled(claimed, State.FAILED, NOON)])
    assert await state(store) is State.ACCEPTED


async def test_a_lease_that_ran_out_is_unknown_and_never_sent_again(store: Any) -> None:
    await put(store, a_parcel("p1", alert=SEVEN), a_parcel("p2"))
    await claim(store)
    after = NOON + 2 * MINUTE
    assert keys(await claim(store, after)) == ["p2"]
    assert await state(store) is State.UNKNOWN


async def test_what_a_dead_process_had_in_hand_is_unknown_at_once(store: Any) -> None:
    """Never sent again, and the conversation goes on; whoever lived after all knows better."""
    await put(store, a_parcel("p1", alert=SEVEN), a_parcel("p2"))
    [claimed] = await claim(store)
    await store.queue.let_go(Channel.SMS, NOON)
    assert await state(store) is State.UNKNOWN
    assert keys(await claim(store)) == ["p2"]
    assert await store.queue.settle([Settled(claimed, State.ACCEPTED, NOON, provider_id="1")])
    assert await state(store) is State.ACCEPTED


async def test_what_a_dead_process_had_for_matrix_is_said_again_at_once(store: Any) -> None:
    await put(store, a_parcel("p1", "!a:exemple.fr", channel=Channel.MATRIX), a_parcel("p2"))
    [first] = await claim(store, channel=Channel.MATRIX)
    [text] = await claim(store)
    await store.queue.let_go(Channel.MATRIX, NOON)
    [again] = await claim(store, channel=Channel.MATRIX)
    assert (again.parcel, again.attempts) == (first.parcel, 2)
    assert await store.queue.settle([Settled(text, State.ACCEPTED, NOON, provider_id="1")])


@pytest.mark.parametrize("known_to_be_dead", [True, False])
async def test_what_was_claimed_and_never_named_had_not_left_and_is_claimed_again(
    store: Any, known_to_be_dead: bool
) -> None:
    await put(store, a_parcel("p1", alert=SEVEN), a_parcel("p2", PAUL))
    first, named = await store.queue.claim(Channel.SMS, 2, MINUTE, NOON, names=True)
    assert await store.queue.name([(named, "sms-2")]) == {named.id}
    after = NOON if known_to_be_dead else NOON + 2 * MINUTE
    if known_to_be_dead:
        await store.queue.let_go(Channel.SMS, NOON)
    [again] = await store.queue.claim(Channel.SMS, 2, MINUTE, after, names=True)
    assert (again.parcel, again.attempts) == (first.parcel, 1)  # nobody was asked
    # Whoever froze with it meanwhile finds that it is no longer theirs.
    assert await store.queue.name([(first, "sms-1"), (named, "sms-2")]) == set()
    assert not await store.queue.settle([Settled(first, State.ACCEPTED, NOON, "sms-1")])
    assert await store.queue.name([(again, "sms-1")]) == {again.id}
    assert await store.queue.settle([Settled(again, State.ACCEPTED, after, "sms-1")])
    assert await state(store) is State.ACCEPTED


async def test_what_became_stale_with_who_had_claimed_it_is_not_sent(store: Any) -> None:
    await put(store, a_parcel("p1", alert=SEVEN, expires_at=NOON + MINUTE))
    await store.queue.claim(Channel.SMS, 1, MINUTE, NOON, names=True)
    assert await claim(store, NOON + 2 * MINUTE) == []
    assert await state(store) is State.EXPIRED


async def test_a_lease_that_ran_out_on_matrix_is_tried_again(store: Any) -> None:
    await put(store, a_parcel("p1", "!a:exemple.fr", channel=Channel.MATRIX))
    [first] = await claim(store, channel=Channel.MATRIX)
    [again] = await claim(store, NOON + 2 * MINUTE, channel=Channel.MATRIX)
    assert (again.parcel, again.attempts) == (first.parcel, 2)
    assert not await store.queue.settle([Settled(first, State.ACCEPTED, NOON, provider_id="$1")])
    assert await store.queue.settle([Settled(again, State.ACCEPTED, NOON, provider_id="$1")])


@pytest.mark.parametrize(
    ("channel", "found"), [(Channel.SMS, State.UNKNOWN), (Channel.MATRIX, State.ACCEPTED)]
)
async def test_a_text_without_a_report_is_unknown_in_the_end_and_never_sent_again(
    store: Any, channel: Channel, found: State
) -> None:
    await send(store, channel=channel)
    just_before = NOON + REPORTED_WITHIN - SOON
    assert await claim(store, just_before, channel=channel) == []
    assert await state(store) is State.ACCEPTED
    assert await claim(store, NOON + REPORTED_WITHIN + MINUTE, channel=channel) == []
    assert await state(store) is found


async def test_a_report_that_comes_after_all_knows_better(store: Any) -> None:
    await send(store)
    late = NOON + REPORTED_WITHIN + MINUTE
    await claim(store, late)
    await store.queue.receipts(Channel.SMS, [Receipt("sms-1", ReceiptState.DELIVERED)], late)
    await claim(store, late + MINUTE)
    assert await state(store) is State.DELIVERED


async def test_a_late_answer_knows_better_than_unknown(store: Any) -> None:
    await put(store, a_parcel("p1", alert=SEVEN))
    [claimed] = await claim(store)
    await claim(store, NOON + 2 * MINUTE)
    assert await state(store) is State.UNKNOWN
    assert await store.queue.settle([Settled(claimed, State.ACCEPTED, NOON, provider_id="1")])
    assert await state(store) is State.ACCEPTED


async def test_what_has_expired_is_not_sent(store: Any) -> None:
    await put(store, a_parcel("p1", alert=SEVEN, expires_at=NOON + MINUTE), a_parcel("p2"))
    assert keys(await claim(store, NOON + MINUTE)) == ["p2"]
    assert await state(store) is State.EXPIRED


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        (ReceiptState.DELIVERED, State.DELIVERED),
        (ReceiptState.READ, State.DELIVERED),
        (ReceiptState.FAILED, State.FAILED),
        (ReceiptState.EXPIRED, State.EXPIRED),
    ],
)
@pytest.mark.parametrize("when", ["late", "early", "twice"])
async def test_receipts(store: Any, said: ReceiptState, becomes: State, when: str) -> None:
    receipt = Receipt("sms-1", said, recipient=LEA, code="c")
    if when == "early":
        await store.queue.receipts(Channel.SMS, [receipt], NOON)
    await send(store)
    if when != "early":
        await store.queue.receipts(Channel.SMS, [receipt], NOON)
    if when == "twice":
        await store.queue.receipts(Channel.SMS, [receipt], NOON)
    assert await state(store) is becomes


async def test_a_receipt_before_the_answer_waits_for_it(store: Any) -> None:
    await put(store, a_parcel("p1", alert=SEVEN))
    [claimed] = await claim(store)
    await store.queue.receipts(Channel.SMS, [Receipt("sms-1", ReceiptState.DELIVERED)], NOON)
    assert await state(store) is State.SUBMITTING
    assert await store.queue.settle([Settled(claimed, State.ACCEPTED, NOON, provider_id="sms-1")])
    assert await state(store) is State.DELIVERED


async def test_a_gateway_that_gives_back_our_own_key(store: Any) -> None:
    await put(store, a_parcel("p1", alert=SEVEN))
    await claim(store)
    await claim(store, NOON + 2 * MINUTE)
    assert await state(store) is State.UNKNOWN
    await store.queue.receipts(Channel.SMS, [Receipt("p1", ReceiptState.DELIVERED)], NOON)
    assert await state(store) is State.DELIVERED


async def test_what_was_delivered_stays_delivered(store: Any) -> None:
    await send(store)
    for said in (ReceiptState.FAILED, ReceiptState.DELIVERED, ReceiptState.EXPIRED):
        await store.queue.receipts(Channel.SMS, [Receipt("sms-1", said)], NOON)
    assert await state(store) is State.DELIVERED


async def test_a_receipt_about_something_else(store: Any) -> None:
    await send(store)
    await store.queue.receipts(Channel.SMS, [Receipt("sms-2", ReceiptState.DELIVERED)], NOON)
    await store.queue.receipts(Channel.SIGNAL, [Receipt("sms-1", ReceiptState.DELIVERED)], NOON)
    assert await state(store) is State.ACCEPTED


async def test_two_parcels_with_the_same_id_are_told_apart_by_their_recipient(store: Any) -> None:
    parcels = [
        a_parcel(f"p{number}", aci, channel=Channel.SIGNAL, alert=AlertId(number))
        for number, aci in enumerate(("aci-lea", "aci-paul"))
    ]
    await put(store, *parcels)
    for claimed in await claim(store, channel=Channel.SIGNAL):
        assert await store.queue.settle(
            [Settled(claimed, State.ACCEPTED, NOON, provider_id="1784")]
        )
    receipt = Receipt("1784", ReceiptState.DELIVERED, recipient="aci-lea")
    await store.queue.receipts(Channel.SIGNAL, [receipt], NOON)
    async with store.transaction() as tx:
        assert (await tx.outbox.tally(AlertId(0))).total(State.DELIVERED) == 1
        assert (await tx.outbox.tally(AlertId(1))).total(State.ACCEPTED) == 1


async def test_one_person_of_a_group_says_nothing_of_the_others(store: Any) -> None:
    await send(store, "1784", target="Z3JvdXBl", channel=Channel.SIGNAL, to_group=True)
    for said in (ReceiptState.DELIVERED, ReceiptState.FAILED):
        await store.queue.receipts(Channel.SIGNAL, [Receipt("1784", said, "aci-lea")], NOON)
    assert await state(store) is State.ACCEPTED


async def test_renouncing(store: Any) -> None:
    await put(store, a_parcel("p1", alert=SEVEN), a_parcel("p2"))
    [claimed] = await claim(store)
    await store.queue.renounce(claimed.id, NOON)
    assert await state(store) is State.SUBMITTING
    await store.queue.settle([Settled(claimed, State.QUEUED, NOON, retry_at=NOON + MINUTE)])
    await store.queue.renounce(claimed.id, NOON)
    assert await state(store) is State.FAILED
    assert keys(await claim(store)) == ["p2"]
    await store.queue.renounce(ParcelId(404), NOON)


async def test_renouncing_what_may_have_left_ends_the_matter(store: Any) -> None:
    await put(store, a_parcel("p1", alert=SEVEN))
    [claimed] = await claim(store)
    assert await store.queue.settle([Settled(claimed, State.UNKNOWN, NOON, code="timeout")])
    await store.queue.renounce(claimed.id, NOON)
    assert not await store.queue.settle([Settled(claimed, State.QUEUED, NOON)])
    assert await state(store) is State.FAILED


async def test_workers_at_once_share_the_work(store: Any) -> None:
    await put(store, *(a_parcel(f"p{n}", f"+33600{n // 2:06}") for n in range(40)))

    async def work() -> list[str]:
        done: list[str] = []
        while batch := await claim(store, limit=3):
            targets = [one.parcel.target for one in batch]
            assert len(set(targets)) == len(targets)
            done += keys(batch)
            await asyncio.gather(
                *(
                    store.queue.settle([Settled(one, State.ACCEPTED, NOON, provider_id="x")])
                    for one in batch
                )
            )
        return done

    shares = await asyncio.gather(*(work() for _ in range(4)))
    done = [key for share in shares for key in share]
    assert len(done) == len(set(done))
    assert await claim(store) == []


async def test_putting_a_parcel_wakes_the_channel(store: Any) -> None:
    waiting = asyncio.create_task(store.wake.wait("sms", LONG))
    await put(store, a_parcel("p1"))
    assert await waiting
    assert not await store.wake.wait("sms", SOON)
    assert not await store.wake.wait("signal", SOON)


async def test_a_receipt_finds_what_nobody_lived_to_settle(store: Any) -> None:
    await put(store, a_parcel("p1", alert=SEVEN))
    [claimed] = await claim(store)
    await store.queue.name([(claimed, "sms-1")])
    await store.queue.receipts(Channel.SMS, [Receipt("sms-1", ReceiptState.DELIVERED)], NOON)
    later = NOON + 2 * MINUTE
    assert await claim(store, later) == []  # the lease ran out
    assert await state(store) in (State.UNKNOWN, State.DELIVERED)
    await store.queue.receipts(Channel.SMS, [Receipt("sms-1", ReceiptState.READ)], later)
    assert await state(store) is State.DELIVERED


async def test_only_who_holds_a_parcel_names_it(store: Any) -> None:
    await put(store, a_parcel("p1", alert=SEVEN))
    [old] = await claim(store)
    await store.queue.settle([Settled(old, State.QUEUED, NOON)])
    await store.queue.name([(old, "sms-1")])
    [again] = await claim(store)
    await store.queue.settle([Settled(again, State.ACCEPTED, NOON, provider_id="sms-2")])
    await store.queue.receipts(Channel.SMS, [Receipt("sms-1", ReceiptState.DELIVERED)], NOON)
    assert await state(store) is State.ACCEPTED
