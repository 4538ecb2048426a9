"""What the containers read and run, read and run here: Kannel, Caddy, Prometheus, backups."""

import contextlib
import json
import os
import re
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import asyncpg
import pytest
from aiohttp import web
from support.homeserver import fresh_database, postgres
from support.programs import postgres_programs, program
from support.store_builders import HandClock, a_merchant, counted_ids

from appservice.app import clock
from appservice.demo.child import start_child, wait_until
from appservice.demo.database import Postgres
from appservice.demo.ports import any_free_port
from appservice.files.keys import make_keys
from appservice.store.migrate import migrate
from appservice.store.postgres import connect
from bridges.protocol import Accepted, Inbound, Outcome, Outgoing
from bridges.registry import FACTORIES

__all__ = ["fresh_database", "postgres"]
pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[3]
DOCKER = ROOT / "docker"
NewDatabase = Callable[[], Awaitable[str]]


@contextlib.asynccontextmanager
async def running(*command: str, output: Path, **settings: str) -> AsyncIterator[None]:
    child = await start_child(command, output, environment={**os.environ, **settings})
    try:
        yield
    finally:
        await child.stop()


async def says(url: str, **headers: str) -> tuple[int, str]:
    """0 while nobody answers."""
    try:
        async with aiohttp.ClientSession(headers=headers) as http, http.get(url) as answer:
            return answer.status, await answer.text()
    except aiohttp.ClientError:
        return 0, ""


async def test_kannel_runs_with_the_configuration_that_the_script_writes(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    _run(["sh", str(ROOT / "synapse-config" / "make-secrets.sh"), str(secrets)], {})
    for name in ("dlr", "store"):
        (tmp_path / name).mkdir()
    ports = {word: str(any_free_port()) for word in ("13000", "13001", "13013", "2775")}
    text = (secrets / "kannel").read_text().replace("/var/spool/sms", str(tmp_path))
    # On this machine nothing listens beyond it, and the operator's door is closed.
    text = text.replace("0.0.0.0", "127.0.0.1").replace("smpp.example.fr", "127.0.0.1")
    for usual, free in ports.items():
        text = text.replace(f"= {usual}\n", f"= {free}\n")
    config, output = tmp_path / "kannel.conf", tmp_path / "kannel.out"
    config.write_text(text)
    password = (secrets / "kannel_admin").read_text()
    status = f"http://127.0.0.1:{ports['13000']}/status.txt?password={password}"
    send = f"http://127.0.0.1:{ports['13013']}/cgi-bin/sendsms"
    bearerbox = running(program("bearerbox"), "-v", "4", str(config), output=output)
    async with bearerbox:
        await wait_until(lambda: _is(status, 200), output.read_text())
        async with running(program("smsbox"), "-v", "4", str(config), output=output):
            await wait_until(lambda: _is(send, 403), output.read_text())
            answer = await _sms(send, secrets)
    assert isinstance(answer, Accepted)
    assert "essai" not in output.read_text()
    assert "39980001" not in output.read_text()


async def _sms(url: str, secrets: Path) -> Outcome:
    """Our own bridge, with the password and the secret that the script made."""
    password, secret = ((secrets / f"kannel_{n}").read_text() for n in ("password", "secret"))
    given = {
        "url": url, "username": "maillage", "password": password, "secret": secret,
        "sender": "MAIRIE", "host": "127.0.0.1", "port": any_free_port(),
    }  # fmt: skip
    bridge = FACTORIES["kannel"](given, clock)

    async def unheard(_: Inbound) -> None:
        raise ConnectionError

    await bridge.start(unheard)
    try:
        return await bridge.send(Outgoing("essai-1", "+33639980001", "essai"))
    finally:
        await bridge.stop()


async def _is(url: str, status: int) -> bool:
    return (await says(url))[0] == status


@pytest.mark.parametrize("workers", [False, True], ids=["alone", "workers"])
async def test_caddy_lets_clients_through_and_nothing_else(tmp_path: Path, workers: bool) -> None:
    async def upstream(name: str) -> str:
        async def answer(request: web.Request) -> web.Response:
            return web.Response(text=name)

        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        port = any_free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        stack.push_async_callback(runner.cleanup)
        return f"127.0.0.1:{port}"

    front, other = any_free_port(), any_free_port()
    async with contextlib.AsyncExitStack() as stack:
        text = (DOCKER / "caddy" / "Caddyfile").read_text()
        text = text.replace("element.{$DOMAIN} {", f"http://127.0.0.1:{other} {{")
        text = text.replace("{$DOMAIN} {\n", f"http://127.0.0.1:{front} {{\n", 1)
        text = text.replace("synapse:8008", await upstream("main"))
        text = text.replace("element:8080", await upstream("element"))
        (tmp_path / "Caddyfile").write_text(text)
        if workers:
            (tmp_path / "routes").mkdir()
            reading = (DOCKER / "caddy" / "workers" / "sync.caddy").read_text()
            reads = await upstream("worker")
            reading = reading.replace("sync-1:8081 sync-2:8081", reads)
            (tmp_path / "routes" / "sync.caddy").write_text(reading)
        output, home = tmp_path / "caddy.out", {"HOME": str(tmp_path), "DOMAIN": "exemple.fr"}
        command = [program("caddy"), "run", "--config", str(tmp_path / "Caddyfile")]
        caddy = running(*command, "--adapter", "caddyfile", output=output, **home)
        await stack.enter_async_context(caddy)
        base = f"http://127.0.0.1:{front}"
        await wait_until(lambda: _is(f"{base}/_matrix/client/versions", 200), "Caddy")
        for private in (
            "/_synapse/admin/v1/users", "/_matrix/federation/v1/version", "/_matrix/app/v1/ping",
            "/_synapse/metrics", "/nowhere",
        ):  # fmt: skip
            assert (await says(base + private))[0] == 404, private
        reader = "worker" if workers else "main"
        assert await says(f"{base}/_matrix/client/v3/sync?since=1") == (200, reader)
        assert await says(f"{base}/_matrix/client/v3/rooms/!a:b/messages") == (200, reader)
        assert await says(f"{base}/_matrix/client/v3/login") == (200, "main")
        status, known = await says(f"{base}/.well-known/matrix/client")
        assert status == 200
        assert json.loads(known) == {"m.homeserver": {"base_url": "https://exemple.fr"}}
        assert await says(f"http://127.0.0.1:{other}/") == (200, "element")


def test_prometheus_accepts_its_configuration_and_rules(tmp_path: Path) -> None:
    for file in (DOCKER / "prometheus").iterdir():
        (tmp_path / file.name).write_text(
            file.read_text().replace("/etc/prometheus/", f"{tmp_path}/")
        )
    command = [program("promtool"), "check", "config", str(tmp_path / "prometheus.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"SUCCESS: [1-9]\d* rules found", done.stdout)


async def test_a_backup_is_restored_with_the_keys_that_lay_apart(
    fresh_database: NewDatabase, postgres: Postgres, tmp_path: Path
) -> None:
    dsn = await fresh_database()
    await migrate(dsn)
    keys, clock = make_keys(tmp_path / "keys"), HandClock()
    store = await connect(dsn, keys, clock, counted_ids())
    async with store.transaction() as tx:
        await tx.members.save(a_merchant("lea"))
    await store.close()
    bases, apart = tmp_path / "bases", tmp_path / "apart"
    settings = {
        "PATH": f"{postgres_programs()}:{os.environ['PATH']}",
        "BACKUPS": str(bases), "KEYS": str(apart), "SYNAPSE": "none",
    }  # fmt: skip
    for folder in (bases, apart):
        folder.mkdir()
    script = (DOCKER / "backup" / "backup.sh").read_text().replace("maillage\n", f'"{dsn}"\n')
    (tmp_path / "backup.sh").write_text(script)
    _run(["sh", str(tmp_path / "backup.sh"), "once"], settings)
    [base], [wrapped] = list(bases.iterdir()), list(apart.iterdir())

    restored = await fresh_database()
    _run(["pg_restore", "--no-owner", f"--dbname={restored}", str(base)], settings)
    connection = await asyncpg.connect(restored)
    assert await connection.fetchval("SELECT count(*) FROM data_keys") == 0
    assert await connection.fetchval("SELECT count(*) FROM members") == 1
    await connection.close()
    _run(["pg_restore", "--data-only", f"--dbname={restored}", str(wrapped)], settings)
    again = await connect(restored, keys, clock, counted_ids())
    async with again.transaction() as tx:
        [member] = await tx.members.everyone()
    await again.close()
    assert member.name == a_merchant("lea").name


def _run(command: list[str], settings: dict[str, str]) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **settings}
    )
    assert done.returncode == 0, done.stdout + done.stderr
