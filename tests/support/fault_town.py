"""One town for the tests of breakdowns and of privacy: real servers, people in their rooms."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from appservice.demo.cast import Cast
from appservice.demo.people import PEOPLE
from appservice.demo.ports import any_free_port
from appservice.demo.stage import SERVICES
from support.fault_stage import PATIENCE, FaultStage, Town
from support.homeserver import fleeting


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def busy_town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """Built once; tests leave it with its service running and nothing on its way."""
    stage = FaultStage(
        tmp_path_factory.mktemp("ville"), {name: any_free_port() for name in SERVICES}
    )
    stage.postgres = fleeting(stage.state / "postgres")
    cast = Cast(stage)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(stage.stop)
        stack.push_async_callback(cast.leave)
        await stage.start_database()
        await stage.start_homeserver()
        await stage.start_standins()
        stage.order()
        await stage.prepare_service()
        await cast.enter()
        await cast.enrol()
        await cast.sign(p.key for p in PEOPLE if p.signs)
        await cast.maillage("apply")
        await stage.start_service()
        town = Town(stage, cast)
        await town.plan_is_empty()
        await cast.look_around()
        await cast.accept_invitations()
        await cast.agree(p.key for p in PEOPLE if p.signs)
        await town.plan_is_empty()
        await stage.settle()
        yield town


@pytest_asyncio.fixture(loop_scope="session")
async def town(busy_town: Town) -> Town:
    """The same town, its service alive whatever the test before did."""
    stage = busy_town.stage
    stage.order()
    stage.died.unlink(missing_ok=True)
    if stage.service is None or not stage.service.running:
        await stage.restart_service()
    await stage.settle(PATIENCE)
    return busy_town
