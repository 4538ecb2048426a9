"""`maillage doctor`: looks at a live installation, running or stopped, and says how to mend it."""

import asyncio
from argparse import Namespace
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import aiohttp

from appservice.app import clock, is_served, matrix_settings, new_id, unheard
from appservice.channels import make_bridges
from appservice.commands.served import ask_service
from appservice.domain.errors import MaillageError
from appservice.domain.ids import UserId
from appservice.domain.world import World
from appservice.files.config import Config, load_config
from appservice.files.keyring.territories import FOLDER
from appservice.files.keys import FILES, Keys, load_keys
from appservice.files.registration import SENDER_LOCALPART, Tokens, read_tokens
from appservice.files.world import load_world
from appservice.matrix.api import Api
from appservice.matrix.probe import HomeserverProbe
from appservice.operations.doctor import (
    Finding,
    examine_database,
    examine_homeserver,
    examine_keys,
    examine_parts,
)
from appservice.operations.readiness import DATABASE, ask
from appservice.store.postgres import connect
from bridges.protocol import Bridge

# How long a bridge that we start ourselves has to connect.
LOOKS = 40
LOOK = 0.2  # seconds


async def run(args: Namespace) -> int:
    """Exit status 0 when all is well, 1 otherwise. Creates nothing that lasts."""
    config = load_config(args.config)
    world = load_world(config.world, config.settings)
    well = True
    async for finding in _examine(config, world):
        well &= finding.ok
        print("\n".join(finding.lines()), flush=True)
    return 0 if well else 1


async def _examine(config: Config, world: World) -> AsyncIterator[Finding]:
    of_territories = sorted((config.keys / FOLDER).glob("*.key"))
    held = [*FILES, "recovery.key", *(str(p.relative_to(config.keys)) for p in of_territories)]
    for finding in examine_keys(config.keys, held):
        yield finding
    keys, tokens = load_keys(config.keys), read_tokens(config.homeserver.registration)
    served = await is_served(config)
    async for finding in _database(config, keys):
        yield finding
    async for finding in _homeserver(config, world, keys, tokens, served):
        yield finding
    parts = await _watched_parts(config) if served else await _own_parts(config)
    for finding in parts:
        yield finding


async def _database(config: Config, keys: Keys) -> AsyncIterator[Finding]:
    try:
        store = await connect(config.database.resolve(), keys, clock, new_id)
    except MaillageError as failure:
        mend = "Démarrez PostgreSQL, vérifiez « database », lancez « maillage migrate »."
        yield Finding("base de données", False, failure.message, mend)
        return
    try:
        async for finding in examine_database(store.figures, clock):
            yield finding
    finally:
        await store.close()


async def _homeserver(
    config: Config, world: World, keys: Keys, tokens: Tokens, served: bool
) -> AsyncIterator[Finding]:
    # Of the versions in force: `charter_versions` at the gate may refuse any other.
    version = next((charter.version for charter in world.charters.values()), "doctor")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        probe = HomeserverProbe(
            Api(http, config.homeserver.url, tokens.as_token),
            matrix_settings(config, tokens, keys),
            lambda room, user, until: keys.proof(room, user, version, until),
            clock,
            served=served,
        )
        service = UserId(f"@{SENDER_LOCALPART}:{config.homeserver.server_name}")
        async for finding in examine_homeserver(probe, service, clock):
            yield finding


async def _watched_parts(config: Config) -> Sequence[Finding]:
    """What the running service says of itself."""
    what, served = "service", await ask_service(config)
    if served is None:
        mend = "Le port « metrics » est pris par un autre programme : changez-le."
        return [Finding(what, False, "tourne, sans dire comment il va", mend)]
    mode = Finding(
        what, not served.safe,
        "en mode sûr : les alertes sont suspendues" if served.safe else "en marche",
        "Relancez-le sans --safe dès que possible.",
    )  # fmt: skip
    parts = [part for part in served.parts if part.name != DATABASE]
    return [mode, *examine_parts(parts)]


async def _own_parts(config: Config) -> Sequence[Finding]:
    """The service is stopped: its bridges are started for a moment, and take nothing in."""
    bridges = make_bridges(config, clock, receives=False)
    async with AsyncExitStack() as stack:
        for bridge in bridges.values():
            await bridge.start(unheard)
            stack.push_async_callback(bridge.stop)
            await _connected(bridge)
        parts = [await ask(name, bridge) for name, bridge in bridges.items()]
    return [Finding("service", True, "à l'arrêt"), *examine_parts(parts)]


async def _connected(bridge: Bridge) -> None:
    for _ in range(LOOKS):
        if (await bridge.health()).ok:
            return
        await asyncio.sleep(LOOK)
