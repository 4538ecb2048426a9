"""What every homeserver of rooms promises to plans."""

import asyncio

import pytest
from support.houses import House
from support.matrix_rig import desired

from appservice.domain.errors import PermanentFailure
from appservice.domain.ids import RoomId, UserId
from appservice.domain.room import GOVERNED, ActualRoom, Kind


async def look(house: House, room: RoomId) -> ActualRoom:
    return (await house.homeserver.snapshot([room]))[room]


async def test_a_room_is_made_as_it_is_wanted(house):
    wanted = desired(Kind.ALERTES)
    made = await look(house, await house.homeserver.create(wanted))
    assert (made.name, made.topic, made.encrypted) == (wanted.name, wanted.topic, True)
    assert (made.join_rule, made.history_visibility) == ("invite", "joined")
    assert (made.guest_access, made.federated) == ("forbidden", False)
    assert {k: made.power_levels[k] for k in wanted.power_levels} == dict(wanted.power_levels)
    assert (made.children, made.parents, made.pinned) == (frozenset(), frozenset(), ())


async def test_a_creation_asked_again_adopts_the_room(house):
    wanted = desired()
    assert await house.homeserver.create(wanted) == await house.homeserver.create(wanted)


async def test_who_create_it_at_once_have_the_same_room(house):
    wanted = desired()
    rooms = await asyncio.gather(*(house.homeserver.create(wanted) for _ in range(4)))
    assert len(set(rooms)) == 1


async def test_a_room_where_nobody_ever_was_is_made_anew(house):
    """What a Synapse leaves that was stopped between the alias of a room and its members."""
    wanted = desired(Kind.ALERTES)
    unfinished = await house.homeserver.create(wanted)
    await house.forsake(unfinished)
    made = await house.homeserver.create(wanted)
    assert made != unfinished
    assert (await look(house, made)).name == wanted.name
    assert await house.homeserver.create(wanted) == made


async def test_a_room_where_others_still_are_is_not_made_twice(house):
    wanted = desired()
    room = await house.homeserver.create(wanted)
    user = await house.person()
    await house.homeserver.invite(room, user, house.proof(room, user, 3600))
    await house.join(room, user)
    await house.forsake(room)
    with pytest.raises(PermanentFailure):
        await house.homeserver.create(wanted)


async def test_a_room_names_its_space_from_the_start_made_or_adopted(house):
    space = await house.homeserver.create(desired(Kind.SPACE))
    room = await house.homeserver.create(desired(), space)
    assert (await look(house, room)).parents == {space}
    left_halfway = desired()
    adopted = await house.homeserver.create(left_halfway)
    assert not (await look(house, adopted)).parents
    assert await house.homeserver.create(left_halfway, space) == adopted
    assert (await look(house, adopted)).parents == {space}


async def test_a_room_that_is_not_there_is_absent(house):
    room = await house.homeserver.create(desired())
    nowhere = RoomId("!nulle-part:maillage.test")
    assert set(await house.homeserver.snapshot([room, nowhere])) == {room}


@pytest.mark.parametrize(
    ("kind", "content", "field", "value"),
    [
        ("m.room.name", {"name": "Café"}, "name", "Café"),
        ("m.room.topic", {"topic": "Rien"}, "topic", "Rien"),
    ],
)
async def test_state_that_is_written_is_seen(house, kind, content, field, value):
    room = await house.homeserver.create(desired())
    await house.homeserver.set_state(room, kind, "", content)
    assert getattr(await look(house, room), field) == value


async def test_powers_that_are_written_are_seen(house):
    room = await house.homeserver.create(desired())
    user = await house.person()
    powers = {**(await look(house, room)).power_levels, "users": {user: 50}}
    await house.homeserver.set_state(room, "m.room.power_levels", "", powers)
    assert (await look(house, room)).power_levels == powers


async def test_links_come_and_go_on_both_sides(house):
    space = await house.homeserver.create(desired(Kind.SPACE))
    room = await house.homeserver.create(desired())
    via = {"via": [house.ourselves.server_name]}
    await house.homeserver.set_state(space, "m.space.child", room, via)
    await house.homeserver.set_state(room, "m.space.parent", space, via)
    both = await house.homeserver.snapshot([space, room])
    assert (both[space].children, both[room].parents) == ({room}, {space})
    assert not both[space].encrypted
    await house.homeserver.set_state(space, "m.space.child", room, {})
    await house.homeserver.set_state(room, "m.space.parent", space, {})
    both = await house.homeserver.snapshot([space, room])
    assert not both[space].children | both[room].parents


async def test_a_seat_says_until_when_and_keeps_the_later_proof(house):
    room, user = await house.homeserver.create(desired()), await house.person()
    first, second = house.proof(room, user, 1000), house.proof(room, user, 5000)
    await house.homeserver.invite(room, user, first)
    invited = (await look(house, room)).seats[user]
    assert (invited.membership, invited.until) == ("invite", first["until"])
    await house.join(room, user)
    joined = (await look(house, room)).seats[user]
    assert (joined.membership, joined.until) == ("join", first["until"])
    assert joined.since >= invited.since
    assert joined.by_self
    await house.homeserver.set_state(room, GOVERNED, user.removeprefix("@"), second)
    assert (await look(house, room)).seats[user].until == second["until"]
    await house.homeserver.set_state(room, GOVERNED, user.removeprefix("@"), {})
    assert (await look(house, room)).seats[user].until == 0


async def test_who_left_is_told_from_who_was_sent_away(house):
    room = await house.homeserver.create(desired())
    gone, sent = await house.person(), await house.person()
    for user in (gone, sent):
        await house.homeserver.invite(room, user, house.proof(room, user, 1000))
        await house.join(room, user)
    await house.leave(room, gone)
    await house.homeserver.remove(room, sent, "La charte est échue.")
    seats = (await look(house, room)).seats
    assert [(seats[u].membership, seats[u].by_self) for u in (gone, sent)] == [
        ("leave", True),
        ("leave", False),
    ]


async def test_an_invitation_that_is_taken_back_is_no_seat(house):
    room, user = await house.homeserver.create(desired()), await house.person()
    await house.homeserver.invite(room, user, house.proof(room, user, 1000))
    await house.homeserver.remove(room, user, "")
    assert (await look(house, room)).seats[user].membership == "leave"


async def test_removing_who_is_not_there_is_done_already(house):
    room = await house.homeserver.create(desired())
    await house.homeserver.remove(room, UserId("@inconnue:maillage.test"), "")


async def test_who_is_in_cannot_be_invited(house):
    room, user = await house.homeserver.create(desired()), await house.person()
    await house.homeserver.invite(room, user, house.proof(room, user, 1000))
    await house.join(room, user)
    with pytest.raises(PermanentFailure):
        await house.homeserver.invite(room, user, house.proof(room, user, 1000))


async def test_the_welcome_is_pinned_later_than_who_was_there_joined(house):
    room, user = await house.homeserver.create(desired()), await house.person()
    await house.homeserver.invite(room, user, house.proof(room, user, 1000))
    await house.join(room, user)
    await house.homeserver.pin_welcome(room, "Bienvenue.", "<p>Bienvenue.</p>")
    first = await look(house, room)
    await house.homeserver.pin_welcome(room, "Bienvenue à tous.", "")
    second = await look(house, room)
    assert len(first.pinned) == len(second.pinned) == 1
    assert first.pinned != second.pinned
    assert second.pinned_at >= first.pinned_at >= first.seats[user].since
