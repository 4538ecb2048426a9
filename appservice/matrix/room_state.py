"""What a room's state says, read with suspicion: by hand, anybody may have written anything."""

from collections.abc import Iterable, Mapping
from typing import Any

from appservice.domain.ids import RoomId, UserId
from appservice.domain.room import GOVERNED, ActualRoom, Seat

State = Mapping[tuple[str, str], Mapping[str, Any]]  # (type, state key) → event


def index(events: Iterable[object]) -> State:
    """Sound state events by type and key."""
    return {
        (event["type"], event["state_key"]): event
        for event in events
        if isinstance(event, Mapping)
        and isinstance(event.get("type"), str)
        and isinstance(event.get("state_key"), str)
        and isinstance(event.get("content"), Mapping)
    }


def read_room(room: RoomId, state: State) -> ActualRoom:
    """The room as the plan compares it. What is missing has the value that Matrix gives it."""
    pinned = state.get(("m.room.pinned_events", ""))
    encryption = _field(state, "m.room.encryption", "algorithm")
    return ActualRoom(
        room_id=room,
        name=_text(state, "m.room.name", "name"),
        topic=_text(state, "m.room.topic", "topic"),
        power_levels=dict(_content(state, "m.room.power_levels")),
        join_rule=_text(state, "m.room.join_rules", "join_rule", "invite"),
        history_visibility=_text(
            state, "m.room.history_visibility", "history_visibility", "shared"
        ),
        guest_access=_text(state, "m.room.guest_access", "guest_access", "forbidden"),
        encrypted=encryption == "m.megolm.v1.aes-sha2",
        federated=_field(state, "m.room.create", "m.federate") is not False,
        children=_linked(state, "m.space.child"),
        parents=_linked(state, "m.space.parent"),
        pinned=tuple(_texts(pinned["content"].get("pinned")) if pinned else ()),
        pinned_at=_time(pinned),
        seats={
            UserId(user): _seat(event, state)
            for (kind, user), event in state.items()
            if kind == "m.room.member" and user.startswith("@")
        },
    )


def _seat(event: Mapping[str, Any], state: State) -> Seat:
    """As the gate counts: a renewal without signature revokes, else the later of the two ends."""
    membership = event["content"].get("membership")
    until = _until(event["content"].get(GOVERNED))
    renewal = state.get((GOVERNED, event["state_key"].removeprefix("@")))
    if renewal is not None:
        content = renewal["content"]
        until = max(until, _until(content)) if "sig" in content else 0
    return Seat(
        membership if isinstance(membership, str) else "leave",
        until,
        _time(event),
        by_self=event.get("sender") == event["state_key"],
    )


def _until(proof: object) -> int:
    until = proof.get("until") if isinstance(proof, Mapping) else None
    return until if type(until) is int and until > 0 else 0


def _linked(state: State, kind: str) -> frozenset[RoomId]:
    # A link without servers to ask is no link (Matrix spec, Spaces).
    return frozenset(
        RoomId(key)
        for (found, key), event in state.items()
        if found == kind and isinstance(event["content"].get("via"), list)
    )


def _content(state: State, kind: str) -> Mapping[str, Any]:
    event = state.get((kind, ""))
    return event["content"] if event is not None else {}


def _field(state: State, kind: str, name: str) -> object:
    return _content(state, kind).get(name)


def _text(state: State, kind: str, name: str, default: str = "") -> str:
    value = _field(state, kind, name)
    return value if isinstance(value, str) else default


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _time(event: Mapping[str, Any] | None) -> int:
    at = event.get("origin_server_ts") if event is not None else None
    return at if type(at) is int else 0
