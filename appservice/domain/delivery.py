"""Parcels: one message for one conversation on one channel, and what became of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from appservice.domain.ids import AlertId, BlobId, MemberId, ParcelId, ReportId
from appservice.domain.member import Channel


class Kind(StrEnum):
    """What the parcel does in its conversation."""

    POST = "post"
    EDIT = "edit"  # replaces the text of an earlier parcel
    DELETE = "delete"  # removes an earlier parcel or, on Matrix, any event
    REACT = "react"


class State(StrEnum):
    """Where a parcel stands. A lease that ran out while submitting gives UNKNOWN, not a resend."""

    QUEUED = "queued"
    SUBMITTING = "submitting"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class Urgency(StrEnum):
    """Urgent parcels leave first and ignore quiet hours."""

    URGENT = "urgent"
    NORMAL = "normal"


REPORTED_WITHIN = timedelta(hours=2)
"""After that a text without a report is UNKNOWN: gateways lose some, or bring them late."""

REROUTED = "rerouted"
"""Code of a parcel that was taken back: what it says reaches the same people another way."""

QUIET = "quiet-hours"
"""The code of a queued text that waits for the morning."""

NAMELESS = "nameless"
"""The code of what is in hand and has not left: it does so once its name is written."""

GUICHET = "guichet:"
"""A Matrix target `guichet:<member id>`: the room is opened on demand at delivery."""


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody mentioned in a body, and where in it: how the parcel's channel calls them."""

    start: int
    length: int
    who: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """To be delivered once. `key` is unique: enqueuing twice is enqueuing once."""

    key: str
    channel: Channel
    target: str  # room id or `guichet:<member>`, Signal group id or ACI, E.164 number
    body: str  # sealed at rest
    kind: Kind = Kind.POST
    to_group: bool = False  # the target is a Signal group
    html: str = ""  # Matrix only
    notice: bool = False  # Matrix only: does not alert
    alert: AlertId | None = None
    report: ReportId | None = None
    member: MemberId | None = None  # the one person reached, if it is one
    replaces: str | None = None  # key of the parcel that is edited or deleted
    named: tuple[Named, ...] = ()
    answers: str = ""  # how the channel calls the message that this one answers
    event: str | None = None  # Matrix event acted on (redaction, reaction) when it is not ours
    blobs: tuple[BlobId, ...] = ()
    urgency: Urgency = Urgency.NORMAL
    expires_at: datetime | None = None
    sealed_for: str = ""  # a member or `case:A7` whose erasure erases it, when nothing above says


@dataclass(frozen=True, slots=True)
class Claimed:
    """A parcel in our hands until the lease ends; `token` proves that it still is."""

    id: ParcelId
    token: str
    parcel: Parcel
    attempts: int
    replaced_provider_id: str | None = None  # provider's id of the parcel it edits or deletes


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a parcel that was in our hands."""

    claimed: Claimed
    state: State
    at: datetime
    provider_id: str | None = None  # what the channel calls it
    retry_at: datetime | None = None  # QUEUED again until then
    code: str = ""
    detail: str = ""
    sent: str | None = None  # the text that left, when it is not the parcel's own


@dataclass(frozen=True, slots=True)
class Tally:
    """How far an alert has gone, per channel and state."""

    counts: dict[tuple[Channel, State], int] = field(default_factory=dict)
    deferred: int = 0  # of those QUEUED: texts that wait for the morning

    def total(self, *states: State) -> int:
        """Parcels in any of these states, all channels together."""
        return sum(n for (_, state), n in self.counts.items() if not states or state in states)

    @property
    def finished(self) -> bool:
        """Nothing more will move by itself."""
        return self.total(State.QUEUED, State.SUBMITTING) == 0
