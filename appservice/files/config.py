"""Reads `maillage.yaml`, the service's configuration: secrets by path, all mistakes at once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from appservice.domain.world import Settings
from appservice.files.world import WorldPaths, shipped_paths
from appservice.files.yaml_source import BadFiles, ProblemList, Table, read_yaml

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server of ours listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class HomeserverConfig:
    """Where the homeserver is and who we are there; `registration` holds both tokens."""

    url: str
    server_name: str
    bot_localpart: str
    registration: Path


@dataclass(frozen=True, slots=True)
class DatabaseConfig:
    """PostgreSQL, by a DSN without a password or by a file that holds a whole DSN."""

    dsn: str | None
    dsn_file: Path | None

    def resolve(self) -> str:
        """The DSN, read from its file when it is there. Raises OSError."""
        if self.dsn_file is None:
            return self.dsn or ""
        return self.dsn_file.read_text("utf-8").strip()


@dataclass(frozen=True, slots=True)
class SignalConfig:
    """A signal-cli daemon, its account, and the address that says whether it is ready."""

    host: str
    port: int
    account: str
    http_check: str | None


@dataclass(frozen=True, slots=True)
class SmsConfig:
    """A Kannel `sendsms` door and where Kannel calls us back."""

    url: str
    user: str
    password_file: Path
    secret_file: Path
    sender: str
    listen: Address
    callback: str | None
    status_url: str | None
    gsm7_only: bool
    max_segments: int


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that an operator decides. A channel that is left out is not served."""

    homeserver: HomeserverConfig
    listen: Address
    database: DatabaseConfig
    keys: Path
    world: WorldPaths
    settings: Settings
    signal: SignalConfig | None = None
    sms: SmsConfig | None = None
    metrics: Address = Address("127.0.0.1", 29322)


def load_config(path: Path) -> Config:
    """Raise BadFiles with every mistake. Relative paths start at the file's folder."""
    problems = ProblemList()
    root = read_yaml(path, problems)
    if root is None:
        raise BadFiles(problems)
    root.only(
        "homeserver", "listen", "database", "keys", "signal", "sms", "world", "alerts", "metrics"
    )
    homeserver = _section(root, "homeserver", _homeserver)
    database = _section(root, "database", _database)
    listen = _address(root, "listen", 29320)
    metrics = _address(root, "metrics", 29322)
    if metrics == listen:
        root.problem("metrics", "« metrics » et « listen » : il faut deux ports")
    keys = _path(root, "keys", folder=True)
    world, settings = _world(root), _settings(root)
    signal = _section(root, "signal", _signal) if "signal" in root else None
    sms = _section(root, "sms", _sms) if "sms" in root else None
    if homeserver is None or database is None or len(problems):
        raise BadFiles(problems)
    return Config(homeserver, listen, database, keys, world, settings, signal, sms, metrics)


def _section(root: Table, key: str, read: Callable[[Table], _T]) -> _T | None:
    table = root.table(key)
    return None if table is None else read(table)


def _homeserver(table: Table) -> HomeserverConfig:
    table.only("url", "server_name", "bot_localpart", "registration")
    return HomeserverConfig(
        url=_url(table, "url"),
        server_name=table.text("server_name"),
        bot_localpart=table.text("bot_localpart", "maillage"),
        registration=_path(table, "registration"),
    )


def _database(table: Table) -> DatabaseConfig:
    table.only("dsn", "dsn_file")
    if ("dsn" in table) == ("dsn_file" in table):
        table.problem("dsn", "« database » : soit « dsn », soit « dsn_file »")
    dsn = table.text("dsn") if "dsn" in table else None
    if dsn is not None and ("password=" in dsn or _split(dsn).password is not None):
        table.problem("dsn", "« dsn » contient un mot de passe : mettez-le dans « dsn_file »")
    return DatabaseConfig(dsn, _path(table, "dsn_file") if "dsn_file" in table else None)


def _signal(table: Table) -> SignalConfig:
    table.only("host", "port", "account", "http_check")
    account = table.text("account")
    if account and not (account.startswith("+") and account[1:].isdecimal()):
        table.problem("account", "« account » s'écrit au format international (+33…)")
    return SignalConfig(
        host=table.text("host", "127.0.0.1"),
        port=_port(table, "port", 7583),
        account=account,
        http_check=_url(table, "http_check") if "http_check" in table else None,
    )


def _sms(table: Table) -> SmsConfig:
    table.only(
        "url", "user", "password_file", "secret_file", "sender", "listen", "callback",
        "status_url", "gsm7_only", "max_segments",
    )  # fmt: skip
    segments = table.whole("max_segments", 3)
    if not 1 <= segments <= 6:
        table.problem("max_segments", f"« max_segments » va de 1 à 6, pas {segments}")
    return SmsConfig(
        url=_url(table, "url"),
        user=table.text("user"),
        password_file=_path(table, "password_file"),
        secret_file=_path(table, "secret_file"),
        sender=_sender(table),
        listen=_address(table, "listen", 29321),
        callback=_url(table, "callback") if "callback" in table else None,
        status_url=_url(table, "status_url") if "status_url" in table else None,
        gsm7_only=table.flag("gsm7_only", False),
        max_segments=segments,
    )


def _sender(table: Table) -> str:
    sender = table.text("sender")
    if sender and not (len(sender) <= 11 and sender.isascii() and sender.isalnum()):
        table.problem("sender", "« sender » : 11 lettres ou chiffres au plus, sans accent")
    return sender


def _world(root: Table) -> WorldPaths:
    usual = shipped_paths()
    table = root.table("world", required=False)
    if table is None:
        return usual
    names = ("templates", "territories", "charters", "policies")
    table.only(*names)
    chosen = {
        name: _path(table, name, folder=True) if name in table else getattr(usual, name)
        for name in names
    }
    return WorldPaths(**chosen)


def _settings(root: Table) -> Settings:
    usual = Settings()
    table = root.table("alerts", required=False)
    if table is None:
        return usual
    table.only(
        "sms_expires_minutes", "photo_follows_minutes", "photo_kept_hours", "same_event_minutes"
    )  # fmt: skip
    return Settings(
        sms_expires_after=_minutes(table, "sms_expires_minutes", usual.sms_expires_after),
        photo_follows_within=_minutes(table, "photo_follows_minutes", usual.photo_follows_within),
        photo_kept=_minutes(table, "photo_kept_hours", usual.photo_kept, in_one=60),
        same_event_within=_minutes(table, "same_event_minutes", usual.same_event_within, least=0),
    )


def _minutes(
    table: Table, key: str, usual: timedelta, in_one: int = 1, least: int = 1
) -> timedelta:
    unit = timedelta(minutes=in_one)
    count = table.whole(key, usual // unit)
    if count < least:
        what = "positif" if least else "positif ou nul"
        table.problem(key, f"« {key} » doit être {what}, pas {count}")
    return count * unit


def _address(table: Table, key: str, port: int) -> Address:
    inner = table.table(key, required=False)
    if inner is None:
        return Address("127.0.0.1", port)
    inner.only("host", "port")
    return Address(inner.text("host", "127.0.0.1"), _port(inner, "port", port))


def _port(table: Table, key: str, usual: int) -> int:
    port = table.whole(key, usual)
    if not 0 < port < 65536:
        table.problem(key, f"« {key} » va de 1 à 65535, pas {port}")
    return port


def _url(table: Table, key: str) -> str:
    url = table.text(key)
    parts = _split(url)
    if url and (parts.scheme not in {"http", "https"} or not parts.netloc):
        table.problem(key, f"« {key} » doit être une adresse http:// ou https://, pas « {url} »")
    if parts.password is not None:
        table.problem(key, f"« {key} » contient un mot de passe : passez par un fichier")
    return url


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return SplitResult("", "", "", "", "")
    return parts


def _path(table: Table, key: str, *, folder: bool = False) -> Path:
    text = table.text(key)
    path = table.path.parent / text
    if text and not (path.is_dir() if folder else path.is_file()):
        what = "dossier introuvable" if folder else "fichier introuvable"
        table.problem(key, f"« {key} » : {what} « {text} »")
    return path
