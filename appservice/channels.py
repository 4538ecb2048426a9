"""The channels that the configuration names, each made by its factory."""

from collections.abc import Mapping

from appservice.domain.member import Channel
from appservice.files.config import Config
from appservice.flows.ports import Clock
from bridges.protocol import Bridge, Groups
from bridges.registry import FACTORIES


def make_bridges(
    config: Config, clock: Clock, *, receives: bool = True
) -> Mapping[Channel, Bridge]:
    """The channels that the configuration names. Raises OSError for an unreadable secret."""
    made: dict[Channel, Bridge] = {}
    if config.signal is not None:
        signal = config.signal
        given: dict[str, object] = {
            "account": signal.account,
            "host": signal.host,
            "port": signal.port,
            "check_url": signal.http_check,
            "receives": receives,
        }
        made[Channel.SIGNAL] = FACTORIES["signal"](given, clock)
    if config.sms is not None:
        sms = config.sms
        given = {
            "url": sms.url,
            "username": sms.user,
            "password": sms.password_file.read_text("utf-8").strip(),
            "secret": sms.secret_file.read_text("utf-8").strip(),
            "sender": sms.sender,
            "host": sms.listen.host,
            "port": sms.listen.port,
            "callback": sms.callback,
            "check_url": sms.status_url,
            "gsm7_only": sms.gsm7_only,
            "max_segments": sms.max_segments,
        }
        made[Channel.SMS] = FACTORIES["sms"](given, clock)
    return made


def groups_of(bridges: Mapping[Channel, Bridge]) -> Groups | None:
    """The bridge that has groups, if any."""
    return next((bridge for bridge in bridges.values() if isinstance(bridge, Groups)), None)
