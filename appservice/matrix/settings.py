"""What the Matrix side needs to know, and whom it tells."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class MatrixSettings:
    """Where the homeserver is, who we are there, and what we keep."""

    homeserver: str  # URL
    server_name: str
    as_token: str = field(repr=False)
    hs_token: str = field(repr=False)
    database: str = field(repr=False)  # PostgreSQL DSN, for mautrix's tables
    pickle_key: bytes = field(repr=False)  # seals the device's keys in those tables
    recovery_key_file: Path
    bot_localpart: str = "maillage"
    appservice_id: str = "maillage"
    display_name: str = "Maillage"
    bind_host: str = "127.0.0.1"
    bind_port: int = 8009
    media_limit: int = 20 * MEBIBYTE  # bytes of one attachment
    keep_keys: timedelta = timedelta(days=30)  # of what others wrote; their clients rotate weekly
    patience: timedelta = timedelta(hours=2)  # for the key of a message that can't be read yet

    @property
    def bot(self) -> str:
        """The bot's user id."""
        return f"@{self.bot_localpart}:{self.server_name}"


class Unreadable(StrEnum):
    """Why a person's message, or a part of it, did not get through."""

    UNDECRYPTABLE = "undecryptable"  # its key never came
    ATTACHMENT_TOO_LARGE = "attachment-too-large"
    ATTACHMENT_BROKEN = "attachment-broken"
    REFUSED = "refused"  # our own handling failed on it, again and again


async def _tell_nobody(*_: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Who is told of what is no message. They may raise: it is logged, or tried again."""

    # room id, user id, membership
    on_membership: Callable[[str, str, str], Awaitable[None]] = _tell_nobody
    # room id, sender, event id, reason
    on_unreadable: Callable[[str, str, str, Unreadable], Awaitable[None]] = _tell_nobody
