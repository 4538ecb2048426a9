"""Reads `maillage.yaml`, the service's configuration: secrets by path, all mistakes at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from appservice.domain.world import Settings
from appservice.files.config.console import ConsoleConfig, console_of
from appservice.files.config.fields import Address, address_of, path_of, port_of, split, url_of
from appservice.files.config.sms import SmsConfig, sms_of
from appservice.files.config.stamps import TimeStampConfig, time_stamps_of
from appservice.files.world import WorldPaths, shipped_paths
from appservice.files.yaml_source import BadFiles, ProblemList, Table, read_yaml

_T = TypeVar("_T")

METRICS = Address("127.0.0.1", 29322)


@dataclass(frozen=True, slots=True)
class HomeserverConfig:
    """Where the homeserver is and who we are there; `registration` holds both tokens."""

    url: str
    server_name: str
    bot_localpart: str
    registration: Path
    admin_token: Path | None = None  # of the account that makes those of people


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
    metrics: Address = METRICS
    console: ConsoleConfig | None = None
    time_stamps: TimeStampConfig | None = None


def load_config(path: Path) -> Config:
    """Raise BadFiles with every mistake. Relative paths start at the file's folder."""
    problems = ProblemList()
    root = read_yaml(path, problems)
    if root is None:
        raise BadFiles(problems)
    root.only(
        "homeserver", "listen", "database", "keys", "signal", "sms", "world", "alerts", "metrics",
        "console", "time_stamps",
    )  # fmt: skip
    homeserver = _section(root, "homeserver", _homeserver)
    database = _section(root, "database", _database)
    listen = address_of(root, "listen", 29320)
    metrics = address_of(root, "metrics", 29322)
    if metrics == listen:
        root.problem("metrics", "« metrics » et « listen » : il faut deux ports")
    keys = path_of(root, "keys", folder=True)
    world, settings = _world(root), _settings(root)
    signal = _section(root, "signal", _signal) if "signal" in root else None
    sms = _section(root, "sms", sms_of) if "sms" in root else None
    console = _section(root, "console", console_of) if "console" in root else None
    if console is not None and console.listen in (listen, metrics):
        root.problem("console", "« console » : il lui faut un port à elle")
    if sms is not None:
        settings = replace(settings, gsm7_only=sms.gsm7_only)
    if homeserver is None or database is None or len(problems):
        raise BadFiles(problems)
    stamps = _section(root, "time_stamps", time_stamps_of) if "time_stamps" in root else None
    return Config(
        *(homeserver, listen, database, keys, world, settings, signal, sms, metrics, console),
        stamps,
    )


def _section(root: Table, key: str, read: Callable[[Table], _T]) -> _T | None:
    table = root.table(key)
    return None if table is None else read(table)


def _homeserver(table: Table) -> HomeserverConfig:
    table.only("url", "server_name", "bot_localpart", "registration", "admin_token")
    return HomeserverConfig(
        url=url_of(table, "url"),
        server_name=table.text("server_name"),
        bot_localpart=table.text("bot_localpart", "maillage"),
        registration=path_of(table, "registration"),
        admin_token=path_of(table, "admin_token") if "admin_token" in table else None,
    )


def _database(table: Table) -> DatabaseConfig:
    table.only("dsn", "dsn_file")
    if ("dsn" in table) == ("dsn_file" in table):
        table.problem("dsn", "« database » : soit « dsn », soit « dsn_file »")
    dsn = table.text("dsn") if "dsn" in table else None
    if dsn is not None and ("password=" in dsn or split(dsn).password is not None):
        table.problem("dsn", "« dsn » contient un mot de passe : mettez-le dans « dsn_file »")
    return DatabaseConfig(dsn, path_of(table, "dsn_file") if "dsn_file" in table else None)


def _signal(table: Table) -> SignalConfig:
    table.only("host", "port", "account", "http_check")
    account = table.text("account")
    if account and not (account.startswith("+") and account[1:].isdecimal()):
        table.problem("account", "« account » s'écrit au format international (+33…)")
    return SignalConfig(
        host=table.text("host", "127.0.0.1"),
        port=port_of(table, "port", 7583),
        account=account,
        http_check=url_of(table, "http_check") if "http_check" in table else None,
    )


def _world(root: Table) -> WorldPaths:
    usual = shipped_paths()
    table = root.table("world", required=False)
    if table is None:
        return usual
    names = ("templates", "territories", "charters", "policies")
    table.only(*names)
    chosen = {
        name: path_of(table, name, folder=True) if name in table else getattr(usual, name)
        for name in names
    }
    return WorldPaths(**chosen)


def _settings(root: Table) -> Settings:
    usual = Settings()
    table = root.table("alerts", required=False)
    if table is None:
        return usual
    table.only(
        "sms_expires_minutes", "photo_follows_minutes", "photo_kept_hours", "same_event_minutes",
        "quiet_hours", "stranger_days", "strangers_per_hour", "signal_fallback_minutes",
    )  # fmt: skip
    return Settings(
        sms_expires_after=_minutes(table, "sms_expires_minutes", usual.sms_expires_after),
        photo_follows_within=_minutes(table, "photo_follows_minutes", usual.photo_follows_within),
        photo_kept=_minutes(table, "photo_kept_hours", usual.photo_kept, in_one=60),
        same_event_within=_minutes(table, "same_event_minutes", usual.same_event_within, least=0),
        stranger_every=_stranger_days(table, usual.stranger_every),
        strangers_an_hour=_most(table, "strangers_per_hour", usual.strangers_an_hour),
        quiet_hours=table.flag("quiet_hours", usual.quiet_hours),
        signal_fallback_after=_minutes(
            table, "signal_fallback_minutes", usual.signal_fallback_after
        ),
    )


def _stranger_days(table: Table, usual: timedelta) -> timedelta:
    days = table.whole("stranger_days", usual.days)
    if not 1 <= days <= 30:
        table.problem("stranger_days", f"« stranger_days » va de 1 à 30, pas {days}")
    return timedelta(days=min(max(days, 1), 30))


def _most(table: Table, key: str, usual: int) -> int:
    count = table.whole(key, usual)
    if count < 0:
        table.problem(key, f"« {key} » doit être positif ou nul, pas {count}")
    return count


def _minutes(
    table: Table, key: str, usual: timedelta, in_one: int = 1, least: int = 1
) -> timedelta:
    unit = timedelta(minutes=in_one)
    count = table.whole(key, usual // unit)
    if count < least:
        what = "positif" if least else "positif ou nul"
        table.problem(key, f"« {key} » doit être {what}, pas {count}")
    return count * unit
