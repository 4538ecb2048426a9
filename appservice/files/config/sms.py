"""The `sms` part of the configuration: sender, text, pace, and one of three gateways."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from appservice.files.config.fields import Address, address_of, path_of, url_of
from appservice.files.yaml_source import Table

_COMMON = (
    *("transport", "sender", "secret_file", "gsm7_only", "max_segments"),
    *("validity_minutes", "window", "rate"),
)
_SHORT_CODE = ("36", "38")  # five digits that can be answered, in France
# Operators refuse a name that anybody could bear: the reader must know who writes.
_GENERIC = frozenset(
    "alert alerte alertes alerts client contact france info infos information message msg news "
    "notif notification secours securite service sms stop test urgence urgences urgent".split()
)


@dataclass(frozen=True, slots=True)
class KannelConfig:
    """A Kannel `sendsms` door and where Kannel calls us back."""

    url: str
    user: str
    password_file: Path
    listen: Address
    callback: str | None
    status_url: str | None


@dataclass(frozen=True, slots=True)
class OvhConfig:
    """An SMS account at OVHcloud and the keys of an application."""

    service: str
    application_key: str
    application_secret_file: Path
    consumer_key_file: Path
    url: str | None
    replies: bool


@dataclass(frozen=True, slots=True)
class GammuConfig:
    """The database of a gammu-smsd."""

    dsn_file: Path


@dataclass(frozen=True, slots=True)
class SmsConfig:
    """What every gateway needs, and the gateway. None: the gateway's usual pace."""

    gateway: KannelConfig | OvhConfig | GammuConfig
    sender: str
    secret_file: Path
    gsm7_only: bool
    max_segments: int
    validity_minutes: int
    window: int | None
    rate: int


def sms_of(table: Table) -> SmsConfig:
    """Keeps every mistake, the keys of another gateway included."""
    transport = table.choice("transport", _GATEWAYS, "kannel")
    gateway = _GATEWAYS.get(transport, _kannel)(table)
    return SmsConfig(
        gateway=gateway,
        sender=_sender(table),
        secret_file=path_of(table, "secret_file"),
        gsm7_only=table.flag("gsm7_only", False),
        max_segments=_between(table, "max_segments", 3, 1, 6),
        validity_minutes=_between(table, "validity_minutes", 30, 5, 1440),
        window=_between(table, "window", 1, 1, 100) if "window" in table else None,
        rate=_between(table, "rate", 0, 0, 1000),
    )


def _kannel(table: Table) -> KannelConfig:
    own = ("url", "user", "password_file", "listen", "callback", "status_url")
    table.only(*_COMMON, *own)
    return KannelConfig(
        url=url_of(table, "url"),
        user=table.text("user"),
        password_file=path_of(table, "password_file"),
        listen=address_of(table, "listen", 29321),
        callback=url_of(table, "callback") if "callback" in table else None,
        status_url=url_of(table, "status_url") if "status_url" in table else None,
    )


def _ovh(table: Table) -> OvhConfig:
    own = ("service", "application_key", "application_secret_file", "consumer_key_file")
    table.only(*_COMMON, *own, "url", "replies")
    return OvhConfig(
        service=table.text("service"),
        application_key=table.text("application_key"),
        application_secret_file=path_of(table, "application_secret_file"),
        consumer_key_file=path_of(table, "consumer_key_file"),
        url=url_of(table, "url") if "url" in table else None,
        replies=table.flag("replies", False),
    )


def _gammu(table: Table) -> GammuConfig:
    table.only(*_COMMON, "dsn_file")
    return GammuConfig(dsn_file=path_of(table, "dsn_file"))


_GATEWAYS: Mapping[str, Callable[[Table], KannelConfig | OvhConfig | GammuConfig]] = {
    "kannel": _kannel,
    "ovh": _ovh,
    "gammu": _gammu,
}


def _sender(table: Table) -> str:
    sender = table.text("sender")
    mistake = _mistake(sender) if sender else ""
    if mistake:
        table.problem("sender", f"« sender » : {mistake}")
    return sender


def _mistake(sender: str) -> str:
    """What operators would refuse, in words; empty when nothing is wrong."""
    if not (len(sender) <= 11 and sender.isascii() and sender.isalnum()):
        return "11 lettres ou chiffres au plus, sans accent"
    if sender.isdigit():
        short = len(sender) == 5 and sender.startswith(_SHORT_CODE)
        return "" if short else "un nom, ou un numéro court à cinq chiffres (36… ou 38…)"
    if len(sender) < 3:
        return "trois lettres au moins"
    if sender.lower() in _GENERIC:
        return f"« {sender} » ne dit pas qui écrit, les opérateurs le refusent ; mettez la commune"
    return ""


def _between(table: Table, key: str, usual: int, least: int, most: int) -> int:
    value = table.whole(key, usual)
    if not least <= value <= most:
        table.problem(key, f"« {key} » va de {least} à {most}, pas {value}")
    return value
