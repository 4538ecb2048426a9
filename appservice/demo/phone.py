"""What the phones page shows of a phone, and what it can ask of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bridges.protocol import Attachment

Kind = Literal["element", "signal", "sms"]


class SayRefused(Exception):
    """The phone would not send that; the message is French, for the person who tries."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation of the phone."""

    id: str
    title: str
    writable: bool = True


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message as the phone shows it now. `id` is unique on the phone and never changes."""

    id: str
    author: str
    text: str
    at: datetime  # aware
    thread: str  # a Thread's id
    mine: bool = False
    edited: bool = False
    deleted: bool = False
    has_photo: bool = False
    reactions: tuple[str, ...] = ()
    remark: str = ""  # small print: number of SMS, a shield


class Phone(Protocol):
    """A phone of the demonstration. `id` goes in addresses: letters, digits, hyphens."""

    id: str
    title: str  # Element, Signal, SMS
    owner: str
    kind: Kind
    takes_photos: bool

    def threads(self) -> Sequence[Thread]:
        """Its conversations; the first one is proposed for writing."""
        ...

    def messages(self) -> Sequence[Bubble]:
        """Oldest first, all conversations together."""
        ...

    async def say(self, thread: str, text: str, photo: Attachment | None = None) -> None:
        """Writes as the owner. Raises SayRefused."""

    async def photo(self, bubble: str) -> Attachment | None:
        """The picture of that message."""
        ...
