"""A real Synapse on loopback, with our gate in it, for the demonstration and the tests."""

import hashlib
import hmac
import os
import sys
from dataclasses import dataclass
from typing import Any

import aiohttp

from appservice.demo.child import Child, last_lines, start_child, wait_until
from appservice.demo.failure import HomeserverFailed, PortTaken
from appservice.demo.homeserver_files import HomeserverPlan, write_files
from appservice.demo.ports import is_free
from appservice.files.shipped import shipped


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody's account and one of its devices."""

    mxid: str
    password: str
    access_token: str
    device_id: str


class Homeserver:
    """One running homeserver. Start, use, stop; its data stay in its folder."""

    def __init__(self, plan: HomeserverPlan) -> None:
        self.plan = plan
        self._child: Child | None = None
        self._secrets: dict[str, str] = {}
        self._http: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        return self.plan.url

    @property
    def server_name(self) -> str:
        return self.plan.server_name

    @property
    def bot(self) -> str:
        return self.plan.bot

    @property
    def as_token(self) -> str:
        return self._secrets["as_token"]

    @property
    def hs_token(self) -> str:
        return self._secrets["hs_token"]

    @property
    def pid(self) -> int | None:
        return self._child.process.pid if self._child else None

    async def start(self, seconds: float = 60) -> None:
        """Start and wait until it answers; a failure carries the last lines of its log."""
        if not is_free(self.plan.port):
            raise PortTaken(
                f"Le port {self.plan.port}, prévu pour le serveur Matrix, est déjà utilisé sur "
                "cette machine : libérez-le, ou choisissez d'autres ports avec --port-base."
            )
        self._secrets = write_files(self.plan)
        http = self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        output = self.plan.folder / "homeserver.out"
        output.unlink(missing_ok=True)
        child = self._child = await start_child(
            [
                *(sys.executable, "-m", "synapse.app.homeserver"),
                *("--config-path", str(self.plan.config_file)),
            ],
            output,
            environment={**os.environ, "PYTHONPATH": str(shipped("synapse-config"))},
        )

        async def healthy() -> bool:
            if not child.running:
                raise HomeserverFailed(self._why_not())
            return await self._answers(http)

        try:
            await wait_until(healthy, "Le serveur Matrix", seconds)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        if self._http is not None:
            await self._http.close()
            self._http = None
        if self._child is not None:
            await self._child.stop()
            self._child = None

    async def register_user(
        self, localpart: str, password: str, *, admin: bool = False
    ) -> Account:
        """Make an account with the shared secret; there is no other way in."""
        path = "/_synapse/admin/v1/register"
        nonce: str = (await self._call("GET", path))["nonce"]
        parts = (nonce, localpart, password, "admin" if admin else "notadmin")
        secret = self._secrets["registration_shared_secret"].encode()
        # Synapse's API fixes SHA-1; a MAC stays sound with it.
        mac = hmac.new(secret, "\0".join(parts).encode(), hashlib.sha1).hexdigest()
        wish = {
            "nonce": nonce,
            "username": localpart,
            "password": password,
            "admin": admin,
            "mac": mac,
        }
        return _account(await self._call("POST", path, wish), password)

    async def login(
        self, localpart: str, password: str, *, device_id: str | None = None
    ) -> Account:
        """A new device of an existing account, or the same one again if `device_id` is given."""
        wish: dict[str, object] = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": localpart},
            "password": password,
        }
        if device_id:
            wish["device_id"] = device_id
        return _account(await self._call("POST", "/_matrix/client/v3/login", wish), password)

    async def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        if self._http is None:
            raise HomeserverFailed("Le serveur Matrix n'est pas démarré.")
        async with self._http.request(method, self.url + path, json=body) as response:
            answer: dict[str, Any] = await response.json()
            if response.status != 200:
                raise HomeserverFailed(f"{method} {path} : {response.status} {answer}")
            return answer

    async def _answers(self, http: aiohttp.ClientSession) -> bool:
        try:
            async with http.get(f"{self.url}/health") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    def _why_not(self) -> str:
        said = [
            last_lines(path) for path in (self.plan.log_file, self.plan.folder / "homeserver.out")
        ]
        return "\n".join(["Le serveur Matrix n'a pas démarré :", *filter(None, said)])


def _account(answer: dict[str, Any], password: str) -> Account:
    return Account(answer["user_id"], password, answer["access_token"], answer["device_id"])
