"""Who is given the key of a room: the devices of those who joined, all of them, nobody else."""

from datetime import timedelta

import asyncpg
import pytest
from support.matrix_rig import Rig, utc_now

from appservice.demo.element import Element

pytestmark = pytest.mark.e2e


async def test_an_invitation_opens_nothing(rig: Rig) -> None:
    marie, paul = await rig.person(), await rig.person("paul")
    room = await rig.room(marie)
    await rig.invite(room, paul.mxid)
    await paul.until(lambda: room in paul.invitations or None)
    await rig.post(room, "Entre membres")
    await marie.reads("Entre membres")
    # A message to his device, sent after, has come: nothing that was sent before is on its way.
    other = await rig.room(paul)
    await rig.post(other, "Repère")
    await paul.reads("Repère")
    assert paul.keys_of(room) == set()


async def test_the_key_is_there_before_anything_is_published(rig: Rig) -> None:
    marie = await rig.person()
    room = await rig.room(marie)
    await marie.until(lambda: marie.keys_of(room) or None)
    (key,) = marie.keys_of(room)
    await rig.post(room, "Tiède")
    await marie.reads("Tiède")
    assert marie.keys_of(room) == {key}


async def test_who_joins_later_reads_what_follows_and_nothing_before(rig: Rig) -> None:
    marie, paul = await rig.person(), await rig.person("paul")
    room = await rig.room(marie)
    await rig.post(room, "Avant Paul")
    await rig.admit(room, paul)
    await rig.post(room, "Avec Paul")
    await paul.reads("Avec Paul")
    assert [seen.text for seen in paul.timeline(room)] == ["Avec Paul"]


async def test_who_leaves_holds_no_key_of_what_follows(rig: Rig) -> None:
    marie, paul = await rig.person(), await rig.person("paul")
    room = await rig.room(marie, paul)
    await rig.post(room, "Tous les deux")
    await paul.reads("Tous les deux")
    before = paul.keys_of(room)
    await rig.service.homeserver.remove(room, paul.mxid, "La charte est échue.")
    await rig.post(room, "Sans Paul")
    await marie.reads("Sans Paul")
    assert paul.keys_of(room) == before
    assert marie.keys_of(room) - before


async def test_a_key_that_comes_after_its_message_opens_it(rig: Rig) -> None:
    """Synapse gives a device a hundred messages a sync: what was queued before goes first."""
    marie, paul = await rig.person(), await rig.person("paul")
    room = await rig.room(marie, paul)
    back = marie.away()
    for _ in range(110):
        await paul.tell_device(marie.account, "m.dummy", {})
    await rig.service.homeserver.remove(room, paul.mxid, "La charte est échue.")
    await rig.post(room, "Sous une clé neuve")
    back.set()
    assert (await marie.reads("Sous une clé neuve")).readable


async def test_a_new_device_that_its_owner_vouches_for_reads_on(rig: Rig) -> None:
    marie = await rig.person()
    room = await rig.room(marie)
    await rig.post(room, "Premier appareil")
    second = await _second_device(rig, marie, signed=True)
    # Shared in the background as soon as the homeserver tells of the device.
    await second.until(lambda: second.keys_of(room) or None)
    await rig.post(room, "Second appareil")
    assert (await second.reads("Second appareil")).readable


async def test_a_device_that_nobody_vouches_for_gets_no_key_and_is_not_trusted(rig: Rig) -> None:
    marie = await rig.person()
    room = await rig.room(marie)
    await rig.post(room, "Premier appareil")
    second = await _second_device(rig, marie, signed=False)
    posted = await rig.post(room, "Appareil non signé")
    await marie.reads("Appareil non signé")
    shown = await second.until(lambda: second.seen.get(posted.provider_id))
    assert not shown.readable
    # Element says why, once it is told: by a message to its device, which may come later.
    assert await second.until(lambda: second.refused or None) == {room}
    assert marie.refused == set()
    await second.say(room, "Je contourne")
    assert not (await rig.hears("Je contourne")).verified


async def test_our_own_messages_can_be_opened_with_nothing_that_is_stored(rig: Rig) -> None:
    marie = await rig.person()
    room = await rig.room(marie)
    await rig.post(room, "Sans copie")
    await marie.reads("Sans copie")
    assert await _stored_keys(rig, room) == 0


async def _second_device(rig: Rig, person: Element, *, signed: bool) -> Element:
    localpart = person.mxid[1:].partition(":")[0]
    account = await rig.homeserver.login(localpart, "motdepasse")
    second = Element(rig.homeserver.url, account, rig.folder / account.device_id)
    rig.people.append(second)
    await second.start(signed=False)
    if signed:
        await person.vouch_for(account.device_id)
    return second


async def test_keys_of_long_ago_are_forgotten(rig: Rig) -> None:
    marie = await rig.person()
    room = await rig.room(marie)
    await marie.say(room, "Bientôt oublié")
    await rig.hears("Bientôt oublié")
    keys = rig.service.channel.post.machine.keys
    now = utc_now()
    await keys.forget_old(now - timedelta(days=1))
    assert await _stored_keys(rig, room) == 1
    await keys.forget_old(now + timedelta(days=1))
    assert await _stored_keys(rig, room) == 0


async def _stored_keys(rig: Rig, room: str) -> int:
    database = await asyncpg.connect(rig.settings.database)
    query = "SELECT count(*) FROM crypto_megolm_inbound_session WHERE room_id = $1"
    count: int = await database.fetchval(query, room)
    await database.close()
    return count
