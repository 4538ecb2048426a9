"""What stands around the database: the homeserver, our key, media, time."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from appservice.domain.audit import Checkpoint
from appservice.domain.console.indicators import Indicators
from appservice.domain.console.openly import LandCounts
from appservice.domain.figures import Figures
from appservice.domain.gate import GateTrial
from appservice.domain.ids import MemberId, RoomId, UserId
from appservice.domain.rating.periods import Scores
from appservice.domain.report import Unfit
from appservice.domain.room import ActualRoom, DesiredRoom
from bridges.protocol import Attachment

Clock = Callable[[], datetime]
"""Aware, UTC."""

NewId = Callable[[], str]
"""Opaque, unique, unguessable."""


class Watched(Protocol):
    """What operators may know of the database: that it answers, and how much of what it holds."""

    async def now(self) -> datetime:
        """The database's own clock. Raises TemporaryFailure."""
        ...

    async def read(self, texts: Collection[str]) -> Figures:
        """Counts and ages; `texts` are the hashes of the charters in force."""
        ...


class Probe(Protocol):
    """The homeserver, asked what a doctor asks.

    Every question raises TemporaryFailure when nobody answers, PermanentFailure when the answer
    is no; `message` then says what was answered, without personal data.
    """

    async def version(self) -> tuple[str, datetime | None]:
        """What it calls itself, and its clock to the second."""
        ...

    async def whoami(self) -> str:
        """Whom our token names."""
        ...

    async def ping(self) -> None:
        """Has it reach us at the address of the registration, with its own token."""

    async def try_gate(self) -> GateTrial:
        """A real attempt in a room made for it and left at once."""
        ...


class Guichets(Protocol):
    """Each member's private room with the service."""

    async def room_of(self, member: MemberId) -> RoomId | None:
        """Opened on demand; None for a member who is not on Matrix or may not take part.

        Raises TemporaryFailure when the homeserver is out of reach.
        """
        ...


class Homeserver(Protocol):
    """Rooms as a thing that is provisioned."""

    async def snapshot(self, rooms: Sequence[RoomId]) -> Mapping[RoomId, ActualRoom]:
        """What they look like now; a room that is gone is absent."""
        ...

    async def create(self, room: DesiredRoom, parent: RoomId | None = None) -> RoomId:
        """Makes it, or adopts the one that already holds its alias, naming `parent` as its space.

        The space itself is told apart, with `set_state`.
        """
        ...

    async def set_state(
        self, room: RoomId, kind: str, key: str, content: Mapping[str, object]
    ) -> None: ...

    async def invite(self, room: RoomId, user: UserId, proof: Mapping[str, object]) -> None: ...

    async def remove(self, room: RoomId, user: UserId, reason: str) -> None: ...

    async def pin_welcome(self, room: RoomId, text: str, html: str) -> None:
        """Posts the welcome, pins it, and takes the former one away."""


class Seals(Protocol):
    """The service's Ed25519 key."""

    def sign(self, payload: bytes) -> str:
        """Unpadded base64."""
        ...


class Media(Protocol):
    """Makes a photo or a video fit to be shown."""

    async def clean(self, attachment: Attachment) -> Attachment | Unfit:
        """Without metadata (EXIF, XMP, GPS, dates, devices, thumbnails), or why it can't be."""
        ...


class Chain(Protocol):
    """The audit chain as a whole."""

    async def checkpoint(self, seals: Seals, now: datetime) -> Checkpoint | None:
        """Signs where it stands; None when nothing was added since the last time."""
        ...

    def export(self, territory: str = "") -> AsyncIterator[str]:
        """Lines that anybody verifies offline; of other territories, commitments alone."""
        ...


class Counted(Protocol):
    """What may be counted of each territory; names nobody."""

    async def by_territory(
        self, texts: Collection[str], now: datetime, since: datetime
    ) -> Mapping[str, LandCounts]:
        """`texts` are the hashes of the charters in force. Raises TemporaryFailure."""
        ...

    async def indicators(
        self, texts: Collection[str], now: datetime, since: datetime
    ) -> Mapping[str, Indicators]:
        """The same, with training and times."""
        ...

    async def ratings(self) -> Mapping[str, Mapping[date, Scores]]:
        """By territory and month, exact: never shown as they are."""
        ...
