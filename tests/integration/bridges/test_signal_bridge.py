"""Signal as a channel, on the stand-in: what the common contract does not say."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from support.bridge_worlds import SERVICE, SignalWorldUnderTest, eventually, unhealthy
from support.bridges import RecordingSink

from bridges.protocol import (
    Accepted,
    Action,
    Attachment,
    GroupRefused,
    Health,
    Message,
    Outgoing,
    Reacted,
    Receipt,
    ReceiptState,
    Throttled,
    Trouble,
)
from bridges.signal.bridge import SignalBridge
from bridges.signal.envelope import Own
from bridges.signal.groups import SignalGroups

PHOTO = Attachment("image/jpeg", b"\xff\xd8 a photo \xff\xd9", "rue.jpg")


@pytest_asyncio.fixture
async def world() -> AsyncIterator[SignalWorldUnderTest]:
    world = SignalWorldUnderTest()
    await world.start()
    yield world
    await world.stop()


async def first(sink: RecordingSink) -> Message:
    await eventually(lambda: sink.of(Message), "a message")
    return sink.of(Message)[0]


async def test_a_photo_goes_out_and_comes_in_whole(world: SignalWorldUnderTest) -> None:
    sent = Outgoing("k1", world.target, "à voir", attachments=(PHOTO,))
    assert isinstance(await world.bridge.send(sent), Accepted)
    (note,) = world.standin.world.inbox(world.target)
    assert (note.files[0].content_type, note.files[0].size) == ("image/jpeg", len(PHOTO.data))
    world.standin.world.say(world.sender, "voici", attachment=PHOTO)
    assert (await first(world.sink)).attachments == (PHOTO,)


async def test_a_file_too_big_arrives_empty_and_the_text_all_the_same(
    world: SignalWorldUnderTest,
) -> None:
    big = replace(PHOTO, data=b"x" * (20 * 1024 * 1024 + 1))
    world.standin.world.say(world.sender, "trop gros", attachment=big)
    message = await first(world.sink)
    assert message.text == "trop gros"
    assert message.attachments == (replace(PHOTO, data=b""),)


async def test_a_file_that_is_gone_arrives_empty(world: SignalWorldUnderTest) -> None:
    people = world.standin.world
    await world.break_down()
    at = people.say(world.sender, "perdue", attachment=PHOTO)
    people.find(world.sender, at).files.clear()
    await world.mend()
    assert (await first(world.sink)).attachments == (replace(PHOTO, data=b""),)


async def test_a_long_text_is_put_together_again(world: SignalWorldUnderTest) -> None:
    whole = "é" * 3000
    rest = Attachment("text/x-signal-plain", whole.encode(), "")
    world.standin.world.say(world.sender, whole[:2000], attachment=rest)
    message = await first(world.sink)
    assert message.text == whole
    assert message.attachments == ()


async def test_who_of_a_group_was_not_reached_is_named(world: SignalWorldUnderTest) -> None:
    people = world.standin.world
    kim = people.person("+33639980002", "Kim")
    group = await world.signal.create_group("Buralistes", "", announcement=False)
    await world.signal.add(group, [world.target, kim])
    people.unregister(kim)
    outcome = await world.bridge.send(Outgoing("k1", group, "Vol", to_group=True))
    assert isinstance(outcome, Accepted)
    assert outcome.failed == (kim,)
    assert outcome.detail == "unregistered"


async def test_what_is_said_in_a_group_names_the_group(world: SignalWorldUnderTest) -> None:
    group = await world.signal.create_group("Buralistes", "", announcement=False)
    await world.signal.add(group, [world.target])
    await world.says("bonjour", group)
    assert (await first(world.sink)).group == group


async def test_quotes_and_reactions_find_what_we_sent(world: SignalWorldUnderTest) -> None:
    accepted = await world.bridge.send(Outgoing("k1", world.target, "Alerte A7"))
    assert isinstance(accepted, Accepted)
    people, ours = world.standin.world, int(accepted.provider_id)
    people.react(world.sender, "👍", people.service, ours)
    people.say(world.sender, "vu", replies_to=(people.service, ours))
    assert (await first(world.sink)).replies_to == accepted.provider_id
    (reaction,) = world.sink.of(Reacted)
    assert (reaction.target, reaction.emoji) == (accepted.provider_id, "👍")


async def test_we_react_to_what_somebody_wrote(world: SignalWorldUnderTest) -> None:
    at = world.standin.world.say(world.sender, "un vol ici")
    message = await first(world.sink)
    react = Outgoing("k1", world.target, "👀", action=Action.REACT, acts_on=message.key)
    assert isinstance(await world.bridge.send(react), Accepted)
    note = world.standin.world.find(world.sender, at)
    assert list(note.reactions.values()) == ["👀"]


async def test_a_read_receipt_says_so(world: SignalWorldUnderTest) -> None:
    accepted = await world.bridge.send(Outgoing("k1", world.target, "Alerte A7"))
    assert isinstance(accepted, Accepted)
    world.standin.world.read(world.target, int(accepted.provider_id))
    await eventually(lambda: len(world.sink.of(Receipt)) == 2, "two receipts")
    states = [receipt.state for receipt in world.sink.of(Receipt)]
    assert states == [ReceiptState.DELIVERED, ReceiptState.READ]


async def test_a_challenge_waits_for_a_human_and_health_says_what_to_do(
    world: SignalWorldUnderTest,
) -> None:
    world.standin.faults.rate_limit = 428
    outcome = await world.bridge.send(Outgoing("k1", world.target, "Vol"))
    assert outcome == Throttled(120, "challenge_required")
    health = await world.bridge.health()
    assert (health.ok, health.code) == (False, "challenge_required")
    assert "maillage signal challenge" in health.advice
    world.standin.faults.rate_limit = None
    assert isinstance(await world.bridge.send(Outgoing("k1", world.target, "Vol")), Accepted)
    assert (await world.bridge.health()).ok


async def test_after_a_silence_signal_is_asked_before_anything_leaves(
    world: SignalWorldUnderTest,
) -> None:
    world.standin.faults.network_down = True
    outcome = await world.bridge.send(Outgoing("k1", world.target, "Vol"))
    assert outcome == Throttled(30, "signal_unreachable")


async def test_a_linked_device_that_fades_is_told_and_stops_nothing(
    world: SignalWorldUnderTest,
) -> None:
    stamp = world.standin.world.next_stamp()
    now = datetime.fromtimestamp(stamp / 1000, UTC)
    bridge = SignalBridge(world.signal._settings, lambda: now + timedelta(days=21))
    await bridge.start(world.sink)
    assert await bridge.health() == Health(True, troubles=(Trouble("device_fades"),))
    assert isinstance(await bridge.send(Outgoing("k1", world.target, "Vol")), Accepted)
    await bridge.stop()
    fresh = SignalBridge(world.signal._settings, lambda: now)
    await fresh.start(world.sink)
    assert await fresh.health() == Health(True)
    await fresh.stop()


async def test_a_message_that_cannot_be_read_is_told(world: SignalWorldUnderTest) -> None:

    world.standin.world.say_unreadably(world.sender)
    health = await unhealthy(world.bridge)
    assert health.code == "untrusted_identity"
    assert "maillage signal trust" in health.advice
    assert world.sink.seen == []
    await world.says("après confiance")
    await first(world.sink)
    assert (await world.bridge.health()).ok


async def test_while_the_sink_refuses_the_rest_stays_with_signal() -> None:
    world = SignalWorldUnderTest()
    await world.start()
    world.sink.failing = 10**6
    for n in range(100):
        await world.says(f"{n} " + "x" * 1900)
    await eventually(lambda: world.sink.refused > 1, "refusals")
    world.sink.failing = 0
    await eventually(lambda: len(world.sink.of(Message)) == 100, "all of them")
    texts = [message.text.split()[0] for message in world.sink.of(Message)]
    assert texts == [str(n) for n in range(100)]
    await world.stop()


async def test_a_bridge_that_only_provisions_takes_no_message(
    world: SignalWorldUnderTest,
) -> None:
    await world.bridge.stop()
    provisioner = SignalBridge(replace(world.signal._settings, receives=False))
    heard = RecordingSink()
    await provisioner.start(heard)
    await world.says("pour le service")
    await provisioner.create_group("Buralistes", "", announcement=False)
    await provisioner.stop()
    assert heard.seen == []
    await world.bridge.start(world.sink)
    await eventually(lambda: world.sink.of(Message), "the message, by the one who listens")


async def test_stopping_waits_for_what_was_handed_over() -> None:
    world = SignalWorldUnderTest()
    await world.start()
    world.sink.failing = 3
    await world.says("juste avant l'arrêt")
    await eventually(lambda: world.sink.refused, "a first refusal")
    await world.stop()
    assert [message.text for message in world.sink.of(Message)] == ["juste avant l'arrêt"]


async def test_our_aci_is_learnt_from_the_groups(world: SignalWorldUnderTest) -> None:
    people = world.standin.world
    await world.signal.create_group("Buralistes", "", announcement=False)
    await world.signal.list_groups()
    accepted = await world.bridge.send(Outgoing("k1", world.target, "Alerte A7"))
    assert isinstance(accepted, Accepted)
    people.who(people.service).hides_number = True
    people.react(world.sender, "👍", people.service, int(accepted.provider_id))
    await eventually(lambda: world.sink.of(Reacted), "the reaction")
    assert world.sink.of(Reacted)[0].target == accepted.provider_id


class Mumbling:
    """A client whose answers make no sense."""

    async def call(self, method: str, params: object) -> object:
        return {"odd": method}


async def test_a_list_that_cannot_be_read_is_not_an_empty_list() -> None:
    groups = SignalGroups(Mumbling(), Own(SERVICE))  # type: ignore[arg-type] # plays the client
    with pytest.raises(ConnectionError):
        await groups.list_groups()


class TestGroups:
    """Provisioning, and what Signal makes difficult about it."""

    async def test_a_new_group_is_closed_to_all_but_us(self, world: SignalWorldUnderTest) -> None:
        made = await world.signal.create_group("Buralistes", "La charte", announcement=True)
        circle = world.standin.world.register.circles[made]
        assert circle.permissions == {
            "permissionAddMember": "ONLY_ADMINS",
            "permissionEditDetails": "ONLY_ADMINS",
            "permissionSendMessage": "ONLY_ADMINS",
        }
        assert circle.link

    async def test_what_was_opened_by_hand_is_seen_and_sealed_again(
        self, world: SignalWorldUnderTest
    ) -> None:
        made = await world.signal.create_group("Buralistes", "", announcement=False)
        await world.signal.add(made, [world.target])
        circle = world.standin.world.register.circles[made]

        def lend_a_hand() -> None:
            circle.permissions["permissionAddMember"] = "EVERY_MEMBER"

        def make_an_admin() -> None:
            circle.admins.append(world.target)

        def stop_the_timer() -> None:
            circle.fades_after = 0

        def close_the_link() -> None:
            circle.link = None

        for tamper in (lend_a_hand, make_an_admin, stop_the_timer, close_the_link):
            tamper()
            (group,) = await world.signal.list_groups()
            assert not group.sealed, tamper.__name__
            await world.signal.change_group(made)
            (group,) = await world.signal.list_groups()
            assert group.sealed, tamper.__name__
            assert group.members == {world.target}

    async def test_who_asked_is_listed_and_let_in(self, world: SignalWorldUnderTest) -> None:
        made = await world.signal.create_group("Buralistes", "", announcement=False)
        (group,) = await world.signal.list_groups()
        world.standin.world.ask_to_join(world.target, group.link)
        (group,) = await world.signal.list_groups()
        assert group.requesting == {world.target}
        assert await world.signal.add(made, [world.target]) == []
        (group,) = await world.signal.list_groups()
        assert (group.members, group.requesting) == ({world.target}, frozenset())

    async def test_who_asked_may_be_refused(self, world: SignalWorldUnderTest) -> None:
        made = await world.signal.create_group("Buralistes", "", announcement=False)
        (group,) = await world.signal.list_groups()
        world.standin.world.ask_to_join(world.target, group.link)
        await world.signal.remove(made, [world.target])
        (group,) = await world.signal.list_groups()
        assert (group.members, group.requesting) == (frozenset(), frozenset())

    async def test_what_is_no_person_cannot_be_added(self, world: SignalWorldUnderTest) -> None:
        made = await world.signal.create_group("Buralistes", "", announcement=False)
        assert await world.signal.add(made, ["?", world.target]) == ["?"]
        assert await world.signal.add(made, ["?"]) == ["?"]

    async def test_a_group_that_fell_back_on_the_old_kind_is_left(
        self, world: SignalWorldUnderTest
    ) -> None:
        world.standin.faults.legacy_groups = True
        with pytest.raises(GroupRefused) as refusal:
            await world.signal.create_group("Buralistes", "", announcement=False)
        assert refusal.value.code == "legacy_group"
        (circle,) = world.standin.world.register.circles.values()
        assert circle.members == []
        assert await world.signal.list_groups() == []

    async def test_a_creation_that_broke_midway_is_taken_up(
        self, world: SignalWorldUnderTest
    ) -> None:
        world.standin.faults.half_made = True
        made = await world.signal.create_group("Buralistes", "Charte", announcement=True)
        (group,) = await world.signal.list_groups()
        assert (group.id, group.description, group.announcement) == (made, "Charte", True)

    async def test_a_creation_of_which_nothing_exists_may_be_tried_again(
        self, world: SignalWorldUnderTest
    ) -> None:
        world.standin.faults.no_creation = True
        with pytest.raises(ConnectionError):
            await world.signal.create_group("Buralistes", "", announcement=False)

    async def test_an_empty_title_is_refused(self, world: SignalWorldUnderTest) -> None:
        with pytest.raises(GroupRefused):
            await world.signal.create_group("", "", announcement=False)

    async def test_a_wrong_group_is_refused(self, world: SignalWorldUnderTest) -> None:
        with pytest.raises(GroupRefused) as refusal:
            await world.signal.change_group("AAAA", title="x")
        assert refusal.value.code == "invalid_group"
        with pytest.raises(GroupRefused) as refusal:
            await world.signal.remove("A" * 43 + "=", [world.target])
        assert refusal.value.code == "unknown_group"
