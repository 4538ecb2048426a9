"""`memory`: what the running service holds with 100, 1,000 and 10,000 members on Matrix."""

import asyncio
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from appservice.app import clock, is_served
from appservice.bench.beneath.settled_proxy import SettledProxy, state_of
from appservice.bench.country import settled
from appservice.bench.lab import Lab
from appservice.bench.merchants import enrol, merchants, signed
from appservice.bench.outcome import Outcome, Row
from appservice.demo.child import Child, start_child, wait_until
from appservice.demo.ports import LOOPBACK, any_free_port
from appservice.domain.member import Channel, Member
from appservice.domain.membership import desired
from appservice.domain.world import World
from appservice.files.config import load_config
from appservice.files.world import load_world, shipped_paths
from appservice.flows.reconciliation import TOPIC
from appservice.store.postgres import PgStore

MEBIBYTES = 300.0
PASSES = 3  # of the whole plan: what grows shows
LIBRARIES = (
    *("aiohttp", "asyncpg", "cryptography.fernet", "vodozemac", "mautrix.client", "PIL.Image"),
    *("phonenumbers", "re2", "ruamel.yaml", "stdnum.luhn", "gsm0338"),
)


@dataclass(frozen=True, slots=True)
class _Town:
    store: PgStore
    world: World
    proxy: SettledProxy

    async def hold(self, people: list[Member]) -> None:
        """Every room of theirs exists, with them in it."""
        now = clock()
        signatures = {person.id: signed(self.world, person) for person in people}
        # The register's own signatures, or proofs would differ by seconds.
        async with self.store.transaction() as tx:
            signatures = dict(await tx.signatures.all_latest()) or signatures
        wanted = desired(self.world, people, signatures, now).rooms
        known, actual = settled(wanted, now)
        async with self.store.transaction() as tx:
            for room in known:
                await tx.rooms.remember(room)
        self.proxy.hold(
            {room.room_id: state_of(wanted[room.key], actual[room.room_id]) for room in known}
        )


async def bench(lab: Lab) -> Outcome:
    """The service as `serve` runs it, which plans for everybody every minute."""
    sizes = (2, 6) if lab.quick else (100, 1000, 10_000)
    postgres = await lab.postgres("maillage", "synapse")
    homeserver = await lab.homeserver(postgres)
    dsn = postgres.dsn("maillage")
    store = await lab.store(dsn)
    proxy, port = SettledProxy(homeserver.url), any_free_port()
    await proxy.start(port)
    lab.stack.push_async_callback(proxy.stop)
    config = _config(lab.folder, port, homeserver.plan.service_port, dsn)
    town = _Town(store, load_world(shipped_paths()), proxy)
    everyone = merchants(town.world, sizes[-1], Channel.MATRIX)
    floor = await _libraries()
    rows, there = [], 0
    for size in sizes:
        lab.say(f"{size} membres")
        await enrol(store, town.world, everyone[there:size])
        there = size
        await town.hold(everyone[:size])
        child = await _serve(config)
        try:
            await _plans(town, 1 if lab.quick else PASSES)
            now, peak = _held(child)
        finally:
            await child.stop()
        rows.append(Row(f"{size} membres", peak, floor, 1, parts={"au repos": now}))
    growth = (rows[-1].ours - rows[0].ours) / (sizes[-1] - sizes[0]) * 1024
    goals = {
        f"≤ {MEBIBYTES:g} MiB à {sizes[-1]} membres": rows[-1].ours <= MEBIBYTES,
        f"moins que proportionnelle (ici {growth:.1f} kio par membre)": rows[-1].ours
        / rows[0].ours
        < sizes[-1] / sizes[0],
    }
    return Outcome("memory", "MiB au plus haut", "Python et les bibliothèques seules", rows, goals)


async def _plans(town: _Town, passes: int) -> None:
    for count in range(1, passes + 1):
        async with asyncio.timeout(300):
            await town.proxy.looked_at(count)
        await asyncio.sleep(2)  # what it compares once it has everything
        town.proxy.check()
        await town.store.wake.ring(TOPIC)


async def _serve(config: Path) -> Child:
    command = [sys.executable, "-m", "appservice", "--config", str(config), "serve"]
    child = await start_child(command, config.with_name("service.log"))

    async def ready() -> bool:
        return await is_served(load_config(config))

    await wait_until(ready, "Le service")
    return child


def _held(child: Child) -> tuple[float, float]:
    """MiB now and at the highest, as the kernel counts them."""
    status = Path(f"/proc/{child.process.pid}/status").read_text("utf-8")
    return _mib(status, "VmRSS"), _mib(status, "VmHWM")


def _mib(status: str, name: str) -> float:
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    if found is None:
        raise LookupError(name)
    return int(found[1]) / 1024


async def _libraries() -> float:
    """MiB of an interpreter that has imported what we stand on, and nothing of ours."""
    code = f"import {', '.join(LIBRARIES)}; print(open('/proc/self/status').read())"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return _mib(out.decode(), "VmHWM")


def _config(folder: Path, port: int, service_port: int, dsn: str) -> Path:
    path = folder / "maillage.yaml"
    world = shipped_paths()
    content = {
        "homeserver": {
            "url": f"http://{LOOPBACK}:{port}",
            "server_name": "maillage.test",
            "registration": "synapse/registration.yaml",
        },
        "listen": {"port": service_port},
        "database": {"dsn": dsn},
        "keys": "keys",
        "world": {
            "templates": str(world.templates),
            "territories": str(world.territories),
            "charters": str(world.charters),
            "policies": str(world.policies),
        },
    }
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(content, file)
    return path
