"""Rooms made, read and put right: the homeserver as `flows.ports.Homeserver` wants it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from appservice.domain.errors import PermanentFailure, TemporaryFailure
from appservice.domain.ids import RoomId, UserId
from appservice.domain.room import GOVERNED, ActualRoom, DesiredRoom, Kind
from appservice.matrix.api import Api, Json, MatrixError, Unreachable, segment
from appservice.matrix.crypto.store import DATABASE_FAILURES
from appservice.matrix.posts import NotEncrypted, Post, text_content
from appservice.matrix.room_state import index, read_room

log = logging.getLogger(__name__)

AT_ONCE = 8  # requests under way
PARENT = "m.space.parent"
ADOPTIONS, BETWEEN = 10, 0.3  # looks at a room that somebody else is making, seconds apart

StateEvent = tuple[str, str, Json]
"""A state event of a room: its type, its key, its content."""


class Refused(PermanentFailure):
    """Le serveur Matrix refuse cette opération."""

    def __init__(self, errcode: str) -> None:
        super().__init__(f"Le serveur Matrix refuse cette opération ({errcode}).")
        self.errcode = errcode


def no_voice() -> Post:
    """For a process that may change rooms and not speak in them."""
    raise Unreachable("only the service speaks")


class Rooms:
    """Verbs of provisioning. Raises TemporaryFailure, or Refused with Matrix's own code."""

    def __init__(self, api: Api, server_name: str, post: Callable[[], Post]) -> None:
        self._api = api
        self._server_name = server_name
        self._post = post
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def snapshot(self, rooms: Sequence[RoomId]) -> Mapping[RoomId, ActualRoom]:
        found = await asyncio.gather(*(self._look(room) for room in rooms))
        return {room.room_id: room for room in found if room is not None}

    async def create(self, room: DesiredRoom, parent: RoomId | None = None) -> RoomId:
        upwards = {"via": [self._server_name], "canonical": True}
        links = [(PARENT, parent, upwards)] if parent is not None else []
        async with _failures():
            try:
                return await self._make(room, links)
            except MatrixError as refusal:
                # 409: somebody else made it between Synapse's look at the alias and its write.
                if refusal.errcode != "M_ROOM_IN_USE" and refusal.status != 409:
                    raise
            adopted = await self._adopted(room.alias)
            if adopted is None:
                return await self._make(room, links)
            for link in links:
                await self._put_state(adopted, *link)
            return adopted

    async def _make(self, room: DesiredRoom, links: Sequence[StateEvent]) -> RoomId:
        answer = await self._api.call("POST", "/createRoom", _wish(room, links))
        return RoomId(str(answer["room_id"]))

    async def set_state(
        self, room: RoomId, kind: str, key: str, content: Mapping[str, object]
    ) -> None:
        async with _failures():
            await self._put_state(room, kind, key, content)

    async def invite(self, room: RoomId, user: UserId, proof: Mapping[str, object]) -> None:
        # POST /invite would drop the proof: the event is written as it must be.
        content = {"membership": "invite", GOVERNED: dict(proof)}
        async with _failures():
            await self._put_state(room, "m.room.member", user, content)

    async def remove(self, room: RoomId, user: UserId, reason: str) -> None:
        async with _failures():
            try:
                path = f"/rooms/{segment(room)}/kick"
                await self._api.call("POST", path, {"user_id": user, "reason": reason})
            except MatrixError as refusal:
                if refusal.status != 403 or await self._sits(room, user):
                    raise

    async def pin_welcome(self, room: RoomId, text: str, html: str) -> None:
        async with _failures():
            former = await self._pinned(room)
            # Said after what it replaces: a crash half-way says it once more, never twice.
            key = "\n".join(("welcome", room, text, html, *former))
            event = await self._post().say(room, text_content(text, html, notice=True), key)
            await self._put_state(room, "m.room.pinned_events", "", {"pinned": [event]})
            for old in former:
                if old != event:
                    await self._redact_own(room, old)

    async def _look(self, room: RoomId) -> ActualRoom | None:
        async with self._turns, _failures():
            path = f"/rooms/{segment(room)}/state"
            try:
                async with self._api.open("GET", path) as answer:
                    events = await answer.response.json()
            except MatrixError as refusal:
                if refusal.status in (403, 404):
                    return None  # gone, or we are no longer in it
                raise
        return read_room(room, index(events if isinstance(events, list) else ()))

    async def _adopted(self, alias: str) -> RoomId | None:
        """None once the alias is free again.

        Whoever creates the room beside us (a command, the service) may not have ended yet. A
        Synapse that was stopped while it did leaves the alias to a room where nobody is.
        """
        full = f"#{alias}:{self._server_name}"
        for look in range(ADOPTIONS):
            if look:
                await asyncio.sleep(BETWEEN)
            if (room := await self._ours(full)) is not None:
                log.info("%s is adopted by its alias", room)
                return room
        room = await self._entered(full)
        if room is None:
            log.warning("the room of %s was never finished: it is made anew", full)
            await self._api.call("DELETE", f"/directory/room/{segment(full)}")
        return room

    async def _ours(self, full: str) -> RoomId | None:
        """The room that a creation killed half-way left, or that an older register knew."""
        bot = segment(self._api.user_id)
        try:
            room = await self._named(full)
            seat = await self._api.call("GET", f"/rooms/{segment(room)}/state/m.room.member/{bot}")
        except MatrixError as refusal:
            if refusal.status in (403, 404):
                return None
            raise
        return room if seat.get("membership") == "join" else None

    async def _entered(self, full: str) -> RoomId | None:
        """None where nobody is: Synapse, with nobody to ask to let us in, says 404. Raises where
        somebody is who did not invite us: that room is not ours to adopt, nor to forsake."""
        room = await self._named(full)
        try:
            await self._api.call("POST", f"/rooms/{segment(room)}/join", {})
        except MatrixError as refusal:
            if refusal.status == 404:
                return None
            raise
        return room

    async def _named(self, full: str) -> RoomId:
        answer = await self._api.call("GET", f"/directory/room/{segment(full)}")
        return RoomId(str(answer["room_id"]))

    async def _put_state(
        self, room: RoomId, kind: str, key: str, content: Mapping[str, object]
    ) -> None:
        path = f"/rooms/{segment(room)}/state/{segment(kind)}/{segment(key)}"
        await self._api.call("PUT", path, content)

    async def _state(self, room: RoomId, kind: str, key: str = "") -> Json:
        path = f"/rooms/{segment(room)}/state/{segment(kind)}/{segment(key)}"
        try:
            return await self._api.call("GET", path)
        except MatrixError as refusal:
            if refusal.status == 404:
                return {}
            raise

    async def _sits(self, room: RoomId, user: UserId) -> bool:
        membership = (await self._state(room, "m.room.member", user)).get("membership")
        return membership in ("join", "invite", "knock")

    async def _pinned(self, room: RoomId) -> list[str]:
        pinned = (await self._state(room, "m.room.pinned_events")).get("pinned")
        return [event for event in pinned if type(event) is str] if type(pinned) is list else []

    async def _redact_own(self, room: RoomId, event: str) -> None:
        """Somebody may have pinned a member's message by hand: that one is only unpinned."""
        try:
            known = await self._api.call("GET", f"/rooms/{segment(room)}/event/{segment(event)}")
        except MatrixError as refusal:
            if refusal.status in (403, 404):
                return
            raise
        if known.get("sender") == self._api.user_id:
            await self._post().redact(room, event, f"unwelcome/{event}")


def _wish(room: DesiredRoom, links: Sequence[StateEvent]) -> Json:
    """The body of a createRoom (Matrix spec, Client-Server API, Creation)."""
    creation: Json = {"m.federate": False, GOVERNED: {"room": str(room.key)}}
    if room.key.kind is Kind.SPACE:
        creation["type"] = "m.space"
    state: list[StateEvent] = [
        ("m.room.history_visibility", "", {"history_visibility": "joined"}),
        ("m.room.join_rules", "", {"join_rule": "invite"}),
        ("m.room.guest_access", "", {"guest_access": "forbidden"}),
        *links,
    ]
    if room.encrypted:
        state.append(("m.room.encryption", "", {"algorithm": "m.megolm.v1.aes-sha2"}))
    return {
        "preset": "private_chat",
        "room_alias_name": room.alias,
        "name": room.name,
        "topic": room.topic,
        "creation_content": creation,
        "power_level_content_override": dict(room.power_levels),
        "initial_state": [
            {"type": kind, "state_key": key, "content": content} for kind, key, content in state
        ],
    }


@asynccontextmanager
async def _failures() -> AsyncIterator[None]:
    try:
        yield
    except Unreachable as error:
        raise TemporaryFailure("Le serveur Matrix ne répond pas.") from error
    except DATABASE_FAILURES as error:
        raise TemporaryFailure("La base de données ne répond pas.") from error
    except NotEncrypted as error:
        raise Refused("room-not-encrypted") from error
    except MatrixError as refusal:
        if refusal.temporary:
            raise TemporaryFailure("Le serveur Matrix est occupé.") from refusal
        raise Refused(refusal.errcode) from refusal
