"""A country planned one territory after the other is planned as if it were held at once."""

from collections.abc import Mapping
from dataclasses import replace

from support.land import BRETAGNE, MANTES, NOW, YVELINES, merchant, officer, shipped_world, signed

from appservice.bench.country import settled
from appservice.domain.ids import RoomId, UserId
from appservice.domain.membership import (
    desired,
    desired_by_territory,
    desired_guichet,
    in_order,
    plan,
)
from appservice.domain.membership.people_steps import Remove
from appservice.domain.room import ActualRoom, Seat
from appservice.flows.membership import _not_others
from bridges.protocol import Group

PEOPLE = [
    merchant("tanguy"),
    merchant("brient", channels="matrix signal"),
    merchant("aurore", commune=MANTES, trades="bijoutiers", territory=YVELINES),
    officer("kerboul"),
]
SIGNATURES = {person.id: signed(person) for person in PEOPLE}


def test_parts_hold_the_rooms_of_the_whole() -> None:
    whole = desired(shipped_world(), PEOPLE, SIGNATURES, NOW)
    parts = list(desired_by_territory(shipped_world(), PEOPLE, SIGNATURES, NOW))
    assert {key: room for part in parts for key, room in part.rooms.items()} == whole.rooms
    assert frozenset().union(*(part.territories for part in parts)) == whole.territories
    assert [part.rights for part in parts] == [whole.rights] * 2
    for part in parts:
        assert {key.territory for key in part.rooms} == part.territories


def test_steps_of_the_parts_are_the_steps_of_the_whole() -> None:
    whole = desired(shipped_world(), PEOPLE, SIGNATURES, NOW)
    parts = desired_by_territory(shipped_world(), PEOPLE, SIGNATURES, NOW)
    steps = in_order(step for part in parts for step in plan(part, (), {}, ()))
    assert steps == plan(whole, (), {}, ())
    assert [step.phase for step in steps] == sorted(step.phase for step in steps)


def test_who_sits_in_another_territory_is_removed_with_a_reason() -> None:
    whole = desired(shipped_world(), PEOPLE, SIGNATURES, NOW)
    known, actual = settled(whole.rooms, NOW)
    key = next(key for key in whole.rooms if key.territory == YVELINES)
    room = next(entry.room_id for entry in known if entry.key == key)
    lost: Mapping[RoomId, ActualRoom] = {
        **actual,
        room: _with(actual[room], UserId("@tanguy:maillage.test")),
    }
    steps = [
        step
        for part in desired_by_territory(shipped_world(), PEOPLE, SIGNATURES, NOW)
        for step in plan(
            part, [k for k in known if k.key.territory in part.territories], lost, None
        )
    ]
    assert steps == [
        Remove(key, whole.rooms[key].name, UserId("@tanguy:maillage.test"), "elsewhere")
    ]


def test_a_group_that_another_territory_registered_is_nobody_elses_to_adopt() -> None:
    whole = desired(shipped_world(), PEOPLE, SIGNATURES, NOW)
    known, _ = settled(whole.rooms, NOW)
    mine = next(room for room in known if room.key.territory == BRETAGNE)
    group = Group("g1", "Titre", "", frozenset(), frozenset(), frozenset(), True)
    free = Group("g2", "Titre", "", frozenset(), frozenset(), frozenset(), True)
    registered = [type(mine)(mine.key, mine.room_id, "g1")]
    assert _not_others([group, free], registered, frozenset({YVELINES})) == [free]
    assert _not_others([group, free], registered, frozenset({BRETAGNE})) == [group, free]
    assert _not_others(None, registered, frozenset({BRETAGNE})) is None


def _with(room: ActualRoom, stranger: UserId) -> ActualRoom:
    fields = {name: getattr(room, name) for name in room.__slots__}
    seats = {**room.seats, stranger: Seat("join", 0, 0)}
    return ActualRoom(**{**fields, "seats": seats})


def test_where_the_checklist_is_incomplete_nothing_is_made_and_people_still_leave() -> None:
    world = shipped_world()
    shut = replace(world.territories[YVELINES], gaps=("dpo",))
    partly = replace(world, territories={**world.territories, YVELINES: shut})
    wanted = desired(partly, PEOPLE, SIGNATURES, NOW)
    steps = plan(wanted, (), {}, ())
    assert {step.key.territory for step in steps} == {BRETAGNE}
    whole = desired(world, PEOPLE, SIGNATURES, NOW)
    known, actual = settled(whole.rooms, NOW)
    assert plan(wanted, known, actual, None) == ()
    gone = {k: s for k, s in SIGNATURES.items() if k != "aurore"}
    steps = plan(desired(partly, PEOPLE, gone, NOW), known, actual, None)
    assert steps
    assert {type(step) for step in steps} == {Remove}
    aurore = PEOPLE[2]
    assert desired_guichet(partly, aurore, SIGNATURES[aurore.id], NOW).rooms == {}
    assert desired_guichet(world, aurore, SIGNATURES[aurore.id], NOW).rooms != {}
