"""A plain Matrix client: it says what the server answered, right or wrong, and hides nothing."""

import itertools
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp

CLIENT = "/_matrix/client/v3"
_transactions = itertools.count()


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON body."""

    status: int
    body: Any

    @property
    def ok(self) -> bool:
        return self.status == 200

    @property
    def error(self) -> str:
        return str(self.body.get("error", ""))

    def __getitem__(self, key: str) -> Any:
        if not self.ok:
            raise AssertionError(f"{self.status} {self.body}")
        return self.body[key]


@dataclass(frozen=True, slots=True)
class Client:
    """One person at one device; or the service, which speaks as `mxid` with its own token."""

    http: aiohttp.ClientSession
    url: str
    mxid: str
    token: str
    device_id: str = ""
    as_service: bool = False

    async def request(
        self, method: str, path: str, body: object = None, params: dict[str, str] | None = None
    ) -> Answer:
        if path.startswith("/_") is False:
            path = CLIENT + path
        query = dict(params or {})
        if self.as_service:
            query.setdefault("user_id", self.mxid)
        async with self.http.request(
            method,
            self.url + path,
            json=body,
            params=query,
            headers={"Authorization": f"Bearer {self.token}"},
        ) as response:
            return Answer(response.status, await response.json())

    async def create_room(self, **wish: Any) -> Answer:
        return await self.request("POST", "/createRoom", wish)

    async def join(self, room: str) -> Answer:
        return await self.request("POST", f"/join/{quote(room)}", {})

    async def leave(self, room: str) -> Answer:
        return await self.request("POST", f"/rooms/{quote(room)}/leave", {})

    async def invite(self, room: str, user: str) -> Answer:
        return await self.request("POST", f"/rooms/{quote(room)}/invite", {"user_id": user})

    async def kick(self, room: str, user: str, reason: str = "") -> Answer:
        wish = {"user_id": user, "reason": reason}
        return await self.request("POST", f"/rooms/{quote(room)}/kick", wish)

    async def send(self, room: str, content: object, kind: str = "m.room.message") -> Answer:
        path = f"/rooms/{quote(room)}/send/{kind}/t{next(_transactions)}"
        return await self.request("PUT", path, content)

    async def say(self, room: str, text: str) -> Answer:
        return await self.send(room, {"msgtype": "m.text", "body": text})

    async def put_state(self, room: str, kind: str, content: object, key: str = "") -> Answer:
        path = f"/rooms/{quote(room)}/state/{kind}/{quote(key)}"
        return await self.request("PUT", path, content)

    async def state(self, room: str, kind: str, key: str = "") -> Answer:
        return await self.request("GET", f"/rooms/{quote(room)}/state/{kind}/{quote(key)}")

    async def whole_state(self, room: str) -> list[dict[str, Any]]:
        answer = await self.request("GET", f"/rooms/{quote(room)}/state")
        return list(answer.body)

    async def joined(self, room: str) -> set[str]:
        answer = await self.request("GET", f"/rooms/{quote(room)}/joined_members")
        return set(answer["joined"])
