"""Power levels of a room: what `m.room.power_levels` must hold (Matrix spec, Power levels)."""

from collections.abc import Iterable, Mapping

from appservice.domain.ids import UserId
from appservice.domain.room import Template, Writers

_SERVICE_ONLY = 100


def power_levels(template: Template, officers: Iterable[UserId]) -> Mapping[str, object]:
    """The whole content for a room of that template with those officers in it.

    Every key is written, so that a server's defaults never decide. In room version 12 the
    creator, which is the service, is above all levels and must not appear among `users`.
    """
    announcement = template.writers is Writers.SERVICE
    power = template.officer_power
    redaction = power or _SERVICE_ONLY
    # Whoever may redact must also be let to send the redaction itself.
    events = {"m.room.redaction": redaction} if announcement and power else {}
    return {
        "users": dict.fromkeys(sorted(officers), power) if power else {},
        "users_default": 0,
        "events": events,
        "events_default": _SERVICE_ONLY if announcement else 0,
        "state_default": _SERVICE_ONLY,
        "invite": _SERVICE_ONLY,
        "kick": _SERVICE_ONLY,
        "ban": _SERVICE_ONLY,
        "redact": redaction,
        "historical": _SERVICE_ONLY,
        "notifications": {"room": redaction},
    }


def same_powers(actual: Mapping[str, object], desired: Mapping[str, object]) -> bool:
    """Whether the room grants what it must; keys that mean nothing are not compared."""
    return actual == desired or all(actual.get(key) == value for key, value in desired.items())
