"""What benches stand on: a folder that goes away, PostgreSQL, Synapse, our store."""

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from appservice.app import clock, new_id
from appservice.demo.database import Postgres
from appservice.demo.homeserver import Homeserver
from appservice.demo.homeserver_files import HomeserverPlan
from appservice.demo.ports import any_free_port
from appservice.files.keys import Keys, make_keys
from appservice.matrix.accounts import register_bot
from appservice.matrix.api import Api
from appservice.matrix.settings import MatrixSettings
from appservice.store.migrate import migrate
from appservice.store.postgres import PgStore, connect


@dataclass(frozen=True, slots=True)
class Lab:
    """One bench's place; all that it opens is closed in reverse."""

    folder: Path
    quick: bool  # small sizes, to see that it runs
    say: Callable[[str], None]  # progress, for a person who waits
    stack: AsyncExitStack
    keys: Keys

    async def postgres(self, *databases: str) -> Postgres:
        self.say("PostgreSQL")
        server = Postgres(self.folder / "postgres")
        await server.start(*databases)
        self.stack.push_async_callback(server.stop)
        return server

    async def store(self, dsn: str) -> PgStore:
        await migrate(dsn)
        store = await connect(dsn, self.keys, clock, new_id)
        self.stack.push_async_callback(store.close)
        return store

    async def homeserver(self, postgres: Postgres) -> Homeserver:
        """Its database is `synapse`; the service that it knows listens on a free port."""
        self.say("Synapse")
        plan = HomeserverPlan(
            folder=self.folder / "synapse",
            port=any_free_port(),
            service_port=any_free_port(),
            database_host=postgres.socket_folder,
            gate_keys=(self.keys.public_key_b64,),
        )
        homeserver = Homeserver(plan)
        await homeserver.start()
        self.stack.push_async_callback(homeserver.stop)
        return homeserver

    async def bot(self, homeserver: Homeserver, settings: MatrixSettings) -> Api:
        """The service's account, with connections of its own."""
        connector = aiohttp.TCPConnector(limit=32)
        http = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        await self.stack.enter_async_context(http)
        await register_bot(Api(http, homeserver.url, homeserver.as_token), settings)
        return Api(http, homeserver.url, homeserver.as_token, homeserver.bot)

    def matrix_settings(self, homeserver: Homeserver, dsn: str) -> MatrixSettings:
        return MatrixSettings(
            homeserver=homeserver.url,
            server_name=homeserver.server_name,
            as_token=homeserver.as_token,
            hs_token=homeserver.hs_token,
            database=dsn,
            pickle_key=self.keys.pickle,
            recovery_key_file=self.folder / "recovery.key",
            bind_port=homeserver.plan.service_port,
        )


@asynccontextmanager
async def open_lab(*, quick: bool, say: Callable[[str], None]) -> AsyncIterator[Lab]:
    """Gone at the end, with everything in it."""
    with tempfile.TemporaryDirectory(prefix="maillage-bench-") as name:
        folder = Path(name)
        async with AsyncExitStack() as stack:
            yield Lab(folder, quick, say, stack, make_keys(folder / "keys"))
