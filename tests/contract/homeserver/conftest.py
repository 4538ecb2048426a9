"""Each suite runs on the simulated homeserver and on a Synapse with the gate in it."""

from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.homeserver import (
    MakeHomeserver,
    charter_key,
    fresh_database,
    http,
    make_homeserver,
    postgres,
)
from support.houses import House, RealHouse, SimulatedHouse
from support.matrix_rig import Rig
from support.proofs import Signer

__all__ = ["charter_key", "fresh_database", "http", "make_homeserver", "postgres"]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def real_rig(
    make_homeserver: MakeHomeserver,
    fresh_database: Callable[[], Awaitable[str]],
    charter_key: Ed25519PrivateKey,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Rig]:
    rig = Rig(
        await make_homeserver(),
        Signer(charter_key),
        await fresh_database(),
        tmp_path_factory.mktemp("rooms"),
    )
    await rig.start()
    yield rig
    await rig.close()


@pytest.fixture(params=["simulated", pytest.param("synapse", marks=pytest.mark.e2e)])
def house(request: pytest.FixtureRequest, charter_key: Ed25519PrivateKey) -> House:
    if request.param == "simulated":
        return SimulatedHouse(charter_key)
    http_session: aiohttp.ClientSession = request.getfixturevalue("http")
    return RealHouse(request.getfixturevalue("real_rig"), charter_key, http_session)
