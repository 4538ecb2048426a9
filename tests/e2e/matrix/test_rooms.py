"""Rooms are made, read, put right and adopted on a homeserver that has the gate in it."""

import pytest
from support.matrix_rig import Rig, desired
from support.proofs import CHARTER

from appservice.domain.errors import TemporaryFailure
from appservice.domain.ids import RoomId, UserId
from appservice.domain.room import ActualRoom, Kind
from appservice.matrix.rooms import Refused

pytestmark = pytest.mark.e2e


async def look(rig: Rig, room: RoomId) -> ActualRoom:
    return (await rig.service.homeserver.snapshot([room]))[room]


async def test_a_room_is_made_as_it_is_wanted(rig: Rig) -> None:
    wanted = desired(Kind.ALERTES)
    room = await rig.service.homeserver.create(wanted)
    made = await look(rig, room)
    assert (made.name, made.topic) == (wanted.name, wanted.topic)
    assert (made.join_rule, made.history_visibility) == ("invite", "joined")
    assert (made.guest_access, made.encrypted, made.federated) == ("forbidden", True, False)
    granted = {name: made.power_levels[name] for name in wanted.power_levels}
    assert granted == dict(wanted.power_levels)
    assert made.seats[UserId(rig.settings.bot)].membership == "join"


async def test_a_creation_that_is_asked_again_adopts_the_room(rig: Rig) -> None:
    wanted = desired()
    first = await rig.service.homeserver.create(wanted)
    assert await rig.service.homeserver.create(wanted) == first


async def test_a_space_holds_its_rooms(rig: Rig) -> None:
    homeserver = rig.service.homeserver
    space, room = await rig.room(kind=Kind.SPACE), await rig.room()
    via = {"via": [rig.settings.server_name]}
    await homeserver.set_state(space, "m.space.child", room, via)
    await homeserver.set_state(room, "m.space.parent", space, {**via, "canonical": True})
    both = await homeserver.snapshot([space, room])
    assert both[space].children == {room}
    assert not both[space].encrypted
    assert both[room].parents == {space}
    await homeserver.set_state(space, "m.space.child", room, {})
    assert (await look(rig, space)).children == set()


async def test_seats_say_until_when_the_charter_holds(rig: Rig) -> None:
    marie = await rig.person()
    homeserver = rig.service.homeserver
    room = await rig.room()
    user = UserId(marie.mxid)
    proof = rig.signer.proof(room, user, 1000)
    await homeserver.invite(room, user, proof)
    invited = (await look(rig, room)).seats[user]
    assert (invited.membership, invited.until) == ("invite", proof["until"])
    await marie.join(room)
    joined = (await look(rig, room)).seats[user]
    assert (joined.membership, joined.until) == ("join", proof["until"])
    assert joined.since > invited.since

    later = rig.signer.proof(room, user, 5000)
    await homeserver.set_state(room, CHARTER, user.removeprefix("@"), later)
    assert (await look(rig, room)).seats[user].until == later["until"]
    await homeserver.set_state(room, CHARTER, user.removeprefix("@"), {})
    assert (await look(rig, room)).seats[user].until == 0


async def test_somebody_is_removed_and_removing_again_is_fine(rig: Rig) -> None:
    marie = await rig.person()
    room = await rig.room(marie)
    for _ in range(2):
        await rig.service.homeserver.remove(room, UserId(marie.mxid), "La charte est échue.")
    assert (await look(rig, room)).seats[UserId(marie.mxid)].membership == "leave"
    await rig.service.homeserver.remove(room, UserId("@inconnue:maillage.test"), "")


async def test_an_invitation_without_proof_is_refused_for_good(rig: Rig) -> None:
    marie = await rig.person()
    room = await rig.room()
    with pytest.raises(Refused, match="M_FORBIDDEN"):
        await rig.service.homeserver.invite(room, UserId(marie.mxid), {})


async def test_the_welcome_is_pinned_and_the_former_one_goes(rig: Rig) -> None:
    marie = await rig.person()
    room = await rig.room(marie)
    homeserver = rig.service.homeserver
    await homeserver.pin_welcome(room, "Bienvenue. Urgence : 17 ou 112.", "<b>Bienvenue</b>")
    first = await marie.reads("Bienvenue.")
    pinned = await look(rig, room)
    assert pinned.pinned == (first.event_id,)
    assert pinned.pinned_at > 0

    await homeserver.pin_welcome(room, "Bienvenue à tous.", "")
    second = await marie.reads("Bienvenue à tous")
    assert (await look(rig, room)).pinned == (second.event_id,)
    await marie.until(lambda: marie.seen[first.event_id].deleted or None)


async def test_what_a_member_pinned_by_hand_is_unpinned_not_deleted(rig: Rig) -> None:
    marie = await rig.person()
    room = await rig.room(marie)
    said = await marie.say(room, "Mon annonce")
    homeserver = rig.service.homeserver
    await homeserver.set_state(room, "m.room.pinned_events", "", {"pinned": [said, "$nulle", 4]})
    await homeserver.pin_welcome(room, "Accueil", "")
    seen = await marie.reads("Accueil")
    assert (await look(rig, room)).pinned == (seen.event_id,)
    assert [shown.deleted for shown in marie.timeline(room)] == [False, False]


async def test_a_room_that_is_gone_is_absent(rig: Rig) -> None:
    assert await rig.service.homeserver.snapshot([RoomId("!nulle:maillage.test")]) == {}


async def test_a_homeserver_that_is_away_is_no_room_that_is_gone(rig: Rig) -> None:
    room = await rig.room()
    unreachable = rig.elsewhere("http://127.0.0.1:9")
    await unreachable.start()
    with pytest.raises(TemporaryFailure):
        await unreachable.homeserver.snapshot([room])
    await unreachable.stop()
