"""A room's state is read with suspicion, and seats as the gate counts them."""

from typing import Any

import pytest

from appservice.domain.ids import RoomId, UserId
from appservice.domain.room import GOVERNED, ActualRoom, Seat
from appservice.matrix.room_state import index, read_room

ROOM = RoomId("!r:s")
MARIE = UserId("@marie:s")


def state(kind: str, content: object, key: str = "", at: object = 1) -> dict[str, Any]:
    return {"type": kind, "state_key": key, "content": content, "origin_server_ts": at}


def read(*events: object) -> ActualRoom:
    return read_room(ROOM, index(events))


def proof(until: object) -> dict[str, object]:
    return {"version": "1", "until": until, "sig": "x"}


@pytest.mark.parametrize(
    ("carried", "renewal", "until"),
    [
        (None, None, 0),
        (proof(10), None, 10),
        (proof(10), proof(20), 20),
        (proof(30), proof(20), 30),
        (proof(30), {}, 0),
        (None, proof(20), 20),
        (proof("demain"), None, 0),
        (proof(True), None, 0),
        (proof(-5), None, 0),
        (["junk"], None, 0),
    ],
)
def test_the_end_of_a_seat(carried: object, renewal: object, until: int) -> None:
    content = {"membership": "join"} | ({GOVERNED: carried} if carried is not None else {})
    events = [state("m.room.member", content, MARIE, 7)]
    if renewal is not None:
        events.append(state(GOVERNED, renewal, "marie:s"))
    assert read(*events).seats == {MARIE: Seat("join", until, 7)}


def test_an_empty_room_is_what_matrix_says_it_is() -> None:
    assert read() == ActualRoom(ROOM, history_visibility="shared", encrypted=False, federated=True)


def test_junk_is_no_state() -> None:
    room = read(
        None,
        {"type": "m.room.name"},
        state("m.room.name", {"name": ["x"]}),
        state("m.room.topic", "text"),
        state("m.room.pinned_events", {"pinned": ["$a", 4, None]}, at="hier"),
        state("m.space.child", {}, "!gone:s"),
        state("m.space.child", {"via": ["s"]}, "!there:s"),
        state("m.room.member", {"membership": 4}, MARIE),
        state("m.room.member", {"membership": "join"}, "nobody"),
        state("m.room.encryption", {"algorithm": "rot13"}),
    )
    assert (room.name, room.topic, room.pinned, room.pinned_at) == ("", "", ("$a",), 0)
    assert room.children == {RoomId("!there:s")}
    assert room.seats == {MARIE: Seat("leave", 0, 1)}
    assert not room.encrypted
