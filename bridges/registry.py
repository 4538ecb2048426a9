"""The channels there are, by name, and what each needs to be made."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from typing import Generic, TypeVar

from bridges.protocol import Bridge
from bridges.signal.bridge import SignalBridge
from bridges.signal.settings import SignalSettings
from bridges.sms.bridge import SmsBridge
from bridges.sms.gammu import Gammu
from bridges.sms.kannel import Kannel
from bridges.sms.ovh import OvhSms
from bridges.sms.settings import GammuSettings, KannelSettings, OvhSettings

Clock = Callable[[], datetime]
S = TypeVar("S", SignalSettings, KannelSettings, OvhSettings, GammuSettings)


@dataclass(frozen=True, slots=True)
class Factory(Generic[S]):
    """The settings that a channel takes, and how it is made from them."""

    settings: type[S]
    make: Callable[[S, Clock], Bridge]

    def __call__(self, given: Mapping[str, object], clock: Clock) -> Bridge:
        """Raises ValueError naming every unknown or missing setting at once."""
        known = {field.name: field for field in fields(self.settings)}
        problems = [f"unknown setting {name!r}" for name in given if name not in known]
        problems += [
            f"missing setting {name!r}"
            for name, field in known.items()
            if name not in given and field.default is MISSING
        ]
        if problems:
            raise ValueError(", ".join(problems))
        return self.make(self.settings(**given), clock)  # type: ignore[arg-type] # types of values are the file reader's


AnyFactory = (
    Factory[SignalSettings]
    | Factory[KannelSettings]
    | Factory[OvhSettings]
    | Factory[GammuSettings]
)
FACTORIES: Mapping[str, AnyFactory] = {
    "signal": Factory(SignalSettings, SignalBridge),
    # SMS, by the kind of gateway.
    "kannel": Factory(KannelSettings, lambda s, clock: SmsBridge(Kannel(s, clock), s)),
    "ovh": Factory(OvhSettings, lambda s, clock: SmsBridge(OvhSms(s, clock), s)),
    "gammu": Factory(GammuSettings, lambda s, clock: SmsBridge(Gammu(s, clock), s)),
}
