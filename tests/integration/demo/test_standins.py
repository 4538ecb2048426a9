"""The stand-ins' phones: what they show, and what they keep from one start to the next."""

from pathlib import Path

import pytest
from support.bridge_worlds import SignalWorldUnderTest, SmsWorld, eventually

from appservice.demo.phone import SayRefused
from appservice.demo.standins.phones import BasicPhone, SignalPhone
from bridges.protocol import Accepted, Action, Attachment, Message, Outgoing

PHOTO = Attachment("image/jpeg", b"\xff\xd8\xff\xd9", "rue.jpg")


async def test_a_signal_phone_shows_edits_deletions_photos_and_reactions() -> None:
    world = SignalWorldUnderTest()
    await world.start()
    phone = SignalPhone(world.standin.world, world.target, "Paul — Tabac du Centre")
    sent = await world.bridge.send(Outgoing("k1", world.target, "Trois personnes"))
    assert isinstance(sent, Accepted)
    edit = Outgoing("k2", world.target, "Deux", action=Action.EDIT, acts_on=sent.provider_id)
    await world.bridge.send(edit)
    gone = await world.bridge.send(Outgoing("k3", world.target, "Erreur"))
    assert isinstance(gone, Accepted)
    delete = Outgoing("k4", world.target, "", action=Action.DELETE, acts_on=gone.provider_id)
    await world.bridge.send(delete)
    await phone.say("prive", "voici", PHOTO)
    await eventually(lambda: world.sink.of(Message), "the report")
    key = world.sink.of(Message)[0].key
    await world.bridge.send(Outgoing("k5", world.target, "👀", action=Action.REACT, acts_on=key))
    first, second, third = phone.messages()
    assert (first.author, first.text, first.edited) == ("Maillage", "Deux", True)
    assert second.deleted
    assert (third.mine, third.has_photo, third.reactions) == (True, True, ("👀",))
    assert await phone.photo(third.id) == PHOTO
    assert await phone.photo(first.id) is None
    assert len({bubble.id for bubble in phone.messages()}) == 3
    await world.stop()


async def test_in_an_announcement_group_a_phone_only_reads() -> None:
    world = SignalWorldUnderTest()
    await world.start()
    phone = SignalPhone(world.standin.world, world.target, "Paul")
    made = await world.signal.create_group("Alertes", "", announcement=True)
    assert [thread.id for thread in phone.threads()] == ["prive"]
    await world.signal.add(made, [world.target])
    private, alerts = phone.threads()
    assert (private.writable, alerts.title, alerts.writable) == (True, "Alertes", False)
    with pytest.raises(SayRefused):
        await phone.say(made, "je réponds")
    await world.stop()


async def test_a_basic_phone_shows_what_each_text_cost() -> None:
    world = SmsWorld()
    await world.start()
    phone = BasicPhone(world.standin, world.target, "Ahmed")
    await world.bridge.send(Outgoing("k1", world.target, "Vol"))
    await world.bridge.send(Outgoing("k2", world.target, "Être " + "a" * 70))
    await phone.say("prive", "Bien reçu")
    await eventually(lambda: world.sink.of(Message), "the answer")
    first, second, third = phone.messages()
    assert (first.author, first.text, first.remark) == ("MANTES", "Vol", "1 SMS")
    assert second.remark == "2 SMS, alphabet étendu"
    assert (third.mine, third.remark) == (True, "")
    with pytest.raises(SayRefused):
        await phone.say("prive", "", PHOTO)
    await world.stop()


async def test_phones_show_the_same_after_a_restart(tmp_path: Path) -> None:
    signal, sms = tmp_path / "signal.json", tmp_path / "sms.json"
    one = SignalWorldUnderTest(signal)
    await one.start()
    group = await one.signal.create_group("Alertes", "", announcement=True)
    await one.signal.add(group, [one.target])
    sent = await one.bridge.send(Outgoing("k1", group, "ALERTE A7", to_group=True))
    one.standin.world.say(one.sender, "photo", attachment=PHOTO)
    await eventually(lambda: one.sink.of(Message), "the message")
    before = list(one.standin.world.inbox(one.target))
    await one.stop()
    one.standin.world.say(one.sender, "pendant l'arrêt")

    two = SignalWorldUnderTest(signal)
    await two.start()
    assert two.target == one.target
    assert list(two.standin.world.inbox(two.target))[:-1] == before
    await eventually(lambda: two.sink.of(Message), "what waited")
    assert two.sink.of(Message)[-1].text == "pendant l'arrêt"
    again = await two.bridge.send(Outgoing("k2", group, "ALERTE A8", to_group=True))
    assert isinstance(sent, Accepted)
    assert isinstance(again, Accepted)
    assert int(again.provider_id) > int(sent.provider_id)
    await two.stop()

    three = SmsWorld(sms)
    await three.start()
    await three.bridge.send(Outgoing("k1", three.target, "Vol"))
    await three.stop()
    four = SmsWorld(sms)
    await four.start()
    assert four.shown(four.target) == ["Vol"]
    await four.stop()


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"people": {"x": {"nonsense": 1}}}'])
async def test_a_damaged_file_does_not_prevent_a_start(tmp_path: Path, damaged: str) -> None:
    (tmp_path / "signal.json").write_text(damaged)
    (tmp_path / "sms.json").write_text(damaged.replace("people", "texts"))
    signal, sms = SignalWorldUnderTest(tmp_path / "signal.json"), SmsWorld(tmp_path / "sms.json")
    await signal.start()
    await sms.start()
    assert isinstance(await signal.bridge.send(Outgoing("k", signal.target, "x")), Accepted)
    assert isinstance(await sms.bridge.send(Outgoing("k", sms.target, "x")), Accepted)
    await sms.stop()
    await signal.stop()
