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


def _compose(*files: str) -> dict[str, Any]:
    """The compose files as docker-compose understands them."""
    if shutil.which("docker-compose") is None:
        pytest.fail("docker-compose is missing: make tools", pytrace=False)
    given = [part for file in files for part in ("-f", str(ROOT / file))]
    command = ["docker-compose", *given, "--profile", "backup", "config"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    parsed: dict[str, Any] = YAML(typ="safe", pure=True).load(done.stdout)
    return parsed


@pytest.fixture(scope="module", params=["alone", "workers"])
def compose(request: pytest.FixtureRequest) -> dict[str, Any]:
    more = ["docker/workers.yml"] if request.param == "workers" else []
    return _compose("docker-compose.yml", *more)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    subprocess.run(["sh", MAKE_SECRETS, folder], check=True, capture_output=True)
    return folder


def test_only_the_tls_front_is_published_beyond_this_machine(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for port in service.get("ports", []):
            said = port if isinstance(port, str) else f"{port.get('host_ip', '')}:{port}"
            assert name == "caddy" or said.startswith("127.0.0.1"), name
    assert compose["services"]["postgres"]["networks"].keys() == {"inside"}
    assert "outside" not in compose["services"]["maillage"]["networks"]


def test_everything_says_how_it_feels_and_comes_back(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if name == "synapse-volume":  # it is done in a moment
            assert service["restart"] == "no"
            continue
        assert service["healthcheck"]["test"], name
        assert service["restart"] == "unless-stopped", name


def test_nothing_has_more_rights_than_it_needs(compose: dict[str, Any]) -> None:
    needed = {"caddy": ["NET_BIND_SERVICE"], "synapse-volume": ["CHOWN"]}
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service.get("cap_add", []) == needed.get(name, []), name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert not service.get("privileged"), name


def test_every_file_that_a_container_reads_is_there(compose: dict[str, Any]) -> None:
    made = ("secrets", "backups")  # by the operator, as docs/exploitation.md says
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source = volume if isinstance(volume, dict) else {"source": volume.split(":")[0]}
            path = Path(source["source"])
            if path.is_absolute() and not set(made) & set(path.relative_to(ROOT).parts):
                assert path.exists(), (name, path)


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
    assert f":{config.metrics.port}/" in str(compose["services"]["maillage"]["healthcheck"])
    scraped = (ROOT / "docker" / "prometheus" / "prometheus.yml").read_text()
    assert f"maillage:{config.metrics.port}" in scraped
    assert config.signal is not None
    assert f"--tcp=0.0.0.0:{config.signal.port}" in compose["services"]["signal"]["command"]
    assert config.sms is not None
    kannel = (secrets / "kannel").read_text()
    assert (
        f"maillage:{config.sms.gateway.listen.port}/{config.sms.secret_file.read_text()}/mo"
        in kannel
    )
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


@pytest.fixture
def filled(secrets: Path, tmp_path: Path) -> Path:
    """The folder of the settings, filled in with what our own commands print."""
    key = _maillage("keys", str(tmp_path / "keys")).strip()
    words = ("--server-name", "alertes.example.fr", "--url", "http://maillage:29320")
    (secrets / "registration").write_text(_maillage("registration", *words))
    settings = (CONFIG / "homeserver.yaml").read_text()
    (tmp_path / "homeserver.yaml").write_text(
        settings.replace("- CHANGE", f"- {key}")
        .replace("/run/secrets", str(secrets))
        .replace("/data/", f"{tmp_path}/")
    )
    for file in (ROOT / "docker" / "synapse").iterdir():
        text = file.read_text().replace("/config/log.yaml", str(CONFIG / "log.yaml"))
        (tmp_path / file.name).write_text(text)
    return tmp_path


def test_synapse_accepts_the_production_settings(secrets: Path, filled: Path) -> None:
    files = [filled / "homeserver.yaml", CONFIG / "compose.yaml", secrets / "synapse"]
    done = _synapse_reads(files, "server.server_name")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "alertes.example.fr" in done.stdout


@pytest.mark.parametrize("process", ["", "sync-1", "sync-2", "background"])
def test_synapse_accepts_the_settings_of_each_worker(
    secrets: Path, filled: Path, process: str
) -> None:
    files = [filled / "homeserver.yaml", CONFIG / "compose.yaml", filled / "shared.yaml"]
    files.append(secrets / "synapse")
    files += [filled / f"{process}.yaml"] if process else []
    done = _synapse_reads(files, "worker.worker_name")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (process or "None") in done.stdout
    services = _compose("docker-compose.yml", "docker/workers.yml")["services"]
    read = [word.split("=")[1] for word in services[process or "synapse"]["command"][1:]]
    assert [Path(path).name for path in read] == [path.name for path in files]


def test_settings_nobody_filled_in_do_not_start(secrets: Path, tmp_path: Path) -> None:
    (secrets / "registration").write_text("{}")
    files = [CONFIG / "homeserver.yaml", secrets / "synapse"]
    done = _synapse_reads(files, "server.server_name")
    assert done.returncode != 0
    assert "charter_gate.CharterGate" in done.stdout + done.stderr
