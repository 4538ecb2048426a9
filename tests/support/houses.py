"""The homeserver as plans see it, simulated or real, with people who join and leave."""

import base64
import itertools
from collections.abc import Mapping
from typing import Protocol

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appservice.domain.ids import RoomId, UserId
from appservice.flows.membership import Ourselves
from appservice.flows.ports import Homeserver
from appservice.matrix.api import segment
from support.client import Client
from support.homeserver_sim import SimulatedHomeserver
from support.matrix_rig import Rig
from support.proofs import Signer, unix_now

_numbers = itertools.count(1)


class KeySeals:
    """Signs with the key that the gate trusts."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def sign(self, payload: bytes) -> str:
        return base64.b64encode(self._key.sign(payload)).decode().rstrip("=")


class House(Protocol):
    """What a contract test may do besides the port itself."""

    homeserver: Homeserver
    ourselves: Ourselves
    seals: KeySeals

    async def person(self) -> UserId:
        """A new account."""
        ...

    async def join(self, room: RoomId, user: UserId) -> None: ...

    async def leave(self, room: RoomId, user: UserId) -> None: ...

    async def forsake(self, room: RoomId) -> None:
        """The service itself is no longer in it."""
        ...

    def proof(self, room: RoomId, user: UserId, seconds: float) -> Mapping[str, object]: ...


class SimulatedHouse:
    def __init__(self, key: Ed25519PrivateKey) -> None:
        self.homeserver = SimulatedHomeserver(begins=int(unix_now() * 1000) + 60_000)
        self.ourselves = Ourselves(UserId("@maillage:maillage.test"))
        self.seals = KeySeals(key)
        self._signer = Signer(key)

    async def person(self) -> UserId:
        return UserId(f"@personne{next(_numbers)}:maillage.test")

    async def join(self, room: RoomId, user: UserId) -> None:
        self.homeserver.join(room, user)

    async def leave(self, room: RoomId, user: UserId) -> None:
        self.homeserver.leave(room, user)

    async def forsake(self, room: RoomId) -> None:
        self.homeserver.forsaken.add(room)

    def proof(self, room: RoomId, user: UserId, seconds: float) -> Mapping[str, object]:
        return self._signer.proof(room, user, seconds)


class RealHouse:
    """A Synapse with the gate, and our Matrix service for it."""

    def __init__(self, rig: Rig, key: Ed25519PrivateKey, http: aiohttp.ClientSession) -> None:
        self.homeserver = rig.service.homeserver
        self.ourselves = Ourselves(UserId(rig.settings.bot))
        self.seals = KeySeals(key)
        self._rig = rig
        self._http = http
        self._people: dict[UserId, Client] = {}

    async def person(self) -> UserId:
        name = f"personne{next(_numbers)}"
        account = await self._rig.homeserver.register_user(name, "motdepasse")
        user = UserId(account.mxid)
        self._people[user] = Client(
            self._http,
            self._rig.homeserver.url,
            account.mxid,
            account.access_token,
            account.device_id,
        )
        return user

    async def join(self, room: RoomId, user: UserId) -> None:
        answer = await self._people[user].join(room)
        assert answer.ok, answer

    async def leave(self, room: RoomId, user: UserId) -> None:
        answer = await self._people[user].leave(room)
        assert answer.ok, answer

    async def forsake(self, room: RoomId) -> None:
        bot = self._rig.service.homeserver._api
        await bot.call("POST", f"/rooms/{segment(room)}/leave", {})

    def proof(self, room: RoomId, user: UserId, seconds: float) -> Mapping[str, object]:
        return self._rig.signer.proof(room, user, seconds)
