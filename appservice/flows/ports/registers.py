"""What is kept: members, charters, alerts, reports, rooms, photos, acts."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from appservice.domain.alert import Alert, StageName
from appservice.domain.audit import Act, Entry, Question
from appservice.domain.charter import Charter, Signature
from appservice.domain.console.search import Found, Search
from appservice.domain.ids import AlertId, BlobId, Insee, MemberId, ReportId, RoomId
from appservice.domain.member import Channel, Listed, Member
from appservice.domain.protocol.version import Version
from appservice.domain.report import Report
from appservice.domain.report import StageName as ReportStageName
from appservice.domain.room import Kind as RoomKind
from appservice.domain.room import KnownRoom, RoomKey
from appservice.domain.signing import Evidence, SigningLink
from bridges.protocol import Attachment


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

    async def near(self, people: Collection[Member]) -> Sequence[Member]:
        """Who is at an address of one of them, or shares a likeness with one in their territory.

        As many are opened as there are of those, however large the register; in order of id.
        """
        ...

    async def everyone(self, territory: str | None = None) -> Sequence[Member]: ...


class Roll(Protocol):
    """The register, read without opening anything: who may take part, and where they sit."""

    async def of(self, members: Collection[MemberId]) -> Sequence[Listed]:
        """Those of them who are in the register."""
        ...

    async def merchants(self, territory: str) -> Sequence[Listed]: ...

    async def find(
        self, wanted: Search, due: Mapping[str, Charter], now: datetime, page: int, size: int
    ) -> Found:
        """One page of `size` people, 0 for all of them; the last page when there are fewer.

        `due` is the charter that each kind of member must have signed. In the order of names
        people come as in that of places: sorting a few by name is for who opens them.
        """
        ...


class Signatures(Protocol):
    """Signed charters; nothing is ever overwritten."""

    async def add(
        self,
        signature: Signature,
        charter: Charter | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        """With the text that was signed, kept once for all, and what proves who signed it."""
        ...

    async def latest(self, member: MemberId) -> Signature | None: ...

    async def all_latest(self) -> Mapping[MemberId, Signature]: ...

    async def revoke(self, member: MemberId, at: datetime) -> None: ...

    async def signed_text(self, text_hash: str) -> Charter | None:
        """The charter as it was signed, though the files have had another version since."""
        ...

    async def evidence(self, signature: Signature) -> Evidence | None:
        """None when it was signed at the mairie's desk, or when its member was erased."""
        ...


class SigningLinks(Protocol):
    """Links that a charter is signed by."""

    async def add(self, link: SigningLink) -> None:
        """The member's earlier ones that were not used are revoked."""
        ...

    async def get(self, digest: bytes) -> SigningLink | None: ...

    async def hold(self, digest: bytes) -> SigningLink | None:
        """As `get`; until the transaction ends nobody else holds it."""
        ...

    async def latest(self, member: MemberId) -> SigningLink | None: ...

    async def save(self, link: SigningLink) -> None:
        """What became of one that is held."""
        ...


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

    async def hasten(self, alert: AlertId) -> bool:
        """Its texts leave in quiet hours too; False when they did already."""
        ...

    async def recent(self, since: datetime) -> Sequence[Alert]:
        """Submitted since then, oldest first."""
        ...

    async def of(
        self, territory: str, limit: int, before: AlertId | None = None, stage: str = ""
    ) -> Sequence[Alert]:
        """A territory's, the last one first: those numbered below `before`, at that stage."""
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


class Cases(Protocol):
    """Reports of one event: the first one leads, the others share its card and its stage."""

    async def around(self, territory: str, commune: Insee, since: datetime) -> Sequence[Report]:
        """Leaders of events still open there, whose last report came since then; last one first.

        Until the transaction ends nobody else opens a report there, and no such leader moves.
        """
        ...

    async def of(self, leader: ReportId) -> Sequence[Report]:
        """Every report of the event, the leader first, then as they came."""
        ...

    async def leave(self, report: ReportId) -> bool:
        """The report stands by itself from now on; False when it already did."""
        ...

    async def waiting(self, territory: str, limit: int) -> Sequence[Report]:
        """Leaders there that nobody closed, the first ones first; last, those that are settled."""
        ...


class Rooms(Protocol):
    """The rooms that we made."""

    async def remember(self, room: KnownRoom) -> None: ...

    async def all(self) -> Sequence[KnownRoom]: ...

    async def of(self, territory: str, kind: RoomKind) -> Sequence[KnownRoom]:
        """A territory's rooms of one kind, in the order of their keys' names."""
        ...

    async def by_id(self, room: RoomId) -> KnownRoom | None: ...

    async def by_group(self, signal_group: str) -> KnownRoom | None: ...

    async def by_key(self, key: RoomKey) -> KnownRoom | None: ...


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


class Protocols(Protocol):
    """Versions of the protocol; nothing is ever overwritten."""

    async def all(self) -> Sequence[Version]:
        """Oldest first."""
        ...

    async def at(self, when: datetime) -> Version | None:
        """The one that was in force then."""
        ...

    async def add(self, version: Version, files: bytes) -> None: ...

    async def files(self, number: int) -> bytes | None:
        """What was read then, as it was packed."""
        ...


class Acts(Protocol):
    """The audit chain."""

    async def append(self, act: Act) -> None: ...

    async def read(self, asked: Question, size: int) -> Sequence[Entry]:
        """The latest first, `size` at most; acts that were forgotten are not among them."""
        ...
