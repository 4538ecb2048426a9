"""The files a homeserver reads at start, made from the production template."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML

from appservice.demo.ports import LOOPBACK
from appservice.files.registration import registration
from appservice.files.shipped import shipped

UNLIMITED = {"per_second": 100_000, "burst_count": 100_000}
# The demonstration enrols a whole département in a minute; people in production do not.
NO_RATE_LIMITS: dict[str, object] = {
    "rc_message": UNLIMITED,
    "rc_registration": UNLIMITED,
    "rc_login": {"address": UNLIMITED, "account": UNLIMITED, "failed_attempts": UNLIMITED},
    "rc_joins": {"local": UNLIMITED, "remote": UNLIMITED},
    "rc_joins_per_room": UNLIMITED,
    "rc_invites": {"per_room": UNLIMITED, "per_user": UNLIMITED, "per_issuer": UNLIMITED},
    "rc_room_creation": UNLIMITED,
    "rc_admin_redaction": UNLIMITED,
    "rc_key_requests": UNLIMITED,
}
SYNAPSE_SECRETS = ("registration_shared_secret", "macaroon_secret_key", "form_secret")
SECRET_NAMES = (*SYNAPSE_SECRETS, "as_token", "hs_token")


@dataclass(frozen=True, slots=True)
class HomeserverPlan:
    """What one homeserver is: where it lives, who may speak to it, what it trusts."""

    folder: Path
    port: int
    service_port: int
    # The folder of the database's Unix socket, and the name of both database and role.
    database_host: Path
    gate_keys: tuple[str, ...]
    database: str = "synapse"
    server_name: str = "maillage.test"
    bot_localpart: str = "maillage"
    overrides: Mapping[str, object] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def service_url(self) -> str:
        return f"http://{LOOPBACK}:{self.service_port}"

    @property
    def bot(self) -> str:
        return f"@{self.bot_localpart}:{self.server_name}"

    @property
    def config_file(self) -> Path:
        return self.folder / "homeserver.yaml"

    @property
    def log_file(self) -> Path:
        return self.folder / "homeserver.log"


def write_files(plan: HomeserverPlan) -> dict[str, str]:
    """Write everything the homeserver reads; secrets are made once and kept. Returns them."""
    plan.folder.mkdir(parents=True, exist_ok=True)
    kept = _kept_secrets(plan.folder / "secrets.json")
    _signing_key(plan.folder / "signing.key")
    _write_private(
        plan.folder / "registration.yaml",
        registration(
            server_name=plan.server_name,
            url=plan.service_url,
            as_token=kept["as_token"],
            hs_token=kept["hs_token"],
            bot_localpart=plan.bot_localpart,
        ),
    )
    _write_private(plan.folder / "log.yaml", _logging(plan))
    _write_private(plan.config_file, {**_settings(plan, kept), **plan.overrides})
    return kept


def _settings(plan: HomeserverPlan, kept: Mapping[str, str]) -> dict[str, object]:
    template = YAML(typ="safe", pure=True).load(shipped("synapse-config") / "homeserver.yaml")
    return {
        **template,
        **NO_RATE_LIMITS,
        **{name: kept[name] for name in SYNAPSE_SECRETS},
        "server_name": plan.server_name,
        "public_baseurl": f"{plan.url}/",
        "pid_file": str(plan.folder / "homeserver.pid"),
        "signing_key_path": str(plan.folder / "signing.key"),
        "media_store_path": str(plan.folder / "media"),
        "log_config": str(plan.folder / "log.yaml"),
        "listeners": [{**template["listeners"][0], "port": plan.port}],
        "database": _database(plan),
        "app_service_config_files": [str(plan.folder / "registration.yaml")],
        "modules": [
            {
                "module": template["modules"][0]["module"],
                "config": {"bot": plan.bot, "public_keys": list(plan.gate_keys)},
            }
        ],
        "password_config": {"enabled": True},
        "bcrypt_rounds": 4,  # accounts of a demonstration protect nothing; registering is quick
    }


def _database(plan: HomeserverPlan) -> dict[str, object]:
    arguments = {
        "user": plan.database,
        "dbname": plan.database,
        "host": str(plan.database_host),
        "cp_min": 2,
        "cp_max": 10,
    }
    return {"name": "psycopg2", "args": arguments}


def _logging(plan: HomeserverPlan) -> dict[str, object]:
    settings: dict[str, object] = YAML(typ="safe", pure=True).load(
        shipped("synapse-config") / "log.yaml"
    )
    handler = {"class": "logging.FileHandler", "formatter": "precise"}
    return {**settings, "handlers": {"console": {**handler, "filename": str(plan.log_file)}}}


def _kept_secrets(path: Path) -> dict[str, str]:
    kept: dict[str, str] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    missing = {name: secrets.token_urlsafe(32) for name in SECRET_NAMES if name not in kept}
    if missing:
        kept |= missing
        _write_private(path, kept)
    return kept


def _signing_key(path: Path) -> None:
    # The format of signedjson: algorithm, version, unpadded base64 of the seed.
    if not path.is_file():
        seed = base64.b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
        _write_private(path, f"ed25519 a_{secrets.token_hex(2)} {seed}\n")


def _write_private(path: Path, content: object) -> None:
    # Written aside then renamed: a kill half-way never leaves half a secret. JSON is YAML.
    text = content if isinstance(content, str) else json.dumps(content, indent=2)
    draft = path.with_suffix(path.suffix + ".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
