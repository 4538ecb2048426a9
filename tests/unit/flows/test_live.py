"""Officers see one message move, seldom enough, whoever starts again meanwhile."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.story import BRUNO, CHLOE, DAVID, MOREL, POSTE, Story

from appservice.domain.delivery import Kind, State
from appservice.domain.member import Channel
from appservice.flows import progress
from appservice.flows.departure.live import Live, _pace, _turn
from bridges.protocol import Receipt, ReceiptState, Rejected, Throttled, Unknown

FACT = "Vol constaté à Liffré"


def live(story: Story) -> Live:
    return Live(story.store, story.world, story.clock)


async def publish(story: Story) -> None:
    await story.writes(MOREL, f"alerte tous : {FACT}", where=POSTE)
    await story.delivery(Channel.MATRIX).deliver_once()


def lines(story: Story, word: str = "A1 ") -> list[str]:
    texts = story.bridges[Channel.MATRIX].texts(POSTE)
    return [text for text in texts if text.startswith(word)]


def edits(story: Story) -> list[str]:
    return [p.key for p in story.parcels(Channel.MATRIX, POSTE, Kind.EDIT)]


async def look(story: Story, watcher: Live, **later: float) -> None:
    story.later(**later)
    await watcher.look()
    await story.delivery(Channel.MATRIX).deliver_once()


async def test_one_message_follows_the_texts_to_the_last(story: Story) -> None:
    watcher = live(story)
    await publish(story)
    await look(story, watcher, seconds=3)
    (line,) = lines(story, "A1 part, à 14h00 : ")
    assert "SMS 3 en attente" in line
    story.bridges[Channel.SMS].will(Unknown("no_answer"), Rejected("invalid_number"))
    await story.delivery(Channel.SMS).deliver_once()
    await look(story, watcher, seconds=6)
    (line,) = lines(story, "A1 part")
    assert "SMS 1 remis, 1 échec, 1 sort inconnu" in line
    await story.deliver()
    await look(story, watcher, seconds=6)
    assert lines(story, "A1 part") == []
    assert lines(story, "A1 : plus rien n'attend") != []
    assert "1 sort inconnu" in lines(story, "A1, bilan")[0]


async def test_the_last_line_follows_the_receipts(story: Story) -> None:
    watcher = live(story)
    await publish(story)
    await story.deliver()
    await look(story, watcher, seconds=3)
    for slip in list(story.store.tables.slips.values()):
        if slip.parcel.channel is Channel.SMS and slip.parcel.alert:
            receipt = Receipt(slip.provider_id or "", ReceiptState.DELIVERED)
            await story.store.queue.receipts(Channel.SMS, [receipt], story.now)
    await look(story, watcher, seconds=30)
    (line,) = lines(story, "A1, bilan")
    assert "SMS 3 reçus" in line


async def test_stale_texts_are_counted(story: Story) -> None:
    watcher = live(story)
    story.bridges[Channel.SMS].will(*[Throttled(3600)] * 3)
    await publish(story)
    await story.deliver()
    await look(story, watcher, seconds=5)
    assert "SMS 3 en attente" in lines(story, "A1 part")[0]
    story.later(minutes=31)
    await story.deliver()
    await look(story, watcher, seconds=5)
    slips = [s for s in story.store.tables.slips.values() if s.parcel.channel is Channel.SMS]
    assert [slip.state for slip in slips] == [State.EXPIRED] * 3
    await progress.finish_all(story.store, story.world, story.clock)
    await story.deliver()
    assert "SMS 3 périmés" in lines(story, "A1, bilan")[0]


async def test_nothing_new_is_no_edit(story: Story) -> None:
    watcher = live(story)
    await publish(story)
    for _ in range(50):
        await look(story, watcher, seconds=3)
    assert edits(story) == []


async def test_a_process_that_starts_again_goes_on_with_the_same_message(story: Story) -> None:
    await publish(story)
    await look(story, live(story), seconds=3)
    for _ in range(5):
        await look(story, live(story), milliseconds=100)
    assert len(lines(story, "A1 part")) == 1
    assert len(edits(story)) <= 1


async def test_a_change_at_every_look_is_shown_at_the_pace(story: Story) -> None:
    watcher = live(story)
    await publish(story)
    slips = [s for s in story.store.tables.slips.values() if s.parcel.channel is Channel.SMS]
    for number in range(40):
        slips[number % 2].state = (State.ACCEPTED, State.UNKNOWN)[number // 2 % 2]
        await look(story, watcher, seconds=1)
    assert 5 <= len(edits(story)) <= 9


async def test_a_withdrawal_is_followed_from_its_own_beginning(story: Story) -> None:
    watcher = live(story)
    await publish(story)
    await story.deliver()
    await look(story, watcher, minutes=20)
    await story.writes(MOREL, "annule A1", where=POSTE)
    await look(story, watcher, minutes=1)
    (line,) = lines(story, "A1 part")
    assert "SMS 3 en attente, 3 remis" in line
    await story.deliver()
    await look(story, watcher, seconds=31)
    assert lines(story, "A1 part") == []
    assert "SMS 6 remis" in lines(story, "A1, bilan")[0]


async def test_without_telephones_there_is_nothing_to_follow(story: Story) -> None:
    async with story.store.transaction() as tx:
        for member in (BRUNO, CHLOE, DAVID):
            await tx.members.save(replace(member, channels=member.channels - {Channel.SMS}))
    await publish(story)
    await look(story, live(story), seconds=3)
    assert lines(story, "A1 part") == []


async def test_an_edit_that_waits_for_the_homeserver_gives_way_to_the_next(story: Story) -> None:
    watcher = live(story)
    await publish(story)
    await look(story, watcher, seconds=3)
    await story.delivery(Channel.SMS).deliver_once()
    story.later(seconds=5)
    await watcher.look()
    story.later(minutes=1)
    await story.delivery(Channel.MATRIX).deliver_once()
    (edit,) = edits(story)
    assert story.store.queue.state_of(edit) is State.EXPIRED


async def test_what_a_claim_held_back_before_it_read_that_it_is_urgent_leaves(
    story: Story,
) -> None:
    story.later(hours=9)
    await publish(story)
    await story.deliver()
    async with story.store.transaction() as tx:
        await tx.alerts.hasten((await tx.alerts.recent(story.now))[0].id)
    await look(story, live(story), seconds=3)
    await story.deliver()
    assert FACT in story.bridges[Channel.SMS].texts(CHLOE.phone or "")[0]


@given(st.integers(0, 24 * 3600 - 1))
def test_turns_follow_each_other(second: int) -> None:
    age = timedelta(seconds=second)
    assert 0 <= _turn(age + timedelta(seconds=1)) - _turn(age) <= 1
    assert timedelta(seconds=5) <= _pace(_turn(age)) <= timedelta(minutes=10)


@pytest.mark.parametrize(("minutes", "turns"), [(2, 24), (30, 80), (24 * 60 - 1, 221)])
def test_a_day_makes_some_two_hundred_turns(minutes: int, turns: int) -> None:
    assert _turn(timedelta(minutes=minutes, seconds=-1)) == turns
