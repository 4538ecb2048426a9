"""What a mairie deploys: the compose file, the secrets and the production settings."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from ruamel.yaml import YAML

from appservice.demo.database import Postgres
from appservice.files.config import load_config
from appservice.files.shipped import shipped

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
CONFIG = shipped("synapse-config")
MAKE_SECRETS = CONFIG / "make-secrets.sh"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The compose file as docker-compose understands it."""
    if shutil.which("docker-compose") is None:
        pytest.fail("docker-compose is missing: apt-get install docker-compose", pytrace=False)
    command = ["docker-compose", "-f", str(ROOT / "docker-compose.yml"), "config"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    parsed: dict[str, Any] = YAML(typ="safe", pure=True).load(done.stdout)
    return parsed


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    subprocess.run(["sh", MAKE_SECRETS, folder], check=True, capture_output=True)
    return folder


def test_nothing_is_published_beyond_this_machine(compose: dict[str, Any]) -> None:
    published = [port for it in compose["services"].values() for port in it.get("ports", [])]
    assert published
    for port in published:
        address = port["host_ip"] if isinstance(port, dict) else port
        assert address.startswith("127.0.0.1")
    assert compose["services"]["postgres"]["networks"].keys() == {"inside"}


def test_everything_says_how_it_feels_and_comes_back(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["healthcheck"]["test"], name
        assert service["restart"] == "unless-stopped", name


def test_every_secret_is_a_file_that_the_script_makes(
    compose: dict[str, Any], secrets: Path
) -> None:
    wanted = {Path(secret["file"]).name for secret in compose["secrets"].values()}
    assert wanted <= {path.name for path in secrets.iterdir()}
    assert secrets.stat().st_mode & 0o077 == 0
    environments = [str(it.get("environment", {})) for it in compose["services"].values()]
    assert not any("PASSWORD=" in words for words in environments)


def test_the_service_accepts_its_settings(
    compose: dict[str, Any], secrets: Path, tmp_path: Path
) -> None:
    (tmp_path / "keys").mkdir()
    settings = (ROOT / "maillage.yaml").read_text()
    filled = tmp_path / "maillage.yaml"
    filled.write_text(
        settings.replace("/run/secrets", str(secrets)).replace("/data", str(tmp_path))
    )
    config = load_config(filled)
    assert config.database.resolve().endswith("@postgres/maillage")
    assert f":{config.listen.port}/" in str(compose["services"]["maillage"]["healthcheck"])
    homeserver = YAML(typ="safe", pure=True).load(CONFIG / "homeserver.yaml")
    assert config.homeserver.server_name == homeserver["server_name"]


def test_secrets_are_made_once(secrets: Path) -> None:
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    subprocess.run(["sh", MAKE_SECRETS, secrets], check=True, capture_output=True)
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before


async def test_postgresql_takes_the_databases_that_the_script_writes(
    secrets: Path, tmp_path: Path
) -> None:
    database = Postgres(tmp_path / "base")
    await database.start()
    server = await asyncpg.connect(database.dsn("postgres"))
    # One statement at a time: CREATE DATABASE refuses to be part of a batch.
    for statement in (secrets / "databases").read_text().strip().split("\n"):
        await server.execute(statement)
    names = await server.fetch("SELECT datname FROM pg_database WHERE datcollate = 'C'")
    await server.close()
    await database.stop()
    assert {"synapse", "maillage"} <= {row["datname"] for row in names}


def _synapse_reads(files: list[Path], setting: str) -> subprocess.CompletedProcess[str]:
    config = [part for file in files for part in ("-c", str(file))]
    return subprocess.run(
        [sys.executable, "-m", "synapse.config", "read", setting, *config],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(CONFIG)},
    )


def _maillage(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "appservice", *words], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_synapse_accepts_the_production_settings(secrets: Path, tmp_path: Path) -> None:
    """Filled in as synapse-config/README.md says, with what our own commands print."""
    key = _maillage("keys", str(tmp_path / "keys")).strip()
    words = ("--server-name", "alertes.example.fr", "--url", "http://maillage:29320")
    (secrets / "registration").write_text(_maillage("registration", *words))
    settings = (CONFIG / "homeserver.yaml").read_text()
    filled = tmp_path / "homeserver.yaml"
    filled.write_text(
        settings.replace("- CHANGE", f"- {key}")
        .replace("/run/secrets", str(secrets))
        .replace("/data/", f"{tmp_path}/")
    )
    files = [filled, CONFIG / "compose.yaml", secrets / "synapse"]
    done = _synapse_reads(files, "server.server_name")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "alertes.example.fr" in done.stdout


def test_settings_nobody_filled_in_do_not_start(secrets: Path, tmp_path: Path) -> None:
    (secrets / "registration").write_text("{}")
    files = [CONFIG / "homeserver.yaml", secrets / "synapse"]
    done = _synapse_reads(files, "server.server_name")
    assert done.returncode != 0
    assert "charter_gate.CharterGate" in done.stdout + done.stderr
