"""Accounts for people: made by Synapse's admin API (decision 47), or proved theirs (56)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from appservice.domain.errors import PermanentFailure, TemporaryFailure
from appservice.domain.ids import UserId
from appservice.matrix.api import Api, Json, MatrixError, Unreachable, segment

USERS = "/_synapse/admin/v2/users"
DEACTIVATE = "/_synapse/admin/v1/deactivate"
ALIAS = "maillage_compte_{key}"  # in the namespace of the service
_GONE = (403, 404)


class SynapseAccounts:
    """Implements `ports.Accounts`. `admin` speaks for an administrator of the homeserver."""

    def __init__(self, admin: Api) -> None:
        self._admin = admin

    async def is_free(self, user: UserId) -> bool:
        async with _failures():
            try:
                await self._admin.call("GET", f"{USERS}/{segment(user)}")
            except MatrixError as refusal:
                if refusal.status == 404:
                    return True
                raise
        return False

    async def give(self, user: UserId, password: str, name: str) -> None:
        wish = {"password": password, "displayname": name, "logout_devices": True}
        async with _failures():
            await self._admin.call("PUT", f"{USERS}/{segment(user)}", wish)

    async def has_devices(self, user: UserId) -> bool:
        async with _failures():
            answer = await self._admin.call("GET", f"{USERS}/{segment(user)}/devices")
        return bool(answer.get("devices"))

    async def close(self, user: UserId) -> None:
        async with _failures():
            try:
                await self._admin.call("POST", f"{DEACTIVATE}/{segment(user)}", {"erase": True})
            except MatrixError as refusal:
                if refusal.status != 404:
                    raise


class SynapseIntroductions:
    """Implements `ports.Introductions`. `bot` speaks for the service, who owns these rooms.

    They are none of ours: the gate leaves them alone, nobody may write there, and the one who is
    invited reads their name before any answer.
    """

    def __init__(self, bot: Api, server_name: str) -> None:
        self._bot = bot
        self._server_name = server_name

    async def invite(self, key: str, user: UserId, name: str) -> None:
        await self.withdraw(key)
        wish = {
            "preset": "private_chat",
            "room_alias_name": ALIAS.format(key=key),
            "name": name,
            "invite": [user],
            "creation_content": {"m.federate": False},
            "power_level_content_override": {"events_default": 50, "invite": 50},
        }
        async with _failures():
            await self._bot.call("POST", "/createRoom", wish)

    async def withdraw(self, key: str) -> None:
        alias = segment(f"#{ALIAS.format(key=key)}:{self._server_name}")
        async with _failures():
            found = await self._unless_gone("GET", f"/directory/room/{alias}")
            if found is None:
                return
            room = segment(str(found["room_id"]))
            members = await self._unless_gone("GET", f"/rooms/{room}/members")
            for event in (members or {}).get("chunk", []):
                user, content = event.get("state_key"), event.get("content", {})
                if content.get("membership") in ("invite", "join") and user != self._bot.user_id:
                    await self._unless_gone("POST", f"/rooms/{room}/kick", {"user_id": user})
            await self._unless_gone("POST", f"/rooms/{room}/leave", {})
            await self._unless_gone("POST", f"/rooms/{room}/forget", {})
            # Last: whoever dies before it comes back here.
            await self._unless_gone("DELETE", f"/directory/room/{alias}")

    async def _unless_gone(self, method: str, path: str, body: Json | None = None) -> Json | None:
        try:
            return await self._bot.call(method, path, body)
        except MatrixError as refusal:
            if refusal.status in _GONE:
                return None
            raise


def accounts_of(
    http: aiohttp.ClientSession, url: str, token: Path | None
) -> SynapseAccounts | None:
    """None where no administrator's token is configured. Raises OSError."""
    return SynapseAccounts(Api(http, url, token.read_text("utf-8").strip())) if token else None


@asynccontextmanager
async def _failures() -> AsyncIterator[None]:
    try:
        yield
    except Unreachable as error:
        raise TemporaryFailure("Le serveur Matrix ne répond pas.") from error
    except MatrixError as refusal:
        if refusal.temporary:
            raise TemporaryFailure("Le serveur Matrix est occupé.") from refusal
        message = f"Le serveur Matrix refuse cet acte sur un compte ({refusal.errcode})."
        raise PermanentFailure(message) from refusal
