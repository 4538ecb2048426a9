"""Accounts for people, by Synapse's admin API, with a token of their own (decision 47)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from appservice.domain.errors import PermanentFailure, TemporaryFailure
from appservice.domain.ids import UserId
from appservice.matrix.api import Api, MatrixError, Unreachable, segment

USERS = "/_synapse/admin/v2/users"


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
        message = f"Le serveur Matrix refuse d'ouvrir un compte ({refusal.errcode})."
        raise PermanentFailure(message) from refusal
