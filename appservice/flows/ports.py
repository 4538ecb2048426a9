"""What the flows need from the outside, in verbs of the trade.

`Store.transaction()` is the heart: a step of a story reads, decides, writes and queues its
parcels in one transaction, so a process may die between any two steps and lose nothing.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

from appservice.domain.alert import Alert, StageName
from appservice.domain.audit import Act
from appservice.domain.charter import Signature
from appservice.domain.delivery import Claimed, Parcel, State, Tally
from appservice.domain.figures import Figures
from appservice.domain.gate import GateTrial
from appservice.domain.ids import AlertId, BlobId, MemberId, ParcelId, ReportId, RoomId, UserId
from appservice.domain.member import Channel, Member
from appservice.domain.report import Report
from appservice.domain.report import StageName as ReportStageName
from appservice.domain.room import ActualRoom, DesiredRoom, KnownRoom, RoomKey
from bridges.protocol import Attachment, Receipt

Clock = Callable[[], datetime]
"""Aware, UTC."""

NewId = Callable[[], str]
"""Opaque, unique, unguessable."""


class Members(Protocol):
    """The register."""

    async def save(self, member: Member) -> None:
        """Adds the member or replaces what was known.

        Raises PermanentFailure when one of the addresses is another member's.
        """

    async def get(self, member: MemberId) -> Member | None: ...

    async def at(self, channel: Channel, address: str) -> Member | None:
        """Whoever is found at that address of that channel."""
        ...

    async def some(self, members: Collection[MemberId]) -> Mapping[MemberId, Member]:
        """Those of them who are in the register."""
        ...

    async def everyone(self, territory: str | None = None) -> Sequence[Member]: ...


class Signatures(Protocol):
    """Signed charters; nothing is ever overwritten."""

    async def add(self, signature: Signature) -> None: ...

    async def latest(self, member: MemberId) -> Signature | None: ...

    async def latest_of(self, members: Collection[MemberId]) -> Mapping[MemberId, Signature]:
        """Of those of them who have signed."""
        ...

    async def all_latest(self) -> Mapping[MemberId, Signature]: ...

    async def revoke(self, member: MemberId, at: datetime) -> None: ...


class Alerts(Protocol):
    """Alerts by stage."""

    async def open(self, alert: Alert) -> Alert:
        """Writes a new alert and gives it its number."""
        ...

    async def get(self, alert: AlertId) -> Alert | None: ...

    async def advance(self, alert: Alert, expected: StageName) -> bool:
        """Writes the alert if its stage is still `expected`: of two hands only one wins.

        A correction or cancellation must also be based on the revision that stands.
        """
        ...

    async def recent(self, since: datetime) -> Sequence[Alert]:
        """Submitted since then, oldest first."""
        ...


class Reports(Protocol):
    """Reports by stage."""

    async def open(self, report: Report) -> Report: ...

    async def get(self, report: ReportId) -> Report | None: ...

    async def advance(self, report: Report, expected: ReportStageName) -> bool: ...

    async def add_blob(self, report: ReportId, blob: BlobId) -> None: ...

    async def open_of(self, member: MemberId, since: datetime) -> Report | None:
        """The member's last report that is not closed: a photo that follows belongs to it."""
        ...


class Rooms(Protocol):
    """The rooms that we made."""

    async def remember(self, room: KnownRoom) -> None: ...

    async def all(self) -> Sequence[KnownRoom]: ...

    async def by_id(self, room: RoomId) -> KnownRoom | None: ...

    async def by_group(self, signal_group: str) -> KnownRoom | None: ...

    async def by_key(self, key: RoomKey) -> KnownRoom | None: ...


class Outbox(Protocol):
    """Parcels on their way."""

    async def put(self, parcels: Sequence[Parcel]) -> None:
        """Queues them; a key that is already there changes nothing.

        What acts on another parcel takes that one's urgency, so as never to overtake it.
        """

    async def delivered_as(self, key: str) -> str | None:
        """The channel's id of the parcel with that key, once accepted."""
        ...

    async def by_provider_id(self, channel: Channel, provider_id: str) -> Parcel | None: ...

    async def tally(self, alert: AlertId) -> Tally:
        """Of its POST parcels."""
        ...

    async def of_alert(self, alert: AlertId) -> Sequence[Parcel]:
        """Its POST parcels, oldest first."""
        ...

    async def unknown(self, since: datetime) -> Sequence[Parcel]:
        """Parcels whose fate has been uncertain since then or later, oldest first."""
        ...


class Links(Protocol):
    """Which message of one channel is which message of another, and who wrote it."""

    async def relate(self, source: str, parcel_key: str) -> None:
        """`source` is `channel:key` of an inbound message that became that parcel."""

    async def parcels_of(self, source: str) -> Sequence[str]: ...

    async def source_of(self, parcel_key: str) -> str | None: ...


class Blobs(Protocol):
    """Photos, sealed, with an end."""

    async def put(self, owner: str, attachment: Attachment, until: datetime) -> BlobId: ...

    async def get(self, blob: BlobId) -> Attachment | None: ...


class Acts(Protocol):
    """The audit chain."""

    async def append(self, act: Act) -> None: ...


class Transaction(Protocol):
    """Everything a step may touch; all of it happens, or none."""

    async def first_time(self, channel: Channel, key: str) -> bool:
        """Marks an inbound message as handled; False when it already was."""
        ...

    @property
    def members(self) -> Members: ...
    @property
    def signatures(self) -> Signatures: ...
    @property
    def alerts(self) -> Alerts: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def rooms(self) -> Rooms: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def links(self) -> Links: ...
    @property
    def blobs(self) -> Blobs: ...
    @property
    def acts(self) -> Acts: ...


class Store(Protocol):
    """The database."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Raises TemporaryFailure when the database is out of reach."""
        ...


class Journal(Protocol):
    """What came in, written before anything is answered, handled once."""

    async def write(self, source: str, key: str, payload: bytes, at: datetime) -> bool:
        """False when that (source, key) is already there."""
        ...

    async def pending(self, source: str, limit: int) -> Sequence[tuple[int, bytes]]:
        """Oldest first."""
        ...

    async def done(self, entry: int) -> None: ...


class Queue(Protocol):
    """The delivery side of the outbox."""

    async def claim(
        self, channel: Channel, limit: int, lease: timedelta, now: datetime
    ) -> Sequence[Claimed]:
        """At most one parcel per conversation, urgent before the rest, then oldest first.

        A parcel that waits (`retry_at`) holds up those behind it, except urgent ones.
        Parcels past `expires_at` become EXPIRED. A lease that ran out becomes UNKNOWN, or QUEUED
        again on a channel that is idempotent (Matrix).
        """
        ...

    async def settle(
        self,
        claimed: Claimed,
        state: State,
        now: datetime,
        *,
        provider_id: str | None = None,
        retry_at: datetime | None = None,
        code: str = "",
        detail: str = "",
    ) -> bool:
        """Writes the outcome if the lease is still ours, or was the last one and gave UNKNOWN."""
        ...

    async def receipt(self, channel: Channel, receipt: Receipt, now: datetime) -> None:
        """Early and duplicate receipts are absorbed.

        What is said of one person of a group is kept and leaves the group's parcel accepted.
        """

    async def renounce(self, parcel: ParcelId, now: datetime) -> None:
        """Gives up a queued or unknown parcel that an officer no longer wants sent: FAILED."""


class Wake(Protocol):
    """Says that there is work, so that nobody asks the database again and again."""

    async def wait(self, topic: str, at_most: timedelta) -> bool:
        """True once something was put there since the last call, False after `at_most`.

        `topic` is a channel (a parcel was queued) or `journal:<source>`. A hint: poll besides.
        """
        ...


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

    async def create(self, room: DesiredRoom) -> RoomId:
        """Makes it, or adopts the one that already holds its alias."""
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


class Photos(Protocol):
    """Makes a picture fit to be shown."""

    async def clean(self, attachment: Attachment) -> Attachment | None:
        """Without metadata (EXIF, XMP, GPS, thumbnails); None for a type that is refused."""
        ...
