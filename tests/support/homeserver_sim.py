"""A homeserver of rooms in memory: what plans are applied to in unit tests."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

from appservice.domain.errors import PermanentFailure, TemporaryFailure
from appservice.domain.ids import RoomId, UserId
from appservice.domain.room import GOVERNED, ActualRoom, DesiredRoom, Kind, Seat

_FIELDS = {
    "m.room.name": ("name", "name"),
    "m.room.topic": ("topic", "topic"),
    "m.room.join_rules": ("join_rule", "join_rule"),
    "m.room.history_visibility": ("history_visibility", "history_visibility"),
    "m.room.guest_access": ("guest_access", "guest_access"),
}


class SimulatedHomeserver:
    """Rooms as `ports.Homeserver` sees them; time goes one millisecond forward per event.

    By default it begins on 2026-11-21 at midnight UTC. Tests play people with `join`, `leave`,
    `tamper` and `put_in`, and trouble with `down` and `broken` (verbs that fail from now on).
    """

    def __init__(self, begins: int = 1_795_219_200_000) -> None:
        self.rooms: dict[RoomId, ActualRoom] = {}
        self.kinds: dict[RoomId, Kind] = {}
        self.aliases: dict[str, RoomId] = {}
        self.welcomes: dict[RoomId, str] = {}
        self.proofs: dict[tuple[RoomId, UserId], Mapping[str, object]] = {}
        self.reasons: list[tuple[RoomId, UserId, str]] = []
        self.forsaken: set[RoomId] = set()  # where the service itself is no longer
        self.writes = 0
        self.down = False
        self.broken: set[str] = set()
        self._time = itertools.count(begins)
        self._numbers = itertools.count(1)

    async def snapshot(self, rooms: Sequence[RoomId]) -> Mapping[RoomId, ActualRoom]:
        self._work("snapshot", writes=0)
        return {room: self.rooms[room] for room in rooms if room in self.rooms}

    async def create(self, room: DesiredRoom, parent: RoomId | None = None) -> RoomId:
        self._work("create")
        hung = frozenset({parent} if parent is not None else ())
        adopted = self.aliases.get(room.alias)
        if adopted in self.forsaken and self.inside(adopted):
            raise PermanentFailure("Nous ne sommes plus dans ce salon.")
        if adopted is not None and adopted not in self.forsaken:
            old = self.rooms[adopted]
            self.rooms[adopted] = replace(old, parents=old.parents | hung)
            return adopted
        room_id = RoomId(f"!room{next(self._numbers)}")
        self.aliases[room.alias] = room_id
        self.kinds[room_id] = room.key.kind
        self.rooms[room_id] = ActualRoom(
            room_id,
            room.name,
            room.topic,
            room.power_levels,
            encrypted=room.encrypted,
            parents=hung,
        )
        return room_id

    async def set_state(
        self, room: RoomId, kind: str, key: str, content: Mapping[str, object]
    ) -> None:
        self._work("set_state")
        old = self._room(room)
        if kind in _FIELDS:
            field, name = _FIELDS[kind]
            self.rooms[room] = replace(old, **{field: str(content[name])})
        elif kind == "m.room.power_levels":
            self.rooms[room] = replace(old, power_levels=content)
        elif kind == "m.room.encryption":
            self.rooms[room] = replace(old, encrypted=True)
        elif kind == "m.space.child":
            self.rooms[room] = replace(old, children=_toggled(old.children, key, content))
        elif kind == "m.space.parent":
            self.rooms[room] = replace(old, parents=_toggled(old.parents, key, content))
        elif kind == GOVERNED:
            self._prove(room, UserId(f"@{key}"), content)
        else:
            raise AssertionError(f"nobody told the simulated homeserver about {kind}")

    async def invite(self, room: RoomId, user: UserId, proof: Mapping[str, object]) -> None:
        self._work("invite")
        seat = self._room(room).seats.get(user)
        if seat is not None and seat.membership in {"join", "ban"}:
            raise PermanentFailure(f"{user} ne peut pas être invité.")
        until = proof["until"]
        assert isinstance(until, int)
        self.proofs[room, user] = proof
        self._seat(room, user, "invite", until)

    async def remove(self, room: RoomId, user: UserId, reason: str) -> None:
        self._work("remove")
        seat = self._room(room).seats.get(user)
        if seat is None or seat.membership not in {"join", "invite", "knock"}:
            return
        self.reasons.append((room, user, reason))
        self._seat(room, user, "leave", 0)

    async def pin_welcome(self, room: RoomId, text: str, html: str) -> None:
        self._work("pin_welcome")
        self.welcomes[room] = text
        now = next(self._time)
        self.rooms[room] = replace(self._room(room), pinned=(f"$pin{now}",), pinned_at=now)

    def named(self, alias: str) -> RoomId:
        """The room with that alias."""
        return self.aliases[alias]

    def inside(self, room: RoomId) -> set[UserId]:
        """Who is in, or on the doorstep."""
        seats = self.rooms[room].seats
        return {user for user, seat in seats.items() if seat.membership in {"join", "invite"}}

    def join(self, room: RoomId, user: UserId) -> None:
        """The invited person comes in; the gate keeps their proof in the join."""
        seat = self.rooms[room].seats[user]
        assert seat.membership == "invite"
        self._seat(room, user, "join", seat.until, by_self=True)

    def join_everywhere(self) -> None:
        """Everybody accepts every invitation."""
        for room_id, room in self.rooms.items():
            for user, seat in list(room.seats.items()):
                if seat.membership == "invite":
                    self.join(room_id, user)

    def leave(self, room: RoomId, user: UserId) -> None:
        """The person goes, or declines."""
        self._seat(room, user, "leave", 0, by_self=True)

    def put_in(self, room: RoomId, user: UserId, membership: str = "join") -> None:
        """An administrator of the server puts somebody in."""
        self._seat(room, user, membership, 0)

    def tamper(self, room: RoomId, **fields: object) -> None:
        """Somebody changes the room by hand."""
        self.rooms[room] = replace(self.rooms[room], **fields)  # type: ignore[arg-type] # any field

    def _seat(
        self, room: RoomId, user: UserId, membership: str, until: int, *, by_self: bool = False
    ) -> None:
        old = self._room(room)
        seat = Seat(membership, until, next(self._time), by_self)
        self.rooms[room] = replace(old, seats={**old.seats, user: seat})

    def _prove(self, room: RoomId, user: UserId, content: Mapping[str, object]) -> None:
        old = self._room(room)
        until = content.get("until", 0)
        assert isinstance(until, int)
        self.proofs[room, user] = content
        if user in old.seats:
            seat = replace(old.seats[user], until=until)
            self.rooms[room] = replace(old, seats={**old.seats, user: seat})

    def _room(self, room: RoomId) -> ActualRoom:
        if room not in self.rooms:
            raise PermanentFailure(f"La salle {room} n'existe pas.")
        return self.rooms[room]

    def _work(self, verb: str, writes: int = 1) -> None:
        if self.down or verb in self.broken:
            raise TemporaryFailure("Le serveur de discussion ne répond pas.")
        self.writes += writes


def _toggled(
    rooms: frozenset[RoomId], key: str, content: Mapping[str, object]
) -> frozenset[RoomId]:
    return rooms | {RoomId(key)} if content.get("via") else rooms - {RoomId(key)}
