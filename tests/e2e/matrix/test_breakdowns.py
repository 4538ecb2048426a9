"""What surrounds the service breaks down and comes back; nothing is lost or said twice."""

import asyncio
import os
import signal
from contextlib import suppress
from typing import Any

import asyncpg
import pytest
from support.matrix_rig import Rig, desired

from appservice.domain.errors import TemporaryFailure
from appservice.domain.room import Kind
from bridges.protocol import Outgoing, Throttled

pytestmark = pytest.mark.e2e


@pytest.fixture
async def own(make_rig: Any) -> Rig:
    rig: Rig = await make_rig()
    await rig.start()
    return rig


async def test_the_homeserver_is_killed_and_comes_back(own: Rig) -> None:
    marie = await own.person()
    room = await own.room(marie)
    first = await own.post(room, "Avant l'arrêt", key="alerte/1")
    await marie.reads("Avant l'arrêt")
    assert own.homeserver.pid is not None
    os.kill(own.homeserver.pid, signal.SIGKILL)
    await own.homeserver.stop()
    outcome = await own.service.channel.send(Outgoing("alerte/2", room, "Pendant l'arrêt"))
    assert isinstance(outcome, Throttled)

    await own.homeserver.start()
    # Its memory is gone, its database is not: the same key is still the same event.
    again = await own.until_posted(room, "Avant l'arrêt", key="alerte/1")
    assert again.provider_id == first.provider_id
    await own.until_posted(room, "Pendant l'arrêt", key="alerte/2")
    await marie.reads("Pendant l'arrêt")
    await marie.say(room, "Après l'arrêt")
    await own.hears("Après l'arrêt")


async def test_a_room_is_made_whenever_the_homeserver_dies_of_it(own: Rig) -> None:
    """Between the alias and the members Synapse writes several times: here it dies in between."""
    for moment in (0.02, 0.03, 0.045, 0.07):  # seconds
        wanted = desired(Kind.ALERTES)
        making = asyncio.create_task(own.service.homeserver.create(wanted))
        await asyncio.sleep(moment)
        assert own.homeserver.pid is not None
        os.kill(own.homeserver.pid, signal.SIGKILL)
        await own.homeserver.stop()
        with suppress(TemporaryFailure):  # unless it was quicker
            await making
        await own.homeserver.start()
        room = await own.service.homeserver.create(wanted)
        assert room in await own.service.homeserver.snapshot([room])
        assert await own.service.homeserver.create(wanted) == room


async def test_the_database_drops_every_connection(own: Rig) -> None:
    marie = await own.person()
    room = await own.room(marie)
    await own.post(room, "Avant la coupure")
    server = await asyncpg.connect(own.settings.database)
    await server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await server.close()
    # The lock is lost with its connection: everything is begun again under a new one.
    await own.until(lambda: not own.service.ready.is_set())
    await own.until(own.service.ready.is_set)
    await own.post(room, "Après la coupure")
    await marie.reads("Après la coupure")
    await marie.say(room, "Je lis toujours")
    assert (await own.hears("Je lis toujours")).verified


async def test_an_administrator_deletes_the_bot_s_device(own: Rig) -> None:
    marie = await own.person()
    room = await own.room(marie)
    await own.post(room, "Avant")
    device = own.service.channel.post.api.device_id
    bot = own.service.homeserver._api
    await bot.call("DELETE", f"/devices/{device}", {})
    await own.until(lambda: not own.service.ready.is_set())
    await own.until(own.service.ready.is_set)
    await own.until_posted(room, "Après")
    seen = await marie.reads("Après")
    assert seen.readable
    await marie.say(room, "Toujours lisible")
    assert (await own.hears("Toujours lisible")).verified
