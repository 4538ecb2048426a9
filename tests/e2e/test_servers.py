"""The servers under the demonstration and the tests: they start, survive, and leave nothing."""

import asyncio
import os
import signal
import stat
import sys
from pathlib import Path

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.client import Client
from support.homeserver import MakeAccount, homeserver_plan

from appservice.demo import database
from appservice.demo.child import start_child, wait_until
from appservice.demo.database import STILL_LEAVING, Postgres, explain
from appservice.demo.failure import DatabaseFailed, HomeserverFailed, PortTaken
from appservice.demo.homeserver import Homeserver

pytestmark = pytest.mark.e2e


async def test_the_shared_homeserver_answers(make_account: MakeAccount, bot: Client) -> None:
    alice = await make_account("alice")
    assert (await alice.request("GET", "/account/whoami"))["user_id"] == alice.mxid
    assert (await bot.request("GET", "/account/whoami"))["user_id"] == bot.mxid


async def test_an_account_logs_in_again_on_another_device(homeserver: Homeserver) -> None:
    first = await homeserver.register_user("deuxfois", "motdepasse")
    second = await homeserver.login("deuxfois", "motdepasse")
    assert second.mxid == first.mxid
    assert second.device_id != first.device_id


async def test_synapse_s_database_has_the_locale_it_demands(postgres: Postgres) -> None:
    server = await asyncpg.connect(postgres.dsn("synapse"))
    collation = await server.fetchval(
        "SELECT datcollate FROM pg_database WHERE datname = current_database()"
    )
    await server.close()
    assert collation == "C"


async def test_a_database_killed_half_way_starts_again_with_its_data(tmp_path: Path) -> None:
    database = Postgres(tmp_path / "base")
    await database.start("maillage")
    await _run(database, "CREATE TABLE word (it text); INSERT INTO word VALUES ('resté')")
    assert database.pid is not None
    os.kill(database.pid, signal.SIGKILL)
    await database.stop()
    await database.start("maillage")
    server = await asyncpg.connect(database.dsn("maillage"))
    assert await server.fetchval("SELECT it FROM word") == "resté"
    await server.close()
    await database.stop()


async def test_a_database_waits_for_the_last_processes_of_a_killed_one(tmp_path: Path) -> None:
    database = Postgres(tmp_path / "base")
    await database.start("maillage")
    busy = await asyncpg.connect(database.dsn("maillage"))
    left_behind = busy.get_server_pid()
    assert database.pid is not None
    os.kill(left_behind, signal.SIGSTOP)
    os.kill(database.pid, signal.SIGKILL)
    await database.stop()
    output = tmp_path / "base" / "postgres.log"

    async def refused() -> bool:
        return output.is_file() and STILL_LEAVING in output.read_text()

    starting = asyncio.create_task(database.start("maillage"))
    try:
        await wait_until(refused, "the new server's complaint", poll=0.01)
    finally:
        os.kill(left_behind, signal.SIGCONT)
    await starting
    busy.terminate()
    await _run(database, "SELECT 1")
    await database.stop()


async def test_a_first_start_killed_half_way_is_begun_again(tmp_path: Path) -> None:
    draft = tmp_path / "base" / "data.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    database = Postgres(tmp_path / "base")
    await database.start("maillage")
    await database.stop()
    assert not draft.exists()


async def test_two_demonstrations_never_share_a_folder(tmp_path: Path) -> None:
    database = Postgres(tmp_path / "base")
    await database.start()
    with pytest.raises(DatabaseFailed, match="Une autre démonstration utilise déjà"):
        await Postgres(tmp_path / "base").start()
    await database.stop()


async def test_a_folder_whose_path_is_too_long_for_a_socket_works(tmp_path: Path) -> None:
    database = Postgres(tmp_path / ("dossier-" * 12) / "base")
    await database.start("maillage")
    await _run(database, "SELECT 1")
    socket_folder = database.socket_folder
    await database.stop()
    assert not socket_folder.exists()


async def test_a_database_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "fichier").write_text("")
    with pytest.raises(DatabaseFailed, match="n'a pas démarré"):
        await Postgres(tmp_path / "fichier" / "base").start()


async def test_a_damaged_database_shows_its_last_words(tmp_path: Path) -> None:
    database = Postgres(tmp_path / "base")
    await database.start()
    await database.stop()
    (tmp_path / "base" / "data" / "global" / "pg_control").unlink()
    with pytest.raises(DatabaseFailed, match="pg_control"):
        await database.start()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("could not write: No space left on device", "plus de place sur le disque"),
        ("could not create directory: Permission denied", "ne peut pas être écrit"),
        ("PANIC: something else", "voyez les journaux"),
    ],
)
def test_a_failure_of_the_database_is_explained(said: str, reason: str) -> None:
    assert reason in explain(said, Path("/etat"))


async def test_no_server_outlives_a_demonstration_killed_without_a_word(tmp_path: Path) -> None:
    script = (
        "import asyncio, pathlib, sys\n"
        "from appservice.demo.database import Postgres\n"
        "async def main():\n"
        "    database = Postgres(pathlib.Path(sys.argv[1]))\n"
        "    await database.start()\n"
        "    print(database.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    output = tmp_path / "sortie"
    demonstration = await start_child(
        [sys.executable, "-c", script, str(tmp_path / "base")],
        output,
        environment={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    async def said() -> bool:
        assert demonstration.running, output.read_text()
        return output.read_text().strip().isdigit()

    await wait_until(said, "pid")
    pid = int(output.read_text())
    demonstration.process.kill()
    await demonstration.process.wait()

    async def gone() -> bool:
        return not _alive(pid)

    await wait_until(gone, "the end of PostgreSQL", 15)


async def test_a_homeserver_whose_port_is_taken_says_so(
    homeserver: Homeserver, postgres: Postgres, charter_key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    plan = homeserver_plan(tmp_path, postgres, charter_key, port=homeserver.plan.port)
    with pytest.raises(PortTaken, match=f"{homeserver.plan.port}.*serveur Matrix"):
        await Homeserver(plan).start()


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ({"database": {"name": "oracle"}}, "oracle"),
        ({"modules": [{"module": "no_such_gate.CharterGate", "config": {}}]}, "no_such_gate"),
        (
            {"modules": [{"module": "charter_gate.CharterGate", "config": {"bot": "@m:x"}}]},
            r"public_key \(or public_keys, a list\) is missing",
        ),
    ],
)
async def test_a_broken_configuration_shows_the_last_lines_of_the_log(
    postgres: Postgres,
    charter_key: Ed25519PrivateKey,
    tmp_path: Path,
    mistake: dict[str, object],
    words: str,
) -> None:
    plan = homeserver_plan(tmp_path, postgres, charter_key, overrides=mistake)
    with pytest.raises(HomeserverFailed, match=words):
        await Homeserver(plan).start()


async def test_secrets_are_private_and_kept_across_restarts(
    postgres: Postgres, charter_key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    await postgres.create_database("synapse_restart")
    plan = homeserver_plan(tmp_path, postgres, charter_key, database="synapse_restart")
    homeserver = Homeserver(plan)
    await homeserver.start()
    token = homeserver.as_token
    await homeserver.register_user("reste", "motdepasse")
    await homeserver.stop()
    await homeserver.start()
    assert homeserver.as_token == token
    assert (await homeserver.login("reste", "motdepasse")).mxid == "@reste:maillage.test"
    await homeserver.stop()
    private = ["secrets.json", "signing.key", "registration.yaml", "homeserver.yaml"]
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in private}
    assert modes == dict.fromkeys(private, 0o600)


async def _run(database: Postgres, query: str) -> None:
    server = await asyncpg.connect(database.dsn("maillage"))
    await server.execute(query)
    await server.close()


def _alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    # A process that ended and that nobody has reaped yet is dead too.
    return status.rpartition(") ")[2][0] != "Z"


@pytest.mark.skipif(os.geteuid() != 0, reason="PostgreSQL refuses root only")
@pytest.mark.parametrize("granted", [True, False], ids=["disguised", "as a system user"])
async def test_root_runs_a_database_and_finds_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, granted: bool
) -> None:
    if granted and not database.can_disguise():
        pytest.fail("this kernel grants no user namespace: run as another account than root")
    monkeypatch.setattr(database, "can_disguise", lambda: granted)
    folder = tmp_path / "postgres"
    first = Postgres(folder)
    await first.start("maillage")
    await first.stop()
    monkeypatch.undo()
    second = Postgres(folder)
    await second.start("maillage")
    await second.stop()
    assert (folder.stat().st_uid == 0) is granted
