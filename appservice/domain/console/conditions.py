"""What the console says of a channel that does not work as it should, and what mends it."""

from collections.abc import Mapping
from dataclasses import dataclass

from appservice.domain.member import Channel

_WAITS = "Ses messages attendent et partiront dans l'ordre."
_STATUS = "maillage signal status"
# By the bridge's codes: what is wrong, what it does, the operator's command.
_SIGNAL: Mapping[str, tuple[str, str, str]] = {
    "signal_down": ("signal-cli ne répond pas.", _WAITS, "docker compose up -d signal"),
    "signal_unreachable": (
        "Les serveurs de Signal sont hors d'atteinte de notre serveur.", _WAITS, _STATUS,
    ),
    "challenge_required": (
        "Signal veut une preuve qu'une personne est là (captcha).", _WAITS, _STATUS,
    ),
    "captcha_rejected": (
        "Signal refuse la preuve donnée (captcha).", _WAITS, _STATUS,
    ),
    "account_not_registered": (
        "Signal ne connaît plus notre compte.",
        "Rien ne part ni n'arrive par Signal.",
        "maillage signal link",
    ),
    "untrusted_identity": (
        "Un membre a un nouveau téléphone, ou a réinstallé Signal.",
        "Rien ne lui parvient par Signal tant que personne ne l'a reconnu.",
        _STATUS,
    ),
    "device_fades": (
        "Un appareil lié à notre compte n'a pas servi depuis 20 jours.",
        "Signal le déliera à 30.",
        _STATUS,
    ),
    "rate_limited": (
        "Signal nous demande de ralentir.",
        "La file se vide dans l'ordre, au rythme qu'il accepte.",
        "",
    ),
}  # fmt: skip
_OTHER = ("Ce canal ne fonctionne pas comme il devrait.", _WAITS, "maillage doctor")


@dataclass(frozen=True, slots=True)
class Condition:
    """Of one channel. `code` is the bridge's."""

    channel: Channel
    code: str

    @property
    def french(self) -> str:
        """What is wrong."""
        return self._said[0]

    @property
    def effect(self) -> str:
        """What becomes of messages."""
        return self._said[1]

    @property
    def command(self) -> str:
        """What the operator types; empty when there is nothing to do."""
        return self._said[2]

    @property
    def _said(self) -> tuple[str, str, str]:
        known = _SIGNAL if self.channel is Channel.SIGNAL else {}
        return known.get(self.code, _OTHER)


EVERY: tuple[Condition, ...] = (
    *(Condition(Channel.SIGNAL, code) for code in _SIGNAL),
    Condition(Channel.SMS, "down"),
)
"""One for each thing that may be said."""
