"""What may happen to the servers at any moment; each one comes back before the next trouble."""

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import Awaitable, Callable

from appservice.demo.child import wait_until
from appservice.demo.element import ElementFailed
from support.fault_stage import PATIENCE, Town

Breakdown = Callable[[Town, random.Random], Awaitable[None]]


async def service_killed(town: Town, _: random.Random) -> None:
    await town.stage.kill()
    await town.stage.restart_service()


async def service_stopped(town: Town, _: random.Random) -> None:
    await town.stage.stop_service()
    await town.stage.restart_service()


async def database_away(town: Town, chance: random.Random) -> None:
    """Stopped in haste, or killed. Both our tables and Synapse's are gone meanwhile."""
    postgres = town.stage.postgres
    if chance.random() < 0.5 and postgres.pid is not None:
        os.kill(postgres.pid, signal.SIGKILL)
    await postgres.stop()
    await asyncio.sleep(chance.uniform(0, 2))
    await postgres.start()
    await homeserver_answers(town)


async def homeserver_killed(town: Town, chance: random.Random) -> None:
    homeserver = town.stage.homeserver
    assert homeserver.pid is not None
    os.kill(homeserver.pid, signal.SIGKILL)
    await homeserver.stop()
    await asyncio.sleep(chance.uniform(0, 1))
    await homeserver.start()
    await homeserver_answers(town)


async def signal_away(town: Town, chance: random.Random) -> None:
    await town.stage.signal.stop()
    await asyncio.sleep(chance.uniform(0, 3))
    await town.stage.signal.start()


async def gateway_away(town: Town, chance: random.Random) -> None:
    await town.stage.kannel.stop()
    await asyncio.sleep(chance.uniform(0, 3))
    await town.stage.kannel.start()


async def homeserver_answers(town: Town) -> None:
    """It says that it is well before it has found its database again."""

    async def well() -> bool:
        with contextlib.suppress(ElementFailed, TimeoutError):
            await town.cast.elements["kerboul"].seats()
            return True
        return False

    await wait_until(well, "Le serveur Matrix", PATIENCE, 0.2)


BREAKDOWNS: dict[Breakdown, int] = {  # and how often
    service_killed: 8,
    service_stopped: 1,
    database_away: 2,
    homeserver_killed: 2,
    signal_away: 2,
    gateway_away: 2,
}


def any_of_them(chance: random.Random) -> Breakdown:
    return chance.choices(list(BREAKDOWNS), list(BREAKDOWNS.values()))[0]
