"""What numbers have answered, and what waits for them, is the same in memory and in PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.store_builders import (
    NOON,
    HandClock,
    a_merchant,
    a_parcel,
    a_report,
    a_signature,
    an_alert,
)

from appservice.domain.alert import Published
from appservice.domain.delivery import QUIET, Settled, State, Urgency
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel
from appservice.domain.report import close
from appservice.domain.telephone.consent import Agreed, Asked, Consent, Stopped

NUMBER, OTHER = "+33639980001", "+33639980002"
M1, M2 = MemberId("m1"), MemberId("m2")
MINUTE = timedelta(minutes=1)


async def enrolled(store: Any, member: str = "m1", phone: str = NUMBER, *, signs: bool = True):
    async with store.transaction() as tx:
        await tx.members.save(a_merchant(member, phone=phone))
        if signs:
            await tx.signatures.add(a_signature(member))


async def advance(store: Any, consent: Consent, expected: str | None, number: str = NUMBER) -> Any:
    async with store.transaction() as tx:
        return await tx.telephone.consents.advance(number, consent, expected)


async def test_an_answer_is_kept_with_its_words(store: Any) -> None:
    await enrolled(store)
    assert await advance(store, Consent(M1, Asked(NOON)), None)
    assert await advance(store, Consent(M1, Agreed(NOON + MINUTE), "Oui merci"), "asked")
    async with store.transaction() as tx:
        known = await tx.telephone.consents.of(NUMBER)
        assert known == Consent(M1, Agreed(NOON + MINUTE), "Oui merci")
        assert await tx.telephone.consents.of(OTHER) is None
        assert await tx.telephone.consents.held_by([M1, M2]) == {
            M1: Consent(M1, Agreed(NOON + MINUTE))
        }
        assert set(await tx.telephone.consents.held_by()) == {M1}


async def test_of_two_hands_one_wins(store: Any) -> None:
    await enrolled(store)
    asked = Consent(M1, Asked(NOON))
    outcomes = await asyncio.gather(*(advance(store, asked, None) for _ in range(4)))
    assert sorted(outcomes) == [False, False, False, True]
    assert await advance(store, Consent(M1, Stopped(NOON), "stop"), "asked")
    # A reminder that was decided before the STOP is not written after it.
    assert not await advance(store, Consent(M1, Asked(NOON, NOON)), "asked")


async def test_a_strangers_stop_is_found_by_whoever_is_enrolled_later(store: Any) -> None:
    assert await advance(store, Consent(None, Stopped(NOON)), None)
    await enrolled(store)
    async with store.transaction() as tx:
        assert await tx.telephone.consents.held_by([M1]) == {M1: Consent(None, Stopped(NOON))}
        assert list(await tx.telephone.consents.unasked()) == []


async def test_who_is_to_be_asked(store: Any) -> None:
    await enrolled(store)
    await enrolled(store, "m2", OTHER, signs=False)
    async with store.transaction() as tx:
        await tx.members.save(a_merchant("m3", phone=None, channels=frozenset({Channel.SMS})))
        await tx.members.save(
            a_merchant("m4", phone="+33639980004", channels=frozenset({Channel.SIGNAL}))
        )
        for member in ("m3", "m4"):
            await tx.signatures.add(a_signature(member))
    async with store.transaction() as tx:
        assert [m.id for m in await tx.telephone.consents.unasked()] == [M1]
    await advance(store, Consent(M1, Asked(NOON)), None)
    async with store.transaction() as tx:
        assert list(await tx.telephone.consents.unasked()) == []
        # The number is somebody else's now.
        await tx.members.save(a_merchant("m1", phone=None))
        await tx.members.save(a_merchant("m2", phone=NUMBER))
        await tx.signatures.add(a_signature("m2"))
    async with store.transaction() as tx:
        assert [m.id for m in await tx.telephone.consents.unasked()] == [M2]


async def test_who_is_to_be_reminded_and_who_never_answered(store: Any) -> None:
    await enrolled(store)
    await advance(store, Consent(M1, Asked(NOON)), None)
    async with store.transaction() as tx:
        consents = tx.telephone.consents
        assert list(await consents.unanswered(NOON - MINUTE)) == []
        assert [m.phone for m in await consents.unanswered(NOON)] == [NUMBER]
        assert await consents.silent(NOON) == {}
    await advance(store, Consent(M1, Asked(NOON, NOON + MINUTE)), "asked")
    async with store.transaction() as tx:
        consents = tx.telephone.consents
        assert list(await consents.unanswered(NOON + MINUTE)) == []
        assert await consents.silent(NOON) == {}
        assert await consents.silent(NOON + MINUTE) == {"liffre": 1}


async def test_silence_calls_off_what_waits_for_that_number(store: Any, clock: HandClock) -> None:
    signal = a_parcel("signal", NUMBER, channel=Channel.SIGNAL)
    parcels = [a_parcel("a", NUMBER), a_parcel("b", NUMBER), a_parcel("c", OTHER), signal]
    async with store.transaction() as tx:
        await tx.outbox.put(parcels)
    (first, _) = await store.queue.claim(Channel.SMS, 5, MINUTE, NOON)
    async with store.transaction() as tx:
        assert await tx.telephone.texts.silence(NUMBER, NOON) == 1
        await tx.outbox.put([a_parcel("farewell", NUMBER)])
    # What is already on its way is told as it is.
    assert await store.queue.settle([Settled(first, State.ACCEPTED, NOON, provider_id="x")])
    claimed = await store.queue.claim(Channel.SMS, 5, MINUTE, NOON)
    assert [one.parcel.key for one in claimed] == ["farewell"]


async def test_a_text_held_back_until_morning_may_be_hurried(store: Any) -> None:
    async with store.transaction() as tx:
        alert = await tx.alerts.open(an_alert(stage=Published(NOON, None)))
        about = {"alert": alert.id, "urgency": Urgency.URGENT}
        await tx.outbox.put([a_parcel("a", NUMBER, **about), a_parcel("b", OTHER, **about)])
    (first, second) = await store.queue.claim(Channel.SMS, 5, MINUTE, NOON)
    morning = NOON + timedelta(hours=8)
    for claimed, code in ((first, QUIET), (second, "throttled")):
        await store.queue.settle(
            [Settled(claimed, State.QUEUED, NOON, retry_at=morning, code=code)]
        )
    async with store.transaction() as tx:
        assert (await tx.outbox.tally(alert.id)).deferred == 1
        assert await tx.alerts.hasten(alert.id)
        assert not await tx.alerts.hasten(alert.id)
        assert await tx.telephone.texts.hurry(alert.id) == 1
    async with store.transaction() as tx:
        assert (await tx.outbox.tally(alert.id)).deferred == 0
        hastened = await tx.alerts.get(alert.id)
        assert hastened is not None
        assert hastened.urgent
    claimed = await store.queue.claim(Channel.SMS, 5, MINUTE, NOON)
    assert [one.parcel.key for one in claimed] == ["a"]


async def test_which_telephones_show_nothing_of_an_alert(store: Any) -> None:
    fates = {
        "accepted": State.ACCEPTED,
        "failed": State.FAILED,
        "unknown": State.UNKNOWN,
        "again": State.QUEUED,
    }
    async with store.transaction() as tx:
        alert = await tx.alerts.open(an_alert(stage=Published(NOON, None)))
        for number, name in enumerate((*fates, "leaving", "waiting")):
            await tx.members.save(a_merchant(name, phone=None))
            parcel = a_parcel(name, f"+336399801{number:02}", alert=alert.id)
            await tx.outbox.put([replace(parcel, member=MemberId(name))])
    for claimed in await store.queue.claim(Channel.SMS, len(fates) + 1, MINUTE, NOON):
        if (fate := fates.get(claimed.parcel.key)) is not None:
            sent = {"provider_id": "x"} if fate is State.ACCEPTED else {}
            await store.queue.settle([Settled(claimed, fate, NOON, **sent)])
    async with store.transaction() as tx:
        unreached = await tx.telephone.texts.unreached(alert.id)
        assert unreached == {"failed", "again", "waiting"}
        # A correction that arrived shows something.
        second = a_parcel("r2", "+33639980199", alert=alert.id, member=MemberId("failed"))
        await tx.outbox.put([second])
    for claimed in await store.queue.claim(Channel.SMS, 9, MINUTE, NOON):
        if claimed.parcel.key == "r2":
            await store.queue.settle([Settled(claimed, State.ACCEPTED, NOON, provider_id="y")])
    async with store.transaction() as tx:
        assert "failed" not in await tx.telephone.texts.unreached(alert.id)


async def test_a_stranger_is_answered_seldom_and_all_of_them_up_to_a_cap(store: Any) -> None:
    async def may(address: str, minutes: int = 0, channel: Channel = Channel.SMS) -> bool:
        now = NOON + minutes * MINUTE
        async with store.transaction() as tx:
            strangers = tx.telephone.strangers
            answer: bool = await strangers.may_answer(channel, address, now, now - 90 * MINUTE, 3)
        return answer

    assert await may(NUMBER)
    assert not await may(NUMBER, 89)
    assert await may(NUMBER, 90)
    assert await may(OTHER, 91)
    assert await may(NUMBER, 91, Channel.SIGNAL)
    assert not await may("+33639980003", 92)
    assert await may("+33639980003", 150)


async def test_threads_hold_the_last_question_first_while_reports_are_open(store: Any) -> None:
    async with store.transaction() as tx:
        numbers = [(await tx.reports.open(a_report())).id for _ in range(3)]
        other = (await tx.reports.open(a_report(author=M2))).id
        threads = tx.telephone.threads
        for minute, number in enumerate([*numbers, numbers[0]]):
            await threads.ask(M1, number, NOON + minute * MINUTE)
        await threads.ask(M2, other, NOON)
    async with store.transaction() as tx:
        threads = tx.telephone.threads
        assert list(await threads.asked(M1, NOON)) == [numbers[0], numbers[2], numbers[1]]
        assert list(await threads.asked(M1, NOON + 2 * MINUTE)) == [numbers[0]]
        assert list(await threads.asked(M2, NOON - MINUTE)) == [other]
        known = await tx.reports.get(numbers[0])
        assert await tx.reports.advance(close(known, M2, NOON), "received")
    async with store.transaction() as tx:
        assert list(await tx.telephone.threads.asked(M1, NOON)) == [numbers[2], numbers[1]]


class Oops(Exception):
    """Something breaks in the middle."""


async def test_a_step_that_breaks_silences_nobody(store: Any) -> None:
    async def fail() -> None:
        async with store.transaction() as tx:
            assert await tx.telephone.texts.silence(NUMBER, NOON) == 1
            await tx.telephone.consents.advance(NUMBER, Consent(None, Stopped(NOON)), None)
            raise Oops

    async with store.transaction() as tx:
        await tx.outbox.put([a_parcel("a", NUMBER)])
    with pytest.raises(Oops):
        await fail()
    async with store.transaction() as tx:
        assert await tx.telephone.consents.of(NUMBER) is None
    assert len(await store.queue.claim(Channel.SMS, 5, MINUTE, NOON)) == 1


def test_a_consent_is_the_members_own() -> None:
    consent = Consent(M1, Agreed(NOON))
    assert consent.allows(M1)
    assert not consent.allows(M2)
    assert not replace(consent, stage=Stopped(NOON)).allows(M1)
