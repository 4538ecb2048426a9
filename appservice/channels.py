"""The channels that the configuration names, each made by its factory."""

from collections.abc import Mapping
from pathlib import Path
from typing import assert_never

from appservice.domain.member import Channel
from appservice.domain.world import World
from appservice.files.config import Config
from appservice.files.config.loader import SignalConfig
from appservice.files.config.sms import GammuConfig, KannelConfig, OvhConfig, SmsConfig
from appservice.flows.departure.fallback import Fallback
from appservice.flows.ports import Clock, Store
from bridges.protocol import Bridge, Groups
from bridges.registry import FACTORIES
from bridges.signal.account import SignalAccount
from bridges.signal.settings import SignalSettings

Given = dict[str, object]


def make_bridges(
    config: Config, clock: Clock, *, receives: bool = True
) -> Mapping[Channel, Bridge]:
    """The channels that the configuration names. Raises OSError for an unreadable secret."""
    made: dict[Channel, Bridge] = {}
    if config.signal is not None:
        given = _signal(config.signal) | {"receives": receives}
        made[Channel.SIGNAL] = FACTORIES["signal"](given, clock)
    if config.sms is not None:
        name, own = _gateway(config.sms)
        made[Channel.SMS] = FACTORIES[name](_sms(config.sms) | own, clock)
    return made


def signal_account(signal: SignalConfig) -> SignalAccount:
    """For commands about the account itself."""
    return SignalAccount(SignalSettings(**_signal(signal)))  # type: ignore[arg-type] # as the factory is given them


def _signal(signal: SignalConfig) -> Given:
    return {
        "account": signal.account,
        "host": signal.host,
        "port": signal.port,
        "check_url": signal.http_check,
    }


def _sms(sms: SmsConfig) -> Given:
    given: Given = {
        "sender": sms.sender,
        "secret": _secret(sms.secret_file),
        "gsm7_only": sms.gsm7_only,
        "max_segments": sms.max_segments,
        "validity_minutes": sms.validity_minutes,
        "rate": sms.rate,
    }
    return given if sms.window is None else given | {"window": sms.window}


def _gateway(sms: SmsConfig) -> tuple[str, Given]:
    """The kind of gateway, and what it alone needs."""
    match sms.gateway:
        case KannelConfig() as kannel:
            return "kannel", {
                "url": kannel.url,
                "username": kannel.user,
                "password": _secret(kannel.password_file),
                "host": kannel.listen.host,
                "port": kannel.listen.port,
                "callback": kannel.callback,
                "check_url": kannel.status_url,
            }
        case OvhConfig() as ovh:
            own: Given = {
                "service": ovh.service,
                "application_key": ovh.application_key,
                "application_secret": _secret(ovh.application_secret_file),
                "consumer_key": _secret(ovh.consumer_key_file),
                "replies": ovh.replies,
            }
            return "ovh", own if ovh.url is None else own | {"url": ovh.url}
        case GammuConfig() as gammu:
            return "gammu", {"dsn": _secret(gammu.dsn_file)}
        case _:
            assert_never(sms.gateway)


def _secret(file: Path) -> str:
    return file.read_text("utf-8").strip()


def groups_of(bridges: Mapping[Channel, Bridge]) -> Groups | None:
    """The bridge that has groups, if any."""
    return next((bridge for bridge in bridges.values() if isinstance(bridge, Groups)), None)


def round_signal_of(
    bridges: Mapping[Channel, Bridge], store: Store, world: World, clock: Clock
) -> Fallback | None:
    """Who tells that Signal fails, and sends round by SMS where there is SMS."""
    if Channel.SIGNAL not in bridges:
        return None
    by_sms = Channel.SMS in bridges
    return Fallback(bridges[Channel.SIGNAL], store, world, clock, by_sms=by_sms)
