"""Parcels reach their channel once, in order, and everybody learns what became of them."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.bridges import FakeBridge
from support.fuzz import examples
from support.memory_queue import MemoryQueue
from support.memory_store import MemoryStore
from support.story import (
    ALERTES,
    ANNE,
    BRUNO,
    DAVID,
    MOREL,
    POSTE,
    START,
    Story,
    guichet,
    until,
)

from appservice.domain.delivery import Claimed, Kind, Parcel, State, Urgency
from appservice.domain.errors import TemporaryFailure
from appservice.domain.ids import ParcelId
from appservice.domain.member import Channel
from appservice.domain.telephone.consent import Consent, Stopped, name_of
from appservice.flows import delivery, progress
from bridges.protocol import (
    Accepted,
    Outgoing,
    Receipt,
    ReceiptState,
    Rejected,
    Throttled,
    Unknown,
)

FACT = "Vol constaté à Liffré"


async def put(story: Story, *parcels: Parcel) -> None:
    async with story.store.transaction() as tx:
        await tx.outbox.put(parcels)


def sms(key: str, target: str = "+33639980000", **more: object) -> Parcel:
    return Parcel(key, Channel.SMS, target, f"texte {key}", **more)  # type: ignore[arg-type] # a test's own fields


def state(story: Story, key: str) -> State:
    return story.store.queue.state_of(key)


async def test_an_accepted_parcel_keeps_the_channels_id(story: Story) -> None:
    await put(story, sms("a"))
    await story.deliver()
    assert state(story, "a") is State.ACCEPTED
    assert story.store.tables.slips["a"].provider_id == "sms-1"


async def test_a_guichet_is_looked_up_at_delivery(story: Story) -> None:
    await story.writes(ANNE, "aide")
    await story.deliver()
    assert "17 ou 112" in story.bridges[Channel.MATRIX].texts(guichet(ANNE.id))[0]


async def test_a_guichet_that_cannot_be_opened_fails_or_waits(story: Story) -> None:
    story.guichets.down = TemporaryFailure()
    await story.writes(ANNE, "aide")
    key = story.parcels(target="guichet:anne")[0].key
    await story.deliver()
    assert state(story, key) is State.QUEUED
    story.guichets.down = None
    story.guichets.closed.add(ANNE.id)
    story.later(minutes=1)
    await story.deliver()
    assert state(story, key) is State.FAILED
    assert story.store.tables.slips[key].code == "no-guichet"


async def test_one_conversation_keeps_its_order_and_urgent_leaves_first(story: Story) -> None:
    await put(story, sms("a"), sms("b"), sms("c", urgency=Urgency.URGENT))
    await story.deliver()
    assert story.bridges[Channel.SMS].texts("+33639980000") == ["texte c", "texte a", "texte b"]


async def test_a_throttled_channel_waits_as_a_whole(story: Story) -> None:
    bridge = story.bridges[Channel.SMS]
    bridge.abilities = replace(bridge.abilities, workers=1)
    bridge.will(Throttled(0.2))
    await put(story, sms("a", "+33639980001"), sms("b", "+33639980002"))
    worker = story.delivery(Channel.SMS)
    assert await worker.deliver_once() == 1
    assert state(story, "a") is State.QUEUED
    assert state(story, "b") is State.QUEUED
    story.later(seconds=1)
    async with asyncio.timeout(5):
        while state(story, "b") is not State.ACCEPTED:
            await worker.deliver_once()
            await asyncio.sleep(0.01)
    assert state(story, "a") is State.ACCEPTED


async def test_a_conversation_that_waits_alone_holds_up_no_other(story: Story) -> None:
    bridge = story.bridges[Channel.SMS]
    bridge.abilities = replace(bridge.abilities, workers=1)
    bridge.will(Throttled(900, "untrusted_identity", alone=True))
    await put(story, sms("a", "+33639980001"), sms("b", "+33639980002"), sms("c", "+33639980001"))
    assert await story.delivery(Channel.SMS).deliver_once() == 2
    assert [state(story, key) for key in "abc"] == [State.QUEUED, State.ACCEPTED, State.QUEUED]
    story.later(seconds=901)
    await story.deliver()
    assert bridge.texts("+33639980001") == ["texte a", "texte c"]


async def test_a_rejection_is_final(story: Story) -> None:
    story.bridges[Channel.SMS].will(Rejected("invalid_number"))
    await put(story, sms("a"))
    await story.deliver()
    await story.deliver()
    assert state(story, "a") is State.FAILED
    assert len(story.bridges[Channel.SMS].asked) == 1


async def test_an_unknown_outcome_is_never_sent_again_and_told(story: Story) -> None:
    await story.writes(MOREL, f"alerte buralistes Redon : {FACT}", where=POSTE)
    story.bridges[Channel.SMS].will(Unknown("timeout"))
    await story.deliver()
    story.later(hours=1)
    await story.deliver()
    assert len(story.bridges[Channel.SMS].asked) == 1
    assert any("A1 : un envoi par SMS a un sort inconnu" in line for line in story.poste())


async def test_the_poste_gets_one_last_line(story: Story) -> None:
    story.bridges[Channel.SMS].unreachable.add(BRUNO.phone or "")
    await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
    await story.deliver()
    lines = [line for line in story.poste() if "bilan" in line]
    assert lines == ["A1, bilan en 0 s : Element 1 remis ; Signal 1 remis ; SMS 1 remis, 1 échec."]


async def test_a_lease_that_ran_out_still_gets_its_last_line(story: Story) -> None:
    await story.writes(MOREL, f"alerte buralistes Redon : {FACT}", where=POSTE)
    for channel in (Channel.SIGNAL, Channel.SMS):
        await story.store.queue.claim(channel, 9, timedelta(minutes=1), story.now)
    story.later(hours=1)
    await story.deliver()
    assert not any("bilan" in line for line in story.poste())
    await progress.finish_all(story.store, story.world, story.clock)
    assert "A1, bilan en 60 min : Signal 1 sort inconnu ; SMS 1 sort inconnu." in story.poste()


async def test_what_a_dead_process_had_in_hand_is_told_once(story: Story) -> None:
    await story.writes(MOREL, f"alerte buralistes Redon : {FACT}", where=POSTE)
    await story.store.queue.claim(Channel.SMS, 9, timedelta(minutes=1), story.now)
    story.later(minutes=5)
    await story.deliver()
    for _ in range(2):
        await progress.finish_all(story.store, story.world, story.clock)
        await story.deliver()
    told = [line for line in story.poste() if "A1 : un envoi par SMS a un sort inconnu" in line]
    assert len(told) == 1


async def test_the_watch_says_it_by_itself_and_survives_an_outage(story: Story) -> None:
    await story.writes(MOREL, f"alerte buralistes Redon : {FACT}", where=POSTE)
    story.later(minutes=31)
    await story.deliver()
    store = OnceDown(story.store)
    every = timedelta(milliseconds=5)
    watch = asyncio.create_task(progress.watch(store, story.world, story.clock, every))
    await until(lambda: any("bilan" in line for line in story.poste()))
    assert store.refused == 1
    watch.cancel()


class OnceDown:
    """A store whose first transaction finds no database."""

    def __init__(self, real: MemoryStore) -> None:
        self._real = real
        self.refused = 0

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        if not self.refused:
            self.refused += 1
            raise TemporaryFailure
        return self._real.transaction()


async def test_a_stale_alert_is_dropped_and_said_so(story: Story) -> None:
    await story.writes(MOREL, f"alerte buralistes Redon : {FACT}", where=POSTE)
    story.later(minutes=31)
    await story.deliver()
    assert story.bridges[Channel.SMS].asked == []
    await progress.finish_all(story.store, story.world, story.clock)
    assert any("SMS 1 périmé" in line for line in story.poste())


async def test_S0_02_whoever_lost_their_charter_while_it_waited_gets_nothing(story: Story) -> None:
    await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
    async with story.store.transaction() as tx:
        await tx.signatures.revoke(BRUNO.id, story.now)
    await story.deliver()
    assert story.bridges[Channel.SMS].texts(BRUNO.phone or "") == []
    assert story.bridges[Channel.SMS].texts(DAVID.phone or "") == [FACT]
    slip = story.store.tables.slips[f"alert:A1:r1:sms:{BRUNO.id}"]
    assert (slip.state, slip.code) == (State.FAILED, "revoked")


async def test_nothing_to_edit_is_posted_and_nothing_to_delete_is_left(story: Story) -> None:
    story.bridges[Channel.MATRIX].will(Rejected("gone"))
    await put(
        story,
        Parcel("a", Channel.MATRIX, "!room", "un"),
        Parcel("b", Channel.MATRIX, "!room", "deux", kind=Kind.EDIT, replaces="a"),
        Parcel("c", Channel.MATRIX, "!other", "", kind=Kind.DELETE, replaces="a"),
    )
    await story.deliver()
    assert story.bridges[Channel.MATRIX].texts("!room") == ["deux"]
    assert story.store.tables.slips["c"].code == "nothing-to-change"


async def test_a_database_out_of_reach_only_delays(story: Story) -> None:
    worker = story.delivery(Channel.SMS)
    queue = story.store.queue
    worker.queue = FlakyQueue(queue, failures=2)  # type: ignore[assignment] # a fake of the verbs that are used
    worker.poll = timedelta(milliseconds=10)
    await put(story, sms("a"))
    running = asyncio.create_task(worker.run())
    await until(lambda: state(story, "a") is State.ACCEPTED)
    await worker.stop()
    await running


async def test_what_the_last_process_had_in_hand_holds_up_nobody(story: Story) -> None:
    """It may have left: nobody knows, and it is not sent again."""
    await put(story, sms("a"), sms("b"))
    await story.store.queue.claim(Channel.SMS, 1, timedelta(minutes=2), story.now)
    worker = story.delivery(Channel.SMS)
    running = asyncio.create_task(worker.run())
    await until(lambda: state(story, "b") is State.ACCEPTED)
    await worker.stop()
    await running
    assert state(story, "a") is State.UNKNOWN
    assert len(story.bridges[Channel.SMS].sent) == 1


class FlakyQueue:
    def __init__(self, real: object, failures: int) -> None:
        self._real = real
        self._failures = failures

    async def claim(self, *args: object, **more: object) -> object:
        if self._failures:
            self._failures -= 1
            raise [TemporaryFailure(), OSError("gone")][self._failures % 2]
        return await self._real.claim(*args, **more)  # type: ignore[attr-defined] # passes through

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


async def test_stop_lets_what_has_left_arrive(story: Story) -> None:
    bridge = Slow()
    story.bridges[Channel.SMS] = bridge
    worker = story.delivery(Channel.SMS)
    await put(story, sms("a"))
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(5):
        await bridge.begun.wait()
    stopping = asyncio.create_task(worker.stop())
    await asyncio.sleep(0)
    await put(story, sms("b", "+33639980009"))
    bridge.may_end.set()
    async with asyncio.timeout(5):
        await asyncio.gather(stopping, running)
    assert state(story, "a") is State.ACCEPTED
    assert state(story, "b") is State.QUEUED


class SlowQueue:
    """Claims at once, and takes its time to say what."""

    def __init__(self, real: MemoryQueue) -> None:
        self._real = real
        self.claimed, self.may_end = asyncio.Event(), asyncio.Event()

    async def claim(self, *args: Any, **more: Any) -> Sequence[Claimed]:
        found = await self._real.claim(*args, **more)
        if found:
            self.claimed.set()
            await self.may_end.wait()
        return found

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


async def test_stop_sends_what_was_just_claimed(story: Story) -> None:
    """Else it would leave while its channel closes, and nobody would know whether it did."""
    worker = story.delivery(Channel.SMS)
    queue = SlowQueue(story.store.queue)
    worker.queue = queue  # type: ignore[assignment] # a fake of the verbs that are used
    await put(story, sms("a"))
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(5):
        await queue.claimed.wait()
        stopping = asyncio.create_task(worker.stop())
        for _ in range(5):
            await asyncio.sleep(0)
        assert not stopping.done()
        queue.may_end.set()
        await asyncio.gather(stopping, running)
    assert state(story, "a") is State.ACCEPTED
    assert not worker.under_way()


class Slow(FakeBridge):
    """Takes its time."""

    def __init__(self) -> None:
        super().__init__("sms")
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.waiting = self.most = 0

    async def send(self, message: Outgoing) -> Accepted:
        self.begun.set()
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await self.may_end.wait()
        self.waiting -= 1
        return Accepted("slow-1")


async def test_as_many_conversations_at_once_as_the_channel_wants(story: Story) -> None:
    bridge = Slow()
    bridge.abilities = replace(bridge.abilities, workers=3)
    story.bridges[Channel.SMS] = bridge
    await put(story, *(sms(f"p{n}", f"+3363998000{n}") for n in range(5)))
    worker = story.delivery(Channel.SMS)
    running = asyncio.create_task(worker.run())
    await until(lambda: bridge.waiting == 3)
    bridge.may_end.set()
    await until(lambda: state(story, "p4") is State.ACCEPTED)
    await worker.stop()
    await running
    assert bridge.most == 3


async def test_the_next_ones_are_claimed_while_the_channel_is_busy(story: Story) -> None:
    """Half as many again as it takes: what a process that dies leaves unknown is little."""
    bridge = Slow()
    bridge.abilities = replace(bridge.abilities, workers=4)
    story.bridges[Channel.SMS] = bridge
    await put(story, *(sms(f"p{n}", f"+336399801{n:02}") for n in range(20)))
    worker = story.delivery(Channel.SMS)
    running = asyncio.create_task(worker.run())

    def in_hand() -> int:
        return sum(state(story, f"p{n}") is State.SUBMITTING for n in range(20))

    await until(lambda: bridge.waiting == 4 and in_hand() == 6)
    bridge.may_end.set()
    await until(lambda: all(state(story, f"p{n}") is State.ACCEPTED for n in range(20)))
    await worker.stop()
    await running
    assert bridge.most == 4


async def test_what_was_claimed_ahead_is_not_asked_of_a_channel_that_said_later(
    story: Story,
) -> None:
    bridge = story.bridges[Channel.SMS]
    bridge.abilities = replace(bridge.abilities, workers=4)
    bridge.will(Throttled(60))
    await put(story, *(sms(f"p{n}", f"+336399801{n:02}") for n in range(9)))
    assert await story.delivery(Channel.SMS).deliver_once() == 6
    assert len(bridge.asked) == 1
    assert {state(story, f"p{n}") for n in range(9)} == {State.QUEUED}
    story.later(minutes=2)
    await story.deliver()
    assert {state(story, f"p{n}") for n in range(9)} == {State.ACCEPTED}


class SlowAndNamed(Slow):
    """Calls a message by the name that we give it."""

    def name_of(self, key: str) -> str:
        return f"name-{key}"


def numbered(count: int) -> list[Parcel]:
    return [sms(f"p{n:02}", f"+336399801{n:02}") for n in range(count)]


async def test_however_much_is_claimed_little_is_named_before_the_channel_answers(
    story: Story,
) -> None:
    """What a process that dies had not named is claimed again; the rest is of unknown fate."""
    story.bridges[Channel.SMS] = bridge = SlowAndNamed()
    bridge.abilities = replace(bridge.abilities, workers=4)
    await put(story, *numbered(40))
    slips = [story.store.tables.slips[f"p{n:02}"] for n in range(40)]
    worker = story.delivery(Channel.SMS)
    worker._tempo.a_second = 100  # as if it had been quick until now
    running = asyncio.create_task(worker.run())

    def in_hand() -> list[str | None]:
        return [slip.provider_id for slip in slips if slip.state is State.SUBMITTING]

    await until(lambda: bridge.waiting == 4 and sum(map(bool, in_hand())) == 16)
    assert len(in_hand()) > 20
    bridge.may_end.set()
    await until(lambda: all(slip.state is State.ACCEPTED for slip in slips))
    await worker.stop()
    await running
    assert bridge.most == 4


async def test_what_another_process_has_claimed_meanwhile_does_not_leave(story: Story) -> None:
    """Ours froze between its claim and the first word to the channel."""
    story.bridges[Channel.SMS] = bridge = SlowAndNamed()
    bridge.may_end.set()
    await put(story, sms("a"))
    worker = story.delivery(Channel.SMS)
    worker.queue = queue = Frozen(story)
    await worker.deliver_once()
    assert len(queue.others) == 1
    assert not bridge.begun.is_set()
    assert state(story, "a") is State.SUBMITTING


class Frozen(MemoryQueue):
    """Nobody names anything before the lease has run out and somebody else has claimed it."""

    def __init__(self, story: Story) -> None:
        super().__init__(story.store.tables)
        self.others: list[Claimed] = []

    async def name(self, names: Sequence[tuple[Claimed, str]]) -> Collection[ParcelId]:
        lease = timedelta(minutes=2)
        later = START + 2 * lease
        self.others += await self.claim(Channel.SMS, 9, lease, later, names=True)
        return await super().name(names)


async def test_a_look_at_charters_and_consents_does_not_hold_for_long(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who said STOP while the channel was slow gets nothing of what had been claimed before."""
    monkeypatch.setattr(delivery, "_FRESH", 0.0)
    story.bridges[Channel.SMS] = bridge = SlowAndNamed()
    bridge.abilities = replace(bridge.abilities, workers=2)
    parcels = [replace(parcel, member=DAVID.id) for parcel in numbered(12)]
    await put(story, *parcels)
    worker = story.delivery(Channel.SMS)
    worker._tempo.a_second = 100
    running = asyncio.create_task(worker.run())
    await until(lambda: bridge.waiting == 2)
    assert state(story, "p11") is State.SUBMITTING
    async with story.store.transaction() as tx:
        said = Consent(DAVID.id, Stopped(story.now), "STOP")
        known = await tx.telephone.consents.of(DAVID.phone or "")
        expected = name_of(known.stage) if known else None
        assert await tx.telephone.consents.advance(DAVID.phone or "", said, expected)
    bridge.may_end.set()
    await until(lambda: state(story, "p11") is State.FAILED)
    await worker.stop()
    await running
    assert story.store.tables.slips["p11"].code == "stopped"


async def test_one_parcel_that_breaks_us_leaves_the_others_in_peace(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    story.guichets.down = ValueError("une erreur à nous")
    await story.writes(ANNE, "aide")
    key = story.parcels(target="guichet:anne")[0].key
    await put(story, *(Parcel(f"p{n}", Channel.MATRIX, f"!room{n}", "texte") for n in range(3)))
    await story.delivery(Channel.MATRIX).deliver_once()
    assert state(story, key) is State.SUBMITTING  # until its lease runs out
    assert {state(story, f"p{n}") for n in range(3)} == {State.ACCEPTED}
    assert "une erreur à nous" not in caplog.text


async def test_a_bridge_that_breaks_its_word_says_nothing_of_content(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    story.bridges[Channel.SMS] = Lying("sms")
    await put(story, sms("a"))
    with caplog.at_level(logging.DEBUG):
        await story.delivery(Channel.SMS).deliver_once()
    assert "texte a" not in caplog.text
    assert "ValueError" in caplog.text
    assert state(story, "a") is State.UNKNOWN
    story.bridges[Channel.MATRIX] = Lying("matrix", story.bridges[Channel.MATRIX].abilities)
    await put(story, Parcel("b", Channel.MATRIX, "!room", "texte"))
    await story.delivery(Channel.MATRIX).deliver_once()
    assert state(story, "b") is State.QUEUED  # doing it again does it once


class Lying(FakeBridge):
    async def send(self, message: Outgoing) -> Accepted:
        raise ValueError(message.text)


OUTCOMES = st.sampled_from(
    [Accepted("x"), Rejected("r"), Unknown("u"), Throttled(0), Throttled(0)]
)


@examples(25)
@given(st.lists(OUTCOMES, max_size=12))
def test_each_conversation_is_reached_at_most_once(outcomes: list[object]) -> None:
    """Whatever the channels answer: one acceptance or one doubt, never two."""
    asyncio.run(_play(outcomes))


async def _play(outcomes: list[object]) -> None:
    story = await Story().begin()
    numbered = [
        Accepted(f"x{n}") if isinstance(outcome, Accepted) else outcome
        for n, outcome in enumerate(outcomes)
    ]
    for bridge in story.bridges.values():
        bridge.will(*numbered)  # type: ignore[arg-type] # outcomes, by construction
    await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
    for _ in range(20):
        await story.deliver()
        story.later(seconds=60)
    for channel, bridge in story.bridges.items():
        alerts = [m.key for m in bridge.sent if m.key.startswith("alert:")]
        assert len(alerts) == len(set(alerts)), channel
    states = {state(story, p.key) for p in story.parcels(alert=1)}
    assert states <= {State.ACCEPTED, State.FAILED, State.UNKNOWN}
    assert sum("bilan" in line for line in story.poste()) == 1
    assert story.parcels(Channel.MATRIX, ALERTES)


async def test_a_refused_removal_is_told_for_the_text_is_still_shown(story: Story) -> None:
    await story.writes(MOREL, f"alerte buralistes : {FACT}", where=POSTE)
    await story.deliver()
    await story.writes(MOREL, "annule A1", where=POSTE)
    story.bridges[Channel.MATRIX].will(Rejected("too_late"))
    await story.deliver()
    assert any("l'ancien texte y reste affiché" in line for line in story.poste())


class Naming(FakeBridge):
    """Calls a message by a name that is known before it leaves."""

    def name_of(self, key: str) -> str:
        return f"sms-named-{key}"


async def test_a_receipt_settles_what_got_no_answer(story: Story) -> None:
    bridge = story.bridges[Channel.SMS] = Naming("sms")
    bridge.will(Unknown("no_answer"))
    await put(story, sms("a"))
    await story.deliver()
    assert state(story, "a") is State.UNKNOWN
    receipt = Receipt("sms-named-a", ReceiptState.DELIVERED)
    await story.inbound.handle(Channel.SMS, receipt)
    assert state(story, "a") is State.DELIVERED
