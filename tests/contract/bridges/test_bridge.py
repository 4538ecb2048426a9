"""What every bridge promises, whatever is behind it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

import pytest
import pytest_asyncio
from support.bridge_worlds import (
    FakeWorld,
    SignalWorldUnderTest,
    SmsWorld,
    World,
    eventually,
)
from support.homeserver import fresh_database, postgres
from support.real_sms import RealGateway, RealSmsWorld, gateway, gateway_of_the_session
from support.signal_rig.world import SignalRigWorld
from support.sms_worlds import GammuWorld, OvhWorld, gammu_tables

from bridges.protocol import (
    Accepted,
    Action,
    Deleted,
    Edited,
    Groups,
    Message,
    Outcome,
    Outgoing,
    Receipt,
    ReceiptState,
    Rejected,
    Throttled,
    Unknown,
)

__all__ = ["fresh_database", "gammu_tables", "gateway", "gateway_of_the_session", "postgres"]
TYPED = "Vol à l'étalage, « deux » personnes — n'œuvrez pas : 20 € 🚨\nRue de la Préfecture"
O = TypeVar("O", bound=Outcome)  # noqa: E741 # an outcome


KINDS = {
    "fake": FakeWorld,
    "signal": SignalWorldUnderTest,
    "signal-cli": SignalRigWorld,
    "kannel": SmsWorld,
    "ovh": OvhWorld,
    "gammu": GammuWorld,
    "kannel-real": RealSmsWorld,
}
MARKS = {
    "signal-cli": pytest.mark.signal_real,
    "ovh": pytest.mark.contract_only,
    "kannel-real": pytest.mark.sms_real,
}


@pytest.fixture(params=[pytest.param(name, marks=MARKS.get(name, ())) for name in KINDS])
def fresh(request: pytest.FixtureRequest, gammu_tables: str, gateway: RealGateway) -> World:
    """Only those who ask for it wait for the real signal-cli."""
    needs: dict[str, Sequence[object]] = {"gammu": (gammu_tables,), "kannel-real": (gateway,)}
    given = needs.get(request.param, ())
    if request.param == "signal-cli":
        given = (request.getfixturevalue("signal_rig"),)
    made: World = KINDS[request.param](*given)
    return made


@pytest_asyncio.fixture
async def world(fresh: World) -> AsyncIterator[World]:
    await fresh.start()
    yield fresh
    await fresh.stop()


def expect(kind: type[O], outcome: Outcome) -> O:
    assert isinstance(outcome, kind), outcome
    return outcome


async def post(world: World, text: str = "Vol constaté", key: str = "p1") -> Accepted:
    return expect(Accepted, await world.bridge.send(Outgoing(key, world.target, text)))


async def shows(world: World, texts: Sequence[str], target: str | None = None) -> None:
    """What that person's phone shows, once it had the time to."""
    at = target or world.target
    await eventually(lambda: list(world.shown(at)) == list(texts), f"{texts}")


async def until_taken(world: World, message: Outgoing) -> Outcome:
    """What delivery does: again, as long as it is told to."""
    outcome = await world.bridge.send(message)
    while isinstance(outcome, Throttled):
        await asyncio.sleep(0.01)
        outcome = await world.bridge.send(message)
    return outcome


async def test_what_is_posted_is_accepted_and_shown_as_written(world: World) -> None:
    accepted = await post(world, TYPED)
    assert accepted.provider_id
    assert accepted.failed == ()
    await shows(world, [TYPED])


async def test_two_messages_have_two_provider_ids_and_keep_their_order(world: World) -> None:
    first, second = await post(world, "un", "p1"), await post(world, "deux", "p2")
    assert first.provider_id != second.provider_id
    await shows(world, ["un", "deux"])


async def test_an_edit_replaces_the_text_or_is_refused_as_announced(world: World) -> None:
    accepted = await post(world, "Vol à l'étalage")
    outcome = await world.bridge.send(
        Outgoing("p2", world.target, "Vol", action=Action.EDIT, acts_on=accepted.provider_id)
    )
    if not world.bridge.abilities.edits:
        expect(Rejected, outcome)
        await shows(world, ["Vol à l'étalage"])
        return
    expect(Accepted, outcome)
    await shows(world, ["Vol"])


async def test_a_second_edit_may_name_the_first_message_again(world: World) -> None:
    if not world.bridge.abilities.edits:
        return
    first = (await post(world, "un")).provider_id
    for key, text in (("p2", "deux"), ("p3", "trois")):
        edit = Outgoing(key, world.target, text, action=Action.EDIT, acts_on=first)
        expect(Accepted, await world.bridge.send(edit))
    await shows(world, ["trois"])


async def test_a_deletion_removes_or_is_refused_as_announced(world: World) -> None:
    accepted = await post(world)
    outcome = await world.bridge.send(
        Outgoing("p2", world.target, "", action=Action.DELETE, acts_on=accepted.provider_id)
    )
    expect(Accepted if world.bridge.abilities.deletes else Rejected, outcome)
    await shows(world, [] if world.bridge.abilities.deletes else ["Vol constaté"])


async def test_who_is_not_there_is_rejected_with_a_code(world: World) -> None:
    for target in (world.nobody, world.nonsense):
        rejected = expect(Rejected, await world.bridge.send(Outgoing("p1", target, "Vol")))
        assert rejected.code
        assert target not in rejected.code or not target


async def test_the_other_side_down_means_later_and_then_it_passes(world: World) -> None:
    await world.break_down()
    throttled = expect(
        Throttled, await world.bridge.send(Outgoing("p1", world.target, "pendant la panne"))
    )
    assert throttled.after > 0
    assert not (await world.bridge.health()).ok
    assert (await world.bridge.health()).advice
    await world.mend()
    expect(Accepted, await until_taken(world, Outgoing("p1", world.target, "après")))
    await shows(world, ["après"])
    assert (await world.bridge.health()).ok


async def test_throttling_is_told_with_a_delay(world: World) -> None:
    await world.throttle(True)
    throttled = expect(
        Throttled, await world.bridge.send(Outgoing("p1", world.target, "trop vite"))
    )
    assert throttled.after > 0
    await world.throttle(False)
    await post(world, "à temps")
    await shows(world, ["à temps"])


async def test_a_lost_answer_is_an_unknown_outcome(world: World) -> None:
    await world.lose_next_answer()
    expect(Unknown, await world.bridge.send(Outgoing("p1", world.target, "peut-être")))


async def test_what_somebody_writes_reaches_the_sink_exactly_as_typed(world: World) -> None:
    await world.says(TYPED)
    await eventually(lambda: world.sink.of(Message), "the message")
    (message,) = world.sink.of(Message)
    assert message.text == TYPED
    assert message.sender == world.sender
    assert message.group is None
    assert message.key
    assert message.sent_at.tzinfo is not None


async def test_messages_arrive_in_order_and_with_keys_of_their_own(world: World) -> None:
    for text in ("un", "deux", "trois"):
        before = len(world.sink.of(Message))
        await world.says(text)
        await eventually(lambda before=before: len(world.sink.of(Message)) > before)
    assert [message.text for message in world.sink.of(Message)] == ["un", "deux", "trois"]
    assert len({message.key for message in world.sink.of(Message)}) == 3


async def test_what_the_sink_refused_comes_again(world: World) -> None:
    world.sink.failing = 2
    await world.says("à ne pas perdre")
    await eventually(lambda: world.sink.of(Message), "the message")
    assert world.sink.refused == 2
    assert [message.text for message in world.sink.of(Message)] == ["à ne pas perdre"]


async def test_what_was_said_during_a_breakdown_arrives_afterwards(world: World) -> None:
    if isinstance(world, SmsWorld):
        return  # its phones are behind the gateway: they wait with it, not with us
    await world.break_down()
    await world.says("pendant la panne")
    await world.mend()
    await eventually(lambda: world.sink.of(Message), "the message")
    assert [message.text for message in world.sink.of(Message)] == ["pendant la panne"]


async def test_corrections_and_deletions_name_the_message_they_change(world: World) -> None:
    if not world.bridge.abilities.edits:
        return
    said = await world.says("un homme")
    await world.edits(said, "une personne")
    await world.takes_back(said)
    await eventually(lambda: world.sink.of(Deleted), "the deletion")
    (message,) = world.sink.of(Message)
    (edited,) = world.sink.of(Edited)
    (deleted,) = world.sink.of(Deleted)
    assert (edited.target, edited.text, edited.sender) == (
        message.key,
        "une personne",
        message.sender,
    )
    assert (deleted.target, deleted.sender) == (message.key, message.sender)
    assert len({message.key, edited.key, deleted.key}) == 3


async def test_a_receipt_names_what_was_accepted(world: World) -> None:
    accepted = await post(world)
    if isinstance(world, FakeWorld):
        await world.confirm(accepted.provider_id)
    await eventually(lambda: world.sink.of(Receipt), "the receipt")
    (receipt,) = world.sink.of(Receipt)
    assert receipt.provider_id == accepted.provider_id
    assert receipt.state is ReceiptState.DELIVERED


async def test_groups_are_made_filled_written_to_and_emptied(world: World) -> None:
    groups = world.bridge
    if not world.bridge.abilities.groups:
        refused = await world.bridge.send(Outgoing("p1", world.target, "Vol", to_group=True))
        expect(Rejected, refused)
        return
    assert isinstance(groups, Groups)
    made = await groups.create_group("Buralistes 35", "La charte", announcement=True)
    assert await groups.add(made, [world.target, world.nobody]) == [world.nobody]
    (group,) = await groups.list_groups()
    assert (group.id, group.title, group.description) == (made, "Buralistes 35", "La charte")
    assert group.members == {world.target}
    assert group.announcement
    assert group.link
    accepted = expect(Accepted, await groups.send(Outgoing("p1", made, "Alerte", to_group=True)))
    await shows(world, ["Alerte"], made)
    edit = Outgoing(
        "p2", made, "Corrigée", action=Action.EDIT, to_group=True, acts_on=accepted.provider_id
    )
    expect(Accepted, await groups.send(edit))
    await shows(world, ["Corrigée"], made)
    await groups.change_group(made, title="Tabacs", announcement=False)
    await groups.remove(made, [world.target])
    (group,) = await groups.list_groups()
    assert (group.title, group.announcement, group.members) == ("Tabacs", False, frozenset())
    assert group.description == "La charte"


async def test_an_unknown_group_is_rejected(world: World) -> None:
    unknown = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    expect(Rejected, await world.bridge.send(Outgoing("p1", unknown, "Vol", to_group=True)))


async def test_groups_say_when_they_cannot_be_asked(world: World) -> None:
    if not isinstance(world.bridge, Groups):
        return
    await world.break_down()
    with pytest.raises(ConnectionError):
        await world.bridge.list_groups()
    with pytest.raises(ConnectionError):
        await world.bridge.create_group("Buralistes", "", announcement=False)
    await world.mend()


async def test_stopping_and_starting_again_works(world: World) -> None:
    await world.bridge.stop()
    await world.bridge.start(world.sink)
    await post(world, "de retour")
    await shows(world, ["de retour"])


async def test_starting_while_the_other_side_is_down_raises_nothing(world: World) -> None:
    await world.bridge.stop()
    await world.break_down()
    await world.bridge.start(world.sink)
    expect(Throttled, await world.bridge.send(Outgoing("p1", world.target, "Vol")))
