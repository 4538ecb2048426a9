"""One homeserver and one Matrix service for all these tests."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.homeserver import MakeHomeserver
from support.matrix_rig import Rig
from support.proofs import Signer

MakeRig = Callable[[], Awaitable[Rig]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def make_rig(
    make_homeserver: MakeHomeserver,
    fresh_database: Callable[[], Awaitable[str]],
    charter_key: Ed25519PrivateKey,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[MakeRig]:
    """Each call makes a homeserver and a service for it, not started yet."""
    made: list[Rig] = []

    async def make() -> Rig:
        folder = tmp_path_factory.mktemp("matrix")
        homeserver = await make_homeserver()
        rig = Rig(homeserver, Signer(charter_key), await fresh_database(), folder)
        made.append(rig)
        return rig

    yield make
    for rig in made:
        await rig.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def rig(make_rig: MakeRig) -> Rig:
    """The one that tests share; rooms and people are new in each."""
    shared = await make_rig()
    await shared.start()
    return shared
