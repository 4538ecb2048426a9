"""What the store in memory keeps."""

from dataclasses import dataclass, field, fields, replace
from datetime import datetime

from appservice.domain.alert import Alert
from appservice.domain.audit import Act
from appservice.domain.charter import Charter, Signature
from appservice.domain.console import Account, AccountId, Invitation, Opened
from appservice.domain.console.passkey import Passkey
from appservice.domain.console.sheet import Line, Sheet, SheetId
from appservice.domain.delivery import Parcel, State, Urgency
from appservice.domain.ids import AlertId, BlobId, MemberId, ParcelId, ReportId, UserId
from appservice.domain.member import Channel, Member
from appservice.domain.protocol.version import Version
from appservice.domain.rating.given import Rating
from appservice.domain.report import Report
from appservice.domain.room import KnownRoom
from appservice.domain.signing import Arrival, Claim, Evidence, SigningLink
from appservice.domain.signing.stamp import Stamp
from appservice.domain.telephone.consent import Consent
from bridges.protocol import Attachment, Receipt


@dataclass(slots=True)
class Slip:
    """A parcel and where it stands."""

    id: ParcelId
    parcel: Parcel
    urgency: Urgency
    put_at: datetime
    turn: int = 0
    state: State = State.QUEUED
    attempts: int = 0
    token: str = ""
    lease_until: datetime | None = None
    retry_at: datetime | None = None
    settled_at: datetime | None = None
    provider_id: str | None = None
    code: str = ""
    detail: str = ""
    sent: str | None = None

    @property
    def lane(self) -> int:
        """Each alert has its own; all the rest shares one."""
        return self.parcel.alert or 0

    @property
    def read(self) -> Parcel:
        """As it was sent, when the channel changed a sign of it."""
        return self.parcel if self.sent is None else replace(self.parcel, body=self.sent)

    @property
    def ready(self) -> bool:
        return self.state is State.QUEUED and self.retry_at is None

    @property
    def conversation(self) -> tuple[bool, str]:
        return self.parcel.to_group, self.parcel.target

    def is_to(self, person: str) -> bool:
        """Rooms and groups are nobody's own."""
        return self.parcel.channel is not Channel.MATRIX and self.conversation == (False, person)


@dataclass
class Tables:
    """Everything that is kept. Values are frozen, so that a copy of the dicts is a snapshot."""

    members: dict[MemberId, Member] = field(default_factory=dict)
    signatures: dict[int, Signature] = field(default_factory=dict)
    signed_texts: dict[str, Charter] = field(default_factory=dict)
    evidence: dict[tuple[MemberId, str, datetime], Evidence] = field(default_factory=dict)
    signing_links: dict[bytes, SigningLink] = field(default_factory=dict)
    arrivals: dict[bytes, Arrival] = field(default_factory=dict)
    claims: dict[bytes, Claim] = field(default_factory=dict)
    closings: dict[UserId, datetime] = field(default_factory=dict)
    time_stamps: dict[tuple[MemberId, str], tuple[Stamp, datetime]] = field(default_factory=dict)
    alerts: dict[AlertId, Alert] = field(default_factory=dict)
    reports: dict[ReportId, Report] = field(default_factory=dict)
    ratings: dict[tuple[ReportId, datetime], Rating] = field(default_factory=dict)
    first_taken: dict[ReportId, datetime] = field(default_factory=dict)
    rooms: dict[str, KnownRoom] = field(default_factory=dict)
    slips: dict[str, Slip] = field(default_factory=dict)
    links: dict[tuple[str, str], None] = field(default_factory=dict)
    blobs: dict[BlobId, tuple[Attachment, datetime]] = field(default_factory=dict)
    acts: dict[int, Act] = field(default_factory=dict)
    accounts: dict[AccountId, Account] = field(default_factory=dict)
    invitations: dict[bytes, Invitation] = field(default_factory=dict)
    sessions: dict[bytes, Opened] = field(default_factory=dict)
    passkeys: dict[bytes, Passkey] = field(default_factory=dict)
    subjects: dict[str, tuple[str, str]] = field(default_factory=dict)
    attempts: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    sheets: dict[SheetId, Sheet] = field(default_factory=dict)
    protocols: dict[int, tuple[Version, bytes]] = field(default_factory=dict)
    sheet_lines: dict[tuple[SheetId, int], tuple[Line, ...]] = field(default_factory=dict)
    handled: dict[tuple[Channel, str], None] = field(default_factory=dict)
    strangers: dict[tuple[Channel, str], datetime] = field(default_factory=dict)
    threads: dict[tuple[MemberId, ReportId], datetime] = field(default_factory=dict)
    consents: dict[str, Consent] = field(default_factory=dict)
    receipts: dict[tuple[str, ...], None] = field(default_factory=dict)
    unmatched: dict[tuple[str, ...], Receipt] = field(default_factory=dict)

    def copy(self) -> "Tables":
        return Tables(**{f.name: dict(getattr(self, f.name)) for f in fields(self)})

    def take(self, draft: "Tables") -> None:
        """Commit. The outbox is shared with the queue: a transaction adds to it, or ends."""
        for column in fields(self):
            if column.name == "slips":
                self.slips.update(draft.slips)
            elif column.name not in ("receipts", "unmatched"):
                setattr(self, column.name, getattr(draft, column.name))
