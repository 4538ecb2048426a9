"""A real PostgreSQL and a real Synapse, started once for all the tests that need them."""

import asyncio
import base64
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appservice.demo.database import Postgres
from appservice.demo.homeserver import Homeserver
from appservice.demo.homeserver_files import HomeserverPlan
from appservice.demo.ports import any_free_port
from support.client import Client

_numbers = itertools.count(1)


def fleeting(folder: Path) -> Postgres:
    """A server whose data outlive its death, and not the machine's: it waits for no disk."""
    return Postgres(folder, fsync="off", full_page_writes="off")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Postgres]:
    """An embedded server with the databases `maillage` and `synapse`, both empty."""
    server = fleeting(tmp_path_factory.mktemp("postgres"))
    await server.start("maillage", "synapse")
    yield server
    await server.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def fresh_database(postgres: Postgres) -> Callable[[], Awaitable[str]]:
    """Each call makes an empty database and gives its address."""

    async def make() -> str:
        name = f"test_{next(_numbers)}"
        await postgres.create_database(name)
        return postgres.dsn(name)

    return make


@pytest.fixture(scope="session")
def charter_key() -> Ed25519PrivateKey:
    """The key that signs charter proofs; every homeserver of the tests trusts it."""
    return Ed25519PrivateKey.generate()


MakeHomeserver = Callable[..., Awaitable[Homeserver]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def make_homeserver(
    postgres: Postgres, charter_key: Ed25519PrivateKey, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[MakeHomeserver]:
    """Each call starts one more homeserver, with its own database; 3 seconds each."""
    started: list[Homeserver] = []

    async def make(database: str = "", **settings: object) -> Homeserver:
        name = database or f"synapse_{next(_numbers)}"
        await postgres.create_database(name)
        homeserver = Homeserver(
            homeserver_plan(
                tmp_path_factory.mktemp(name), postgres, charter_key, database=name, **settings
            )
        )
        await homeserver.start()
        started.append(homeserver)
        return homeserver

    yield make
    await asyncio.gather(*(homeserver.stop() for homeserver in started))


def homeserver_plan(
    folder: Path, postgres: Postgres, key: Ed25519PrivateKey, **settings: object
) -> HomeserverPlan:
    """A plan on free ports, trusting `key`; `settings` are fields of HomeserverPlan."""
    chosen: dict[str, object] = {"port": any_free_port(), "service_port": any_free_port()}
    return HomeserverPlan(
        folder=folder,
        database_host=postgres.socket_folder,
        gate_keys=(base64.b64encode(key.public_key().public_bytes_raw()).decode(),),
        **{**chosen, **settings},  # type: ignore[arg-type]
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def homeserver(make_homeserver: MakeHomeserver) -> Homeserver:
    """The homeserver that tests share. Nobody listens on its service's port by default."""
    return await make_homeserver("synapse")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        yield session


MakeAccount = Callable[..., Awaitable[Client]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def make_account(homeserver: Homeserver, http: aiohttp.ClientSession) -> MakeAccount:
    """Each call makes a new account, whose name starts with the given word."""

    async def make(word: str = "quelquun", *, admin: bool = False) -> Client:
        name = f"{word}{next(_numbers)}"
        account = await homeserver.register_user(name, "motdepasse", admin=admin)
        return Client(http, homeserver.url, account.mxid, account.access_token, account.device_id)

    return make


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def bot(homeserver: Homeserver, http: aiohttp.ClientSession) -> Client:
    """The service's own account, spoken for with the service's token."""
    client = Client(http, homeserver.url, homeserver.bot, homeserver.as_token, as_service=True)
    wish = {
        "type": "m.login.application_service",
        "username": homeserver.plan.bot_localpart,
        "inhibit_login": True,
    }
    answer = await client.request("POST", "/register", wish, params={"user_id": homeserver.bot})
    # Another test may have started the service, which made its account itself.
    assert answer.ok or answer.body["errcode"] == "M_USER_IN_USE", answer
    return client
