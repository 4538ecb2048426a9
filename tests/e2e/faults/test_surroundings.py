"""What surrounds the service misbehaves: disks, clocks, resends, long absences, a twin."""

import asyncio
import io
import json
import random
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import asyncpg
import pytest
from support.fault_stage import PATIENCE, Town, until

from appservice.demo.child import wait_until
from appservice.demo.ports import LOOPBACK

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

HANDLED = "SELECT count(*) FROM handled"
ALERTS = "SELECT count(*) FROM alerts"
WAITING_FOR_KEYS = (
    "SELECT count(*) FROM journal WHERE source = 'matrix-waiting' AND done_at IS NULL"
)
UNREADABLE = "SELECT count(*) FROM audit_entries WHERE verb = 'inbound.unreadable'"


async def count(town: Town, sql: str) -> int:
    return int((await town.stage.query(sql))[0][0])


async def push(town: Town, name: str, events: Sequence[object]) -> int:
    """As the homeserver would."""
    headers = {"Authorization": f"Bearer {town.stage.homeserver.hs_token}"}
    url = f"{town.stage.service_url}/_matrix/app/v1/transactions/{name}"
    body = io.BytesIO(json.dumps({"events": events}).encode())
    async with aiohttp.ClientSession() as http, http.put(url, data=body, headers=headers) as said:
        return said.status


async def events_of(town: Town) -> list[dict[str, object]]:
    """The last events of the poste, as the homeserver sends them."""
    homeserver = town.stage.homeserver
    url = f"{homeserver.url}/_matrix/client/v3/rooms/{town.poste}/messages"
    headers = {"Authorization": f"Bearer {homeserver.as_token}"}
    query = {"user_id": homeserver.bot, "dir": "b", "limit": "60"}
    async with (
        aiohttp.ClientSession() as http,
        http.get(url, headers=headers, params=query) as said,
    ):
        return list((await said.json())["chunk"])


async def test_transactions_replayed_and_reordered_change_nothing(town: Town) -> None:
    texts = [await town.publishes() for _ in range(3)]
    await town.all_have_it_or_an_officer_knows(texts)
    events = await events_of(town)
    assert len(events) > 6
    before = await count(town, ALERTS), await count(town, HANDLED)
    chance = random.Random(3)
    for number in range(4):
        chance.shuffle(events)
        name = f"rejouee-{number // 2}"  # the same name with other events, too
        assert await push(town, name, events) == 200
        assert await push(town, name, events) == 200
    await town.stage.settle()
    assert (await count(town, ALERTS), await count(town, HANDLED)) == before
    for text in texts:
        assert town.missing(text) == {}


async def test_receipts_that_come_again_or_contradict_change_nothing(town: Town) -> None:
    text = await town.publishes()
    await town.each_has_it_or_an_officer_knows(text)
    number = await town.number(text)
    mine = (
        "SELECT provider_id, state FROM deliveries JOIN parcels USING (id) "
        "WHERE alert = $1 AND channel = 'sms' ORDER BY id"
    )

    async def delivered() -> bool:
        return {row["state"] for row in await town.stage.query(mine, number)} == {"delivered"}

    await wait_until(delivered, "Les accusés de réception", PATIENCE)
    secret = (town.stage.state / "kannel.secret").read_text("ascii")
    base = f"http://{LOOPBACK}:{town.stage.ports['retours SMS']}/{secret}/dlr"
    async with aiohttp.ClientSession() as http:
        for row in await town.stage.query(mine, number):
            for state in ("1", "2", "16", "1"):
                query = {"id": row["provider_id"], "state": state, "at": "5"}
                async with http.get(base, params=query) as said:
                    assert said.status == 200
        async with http.get(base, params={"id": "jamais-vu", "state": "1", "at": "5"}) as said:
            assert said.status == 200
    await town.stage.settle()
    assert await delivered()
    assert town.missing(text) == {}


@asynccontextmanager
async def full_disk(town: Town, folder: Path) -> AsyncIterator[None]:
    """The journal on a disk with no room left: a real one where we may mount one."""
    server = await asyncpg.connect(town.stage.postgres.dsn("postgres"))
    ours = await asyncpg.connect(
        town.stage.postgres.dsn("maillage").replace("//maillage@", "//postgres@")
    )
    disk = folder / "petit"
    disk.mkdir()
    mounted = await run("mount", "-t", "tmpfs", "-o", "size=4m,mode=0777", "tmpfs", str(disk))
    try:
        if mounted:
            space = made_for(disk / "journal", town.stage.state / "postgres" / "data")
            await server.execute(f"CREATE TABLESPACE petit LOCATION '{space}'")
            await ours.execute("ALTER TABLE journal SET TABLESPACE petit")
            await ours.execute("VACUUM FULL journal")
            fill(disk / "ballast")
        else:
            # PostgreSQL's own answer to a full disk, from a place where no disk can be filled.
            await ours.execute(FULL)
        yield
    finally:
        if mounted:
            (disk / "ballast").unlink(missing_ok=True)
            await ours.execute("ALTER TABLE journal SET TABLESPACE pg_default")
            await server.execute("DROP TABLESPACE petit")
        else:
            await ours.execute("DROP TRIGGER IF EXISTS full_disk ON journal")
        await server.close()
        await ours.close()
        if mounted:
            assert await run("umount", str(disk))


def made_for(space: Path, data: Path) -> Path:
    """A folder that belongs to whoever the database runs as, and that they can walk to."""
    space.mkdir()
    for path in space.parents:
        if not path.stat().st_mode & 0o001:
            path.chmod(path.stat().st_mode | 0o001)
    shutil.chown(space, data.owner())
    return space


FULL = """
CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE OR REPLACE TRIGGER full_disk BEFORE INSERT ON journal EXECUTE FUNCTION full_disk();
"""


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        size = 65536
        while size:
            try:
                file.write(b"\0" * size)
            except OSError:
                size //= 2


async def run(*command: str) -> bool:
    try:
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    except OSError:
        return False
    return await process.wait() == 0


async def test_a_full_disk_under_the_journal_loses_nothing(town: Town, tmp_path: Path) -> None:
    log = town.stage.state / "service.log"
    refused = "transaction refused: the journal can't be written"
    before = log.read_text("utf-8").count(refused)
    texts = []
    async with full_disk(town, tmp_path):
        # What pages already there may still hold is taken; then nothing more is.
        for _ in range(40):
            texts.append(await town.publishes())
            await asyncio.sleep(0.1)
            if log.read_text("utf-8").count(refused) > before:
                break

        def said_so() -> bool:
            return log.read_text("utf-8").count(refused) > before

        await until(said_so, refused)
        assert town.stage.service is not None
        assert town.stage.service.running
    await town.all_have_it_or_an_officer_knows(texts)


@pytest.mark.parametrize("hours", [-3, 30])
async def test_a_clock_that_is_wrong_loses_nothing(town: Town, hours: int) -> None:
    right = town.stage.skew
    first = await town.publishes()
    town.stage.order(skew=right + hours * 3600)
    second = await town.publishes()
    await until(lambda: not town.missing(first), "l'alerte d'avant")
    await until(lambda: not town.missing(second), "l'alerte à la mauvaise heure")
    town.stage.order(skew=right)
    third = await town.publishes()
    await until(lambda: not town.missing(third), "l'alerte d'après")
    await town.stage.settle()
    for text in (first, second, third):
        assert town.missing(text) == {}
    await town.plan_is_empty()


async def test_back_after_a_long_absence_everything_is_read(town: Town) -> None:
    """More events than Synapse gives at once (100) wait, under many new keys, each of which came
    to a service that was not there."""
    await town.stage.settle()
    handled, unreadable = await count(town, HANDLED), await count(town, UNREADABLE)
    await town.stage.stop_service()
    reports = []
    officers = [town.cast.elements[key] for key in ("kerboul", "lebihan")]
    for number in range(130):
        officer = officers[number % 2]
        if number % 10 < 2:
            officer._client.invalidate_outbound_session(town.poste)
        await officer.say(town.poste, f"Point de situation {number}, rien à signaler")
    for number in range(20):
        key = ("tanguy", "brient")[number % 2]
        if number < 4:
            town.cast.elements[key]._client.invalidate_outbound_session(town.cast.guichet(key))
        text = town.seen_at("Vitrine brisée", "des montres ont été volées")
        reports.append(text)
        await town.cast.elements[key].say(town.cast.guichet(key), text)
    await town.stage.restart_service()

    async def all_read() -> bool:
        return await count(town, HANDLED) >= handled + 150

    await wait_until(all_read, "Les 150 messages", PATIENCE * 2, 0.5)
    await town.stage.settle()
    assert await count(town, HANDLED) == handled + 150
    assert await count(town, WAITING_FOR_KEYS) == 0
    assert await count(town, UNREADABLE) == unreadable
    for text in reports:
        await town.cast.receives("kerboul", text, 1, PATIENCE)


async def test_a_second_service_waits_and_says_so(town: Town) -> None:
    log = town.stage.state / "second.log"
    second = await town.stage._serve((), log)
    try:

        def waits() -> bool:
            return "another process speaks for" in log.read_text("utf-8")

        await until(waits, "le second service qui attend")
        text = await town.publishes()
        await town.each_has_it_or_an_officer_knows(text)
        assert second.running
        assert "serving" not in log.read_text("utf-8")
        # The first one dies: the second takes over by itself.
        await town.stage.kill()
        town.stage.service = second
        await until(lambda: "the Matrix side is ready" in log.read_text("utf-8"), "la relève")
        text = await town.publishes()
        await town.each_has_it_or_an_officer_knows(text)
    finally:
        await second.stop()
        if town.stage.service is second:
            town.stage.service = None
    assert second.process.returncode == 0
