"""Room keys: shared ahead with whoever is in the room, so that publishing is one encryption.

One rule serves joins, new devices, departures and rotation alike: compare the devices of the
*joined* members with those that hold the key. Who lacks it gets it; if somebody holds it who
should not any more, everybody gets a new one.
"""

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from mautrix.crypto.sessions import OutboundGroupSession
from mautrix.types import EventType, Member, Membership, RoomID, UserID

from appservice.matrix.api import Json, MatrixError, Unreachable, segment
from appservice.matrix.crypto import olm_batch
from appservice.matrix.crypto.devices import Device
from appservice.matrix.crypto.holders import Holders, holding
from appservice.matrix.crypto.machine import Machine
from appservice.matrix.crypto.store import DATABASE_FAILURES

log = logging.getLogger(__name__)

MEGOLM = "m.megolm.v1.aes-sha2"
WITHHELD = "m.room_key.withheld"
NEARLY = 0.9  # of a session's life: time to share its successor in the background
LOOK_AT_OLD_SESSIONS = 1800.0  # seconds
PAUSE = 5.0  # seconds, after a failure
ASK_AGAIN = 900.0  # seconds, for a device that had no one-time key


class KeyShare:
    """Encrypts for a room, having seen to it that each member can read it."""

    def __init__(self, machine: Machine, clock: Callable[[], datetime]) -> None:
        self._machine = machine
        self._clock = clock
        self._holders = Holders(machine.database)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._cold: dict[str, None] = {}  # rooms to warm, in the order they were asked for
        self._asked = asyncio.Event()
        self._told: dict[str, tuple[str, set[Device]]] = {}  # room → session, devices refused
        self._settled: dict[str, object] = {}
        self._mute: dict[Device, float] = {}  # no key to write to them with, and since when

    @property
    def keyless(self) -> int:
        """How many devices could not be sent a key when they last needed one."""
        return len(self._mute)

    async def encrypt(self, room: str, kind: str, content: Json) -> Json:
        """The content of an m.room.encrypted event. Raises MatrixError, Unreachable."""
        async with self._locks[room]:
            session = await self._ready(room, ahead=False)
            plaintext = {"room_id": room, "type": kind, "content": content}
            megolm: Any = session  # mautrix's encrypt() has no types
            ciphertext: str = megolm.encrypt(json.dumps(plaintext))
            # Written before it is sent: an index is never used twice.
            await self._machine.keys.update_outbound_group_session(session)
            if self._nearly_used_up(session):
                self.warm(room)
        sealed: Json = {
            "algorithm": MEGOLM,
            "ciphertext": ciphertext,
            "sender_key": self._machine.own.identity_key,
            "device_id": self._machine.client.device_id,
            "session_id": session.id,
        }
        if "m.relates_to" in content:
            sealed["m.relates_to"] = content["m.relates_to"]
        return sealed

    def warm(self, *rooms: str) -> None:
        """Somebody came, left, or has a new device: the background sees to the key."""
        self._cold.update(dict.fromkeys(rooms))
        self._asked.set()

    async def devices_changed(self, users: set[str]) -> None:
        """Warms the rooms they sit in."""
        self._mute = {d: since for d, since in self._mute.items() if d.user_id not in users}
        self.warm(*await self._holders.rooms_of(users))

    async def run(self) -> None:
        """For ever: warms what was asked for, and sessions that grow old."""
        while True:
            try:
                async with asyncio.timeout(LOOK_AT_OLD_SESSIONS):
                    await self._asked.wait()
            except TimeoutError:
                self.warm(*await self._holders.rooms_with_session(self._machine.keys.account_id))
            self._asked.clear()
            while self._cold:
                await self._warm_one(next(iter(self._cold)))

    async def _warm_one(self, room: str) -> None:
        self._cold.pop(room, None)
        try:
            if not await self._machine.rooms.is_encrypted(RoomID(room)):
                return
            async with self._locks[room]:
                await self._ready(room, ahead=True)
        except MatrixError as refusal:
            # Not in the room any more, say: nothing to warm.
            if refusal.temporary:
                await self._later(room)
        except (Unreachable, *DATABASE_FAILURES):
            await self._later(room)

    async def _later(self, room: str) -> None:
        await asyncio.sleep(PAUSE)
        self.warm(room)

    async def _ready(self, room: str, *, ahead: bool) -> OutboundGroupSession:
        """The room's session, held by every device that should hold it and by no other."""
        joined = await self._joined(room)
        session = await self._machine.keys.get_outbound_group_session(RoomID(room))
        if session is not None and (session.expired or (ahead and self._nearly_used_up(session))):
            session = None
        if session is not None and self._settled.get(room) == self._settlement(session, joined):
            return session
        devices, others = await self._readers(room, joined)
        held = await self._holders.of(session.id) if session is not None else set()
        if session is None or held - {holding(device) for device in devices}:
            session = await self._new_session(room)
            held = set()
        settlement = self._settlement(session, joined)
        lacking = [device for device in devices if holding(device) not in held]
        everybody = await self._distribute(session, room, lacking)
        await self._withhold(session, room, others)
        if everybody:
            self._settled[room] = settlement
        return session

    def _settlement(self, session: OutboundGroupSession, joined: frozenset[str]) -> object:
        """While this stays the same, there is nothing to compare."""
        return session.id, joined, self._machine.devices_version

    async def _joined(self, room: str) -> frozenset[str]:
        """Asked each time: what transactions told us is old after an outage."""
        path = f"/rooms/{segment(room)}/joined_members"
        answer = await self._machine.api.call("GET", path)
        return frozenset(answer.get("joined", {})) - {self._machine.client.mxid}

    async def _readers(
        self, room: str, joined: frozenset[str]
    ) -> tuple[list[Device], list[Device]]:
        """Devices of the members who have *joined*: those to give the key, and the others.

        An invitation opens nothing.
        """
        machine = self._machine
        unknown = await machine.book.untracked(joined)
        if unknown:
            await machine.ask_devices(unknown)
            await machine.rooms.set_members(
                RoomID(room),
                {UserID(user): Member(membership=Membership.JOIN) for user in joined},
                only_membership=Membership.JOIN,
            )
        return await machine.book.devices(joined)

    async def _new_session(self, room: str) -> OutboundGroupSession:
        machine = self._machine
        session = await machine._new_outbound_group_session(RoomID(room))
        session.shared = True  # who holds it is written elsewhere, device by device
        await machine.keys.add_outbound_group_session(session)
        await self._holders.forget_older(room, session.id)
        return session

    async def _distribute(
        self, session: OutboundGroupSession, room: str, lacking: list[Device]
    ) -> bool:
        """Gives them the key; whether each of them has it now."""
        now = asyncio.get_running_loop().time()
        devices = [d for d in lacking if now - self._mute.get(d, now - ASK_AGAIN) >= ASK_AGAIN]
        if not devices:
            return not lacking
        content = {
            "algorithm": MEGOLM,
            "room_id": room,
            "session_id": session.id,
            "session_key": session.session_key,
        }
        sealed = await olm_batch.seal(self._machine, devices, str(EventType.ROOM_KEY), content)
        for device in devices:
            self._mute.pop(device, None)
        for device in set(devices) - {each.device for each in sealed}:
            self._mute[device] = now
        for chunk in olm_batch.chunks(sealed):
            await olm_batch.send(self._machine, chunk)
            await self._holders.add(session.id, room, [each.device for each in chunk])
        log.info("the key of %s is shared with %d devices", room, len(sealed))
        return len(sealed) == len(lacking)

    async def _withhold(
        self, session: OutboundGroupSession, room: str, devices: list[Device]
    ) -> None:
        """Tells devices that nobody vouches for why they can't read, once a session."""
        content = {
            "algorithm": MEGOLM,
            "room_id": room,
            "session_id": session.id,
            "sender_key": self._machine.own.identity_key,
            "code": "m.unverified",
            "reason": "Vérifiez cet appareil pour lire les messages.",
        }
        told = self._told.setdefault(room, (session.id, set()))
        if told[0] != session.id:
            told = self._told[room] = (session.id, set())
        new = [olm_batch.Sealed(device, content) for device in devices if device not in told[1]]
        for chunk in olm_batch.chunks(new):
            await olm_batch.send(self._machine, chunk, WITHHELD)
            told[1].update(each.device for each in chunk)

    def _nearly_used_up(self, session: OutboundGroupSession) -> bool:
        # mautrix notes local times without zone.
        age = self._clock().astimezone().replace(tzinfo=None) - session.creation_time
        return bool(
            session.message_count >= NEARLY * session.max_messages
            or age >= NEARLY * session.max_age
        )
