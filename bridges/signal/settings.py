"""How to reach signal-cli, and how patient to be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignalSettings:
    """One account of one signal-cli daemon. Times are in seconds.

    `check_url` is its HTTP readiness (`/api/v1/check`); without one, the first call asks its
    version. `socket` (a path) goes before `host` and `port`.
    """

    account: str  # E.164, as registered
    host: str = "127.0.0.1"
    port: int = 7583
    socket: str | None = None
    check_url: str | None = None
    name: str = "signal"
    receives: bool = True  # false for a command that only looks after groups
    aci: str | None = None  # our own uuid, when known; else we are told from our number
    call_timeout: float = 60
    retry_first: float = 0.5
    retry_last: float = 30
    max_attachment: int = 20 * 1024 * 1024  # bytes; a bigger one arrives empty
