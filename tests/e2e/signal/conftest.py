"""One town on the real signal-cli for all these tests, and gone after them: it listens."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from support.homeserver import fleeting
from support.signal_rig.rig import Rig
from support.signal_rig.town import RigStage, open_rig_town
from support.town import Town, close_town, copy_world

from appservice.demo.ports import any_free_port
from appservice.demo.stage import SERVICES


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def rig_town(
    signal_rig: Rig, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("rig-town")
    ports = {name: any_free_port() for name in SERVICES}
    stage = RigStage(folder / "state", ports, copy_world(folder), rig=signal_rig)
    stage.postgres = fleeting(stage.state / "postgres")
    opened = await open_rig_town(stage)
    yield opened
    await close_town(opened)
    await signal_rig.dissolve_groups()
