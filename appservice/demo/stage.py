"""Everything the demonstration stands on, started in order and stopped in reverse."""

import os
import secrets
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML

from appservice.app import clock, is_served
from appservice.demo.child import Child, last_lines, start_child, wait_until
from appservice.demo.database import Postgres
from appservice.demo.failure import HomeserverFailed, StartFailed
from appservice.demo.homeserver import Homeserver
from appservice.demo.homeserver_files import HomeserverPlan
from appservice.demo.ports import LOOPBACK
from appservice.demo.prompt import Answer, maillage
from appservice.demo.standins.kannel import KannelStandIn
from appservice.demo.standins.signal_cli import SignalCliStandIn
from appservice.files.config import load_config
from appservice.files.keys import make_keys
from appservice.files.world import WorldPaths, shipped_paths

SERVICES = (
    "serveur Matrix",
    "service",
    "retours SMS",
    "signal-cli",
    "Kannel",
    "page des téléphones",
    "mesures",
    "console",
)
ACCOUNT_MAKER = "comptes.token"  # a file
SIGNAL_ACCOUNT = "+33639980000"  # of the range that ARCEP keeps for fiction


class ServiceFailed(StartFailed):
    """The service did not start."""


@dataclass(slots=True)
class Stage:
    """Give it a folder and one free port per name of SERVICES; `world` defaults to what ships."""

    state: Path
    ports: dict[str, int]
    world: WorldPaths = field(default_factory=shipped_paths)
    server_name: str = "maillage.test"
    postgres: Postgres = field(init=False)
    homeserver: Homeserver = field(init=False)
    signal: SignalCliStandIn = field(init=False)
    kannel: KannelStandIn = field(init=False)
    service: Child | None = field(init=False, default=None)
    _stack: AsyncExitStack = field(init=False, default_factory=AsyncExitStack)

    def __post_init__(self) -> None:
        self.state = self.state.absolute()
        self.postgres = Postgres(self.state / "postgres")

    @property
    def config(self) -> Path:
        """The service's configuration file."""
        return self.state / "maillage.yaml"

    @property
    def service_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['service']}"

    @property
    def metrics_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['mesures']}/metrics"

    @property
    def console_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['console']}"

    async def start_database(self) -> None:
        self.state.mkdir(parents=True, exist_ok=True)
        await self.postgres.start("maillage", "synapse")
        self._stack.push_async_callback(self.postgres.stop)

    async def start_homeserver(self) -> None:
        keys = make_keys(self.state / "keys")
        plan = HomeserverPlan(
            folder=self.state / "synapse",
            port=self.ports["serveur Matrix"],
            service_port=self.ports["service"],
            database_host=self.postgres.socket_folder,
            gate_keys=(keys.public_key_b64,),
            server_name=self.server_name,
        )
        self.homeserver = Homeserver(plan)
        await self.homeserver.start()
        self._stack.push_async_callback(self.homeserver.stop)
        await self._appoint_account_maker()

    async def start_standins(self) -> None:
        self.signal = SignalCliStandIn(
            SIGNAL_ACCOUNT,
            clock,
            port=self.ports["signal-cli"],
            state=self.state / "signal-phones.json",
        )
        password, secret = self._secret("kannel.password"), self._secret("kannel.secret")
        self.kannel = KannelStandIn(
            clock,
            port=self.ports["Kannel"],
            password=password,
            state=self.state / "basic-phones.json",
        )
        self.kannel.inbound_url = f"http://{LOOPBACK}:{self.ports['retours SMS']}/{secret}/mo"
        for standin in (self.signal, self.kannel):
            await standin.start()
            self._stack.push_async_callback(standin.stop)

    async def prepare_service(self) -> None:
        """Writes its configuration and brings its database up to date."""
        self._write_config()
        migrated = await self.maillage("migrate")
        if migrated.status != 0:
            raise ServiceFailed(migrated.err)

    async def start_service(self) -> None:
        """Starts the process, and waits until it says that it is ready."""
        (self.state / "service.log").unlink(missing_ok=True)
        await self.restart_service()
        self._stack.push_async_callback(self.stop_service)

    async def restart_service(self, *words: str) -> None:
        """Starts the process again, after it stopped or was killed; `words` follow `serve`."""
        output = self.state / "service.log"
        child = self.service = await self._serve(words, output)

        async def ready() -> bool:
            if not child.running:
                raise ServiceFailed(f"Le service s'est arrêté :\n{last_lines(output)}")
            return await is_served(load_config(self.config))

        await wait_until(ready, "Le service")

    async def stop_service(self) -> None:
        if self.service is not None:
            await self.service.stop()
            self.service = None

    async def stop(self) -> None:
        """Everything that was started, last first."""
        await self._stack.aclose()

    async def maillage(self, *words: str) -> Answer:
        """Runs the command as a person would."""
        return await maillage("--config", str(self.config), *words)

    async def _serve(self, words: Sequence[str], output: Path) -> Child:
        command = (sys.executable, "-m", "appservice", "--config", str(self.config), "serve")
        return await start_child((*command, *words), output)

    def _write_config(self) -> None:
        world = self.world
        content = {
            "homeserver": {
                "url": self.homeserver.url,
                "server_name": self.server_name,
                "registration": "synapse/registration.yaml",
                "admin_token": ACCOUNT_MAKER,
            },
            "listen": {"port": self.ports["service"]},
            "metrics": {"port": self.ports["mesures"]},
            "console": {"url": self.console_url, "port": self.ports["console"]},
            "database": {"dsn": self.postgres.dsn("maillage")},
            "keys": "keys",
            # Whoever tries the demonstration at night sees texts arrive all the same, and the
            # story told a second time is another event.
            "alerts": {"quiet_hours": False, "same_event_minutes": 0},
            "world": {
                "templates": str(world.templates),
                "territories": str(world.territories),
                "charters": str(world.charters),
                "policies": str(world.policies),
            },
            "signal": {
                "port": self.ports["signal-cli"],
                "account": SIGNAL_ACCOUNT,
                "http_check": self.signal.check_url,
            },
            "sms": {
                "url": self.kannel.url,
                "user": "maillage",
                "password_file": "kannel.password",
                "secret_file": "kannel.secret",
                "sender": "MAILLAGE",
                "gsm7_only": True,
                "listen": {"port": self.ports["retours SMS"]},
            },
        }
        with self.config.open("w", encoding="utf-8") as file:
            YAML(typ="safe", pure=True).dump(content, file)

    async def _appoint_account_maker(self) -> None:
        """The administrator in whose name the service makes the accounts of people."""
        path = self.state / ACCOUNT_MAKER
        if path.is_file():
            return
        name, password = "comptes", self._secret("comptes.password")
        try:
            maker = await self.homeserver.register_user(name, password, admin=True)
        except HomeserverFailed:  # made by a demonstration that was killed just then
            maker = await self.homeserver.login(name, password)
        _keep_secret(path, maker.access_token)

    def _secret(self, name: str) -> str:
        """Made at the first start, kept for the others."""
        path = self.state / name
        if not path.is_file():
            _keep_secret(path, secrets.token_urlsafe(16))
        return path.read_text(encoding="ascii")


def _keep_secret(path: Path, secret: str) -> None:
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret)
    fresh.replace(path)
