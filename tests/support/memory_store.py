"""The store in memory: same promises as PostgreSQL's, for the tests of the flows."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from appservice.domain.alert import Alert, Cancelled, Published
from appservice.domain.alert import StageName as AlertStage
from appservice.domain.alert import name_of as alert_stage
from appservice.domain.audit import GENESIS, Act, Entry, Question, link
from appservice.domain.charter import Charter, InForce, Signature, standing
from appservice.domain.console.search import (
    CharterState,
    Found,
    Order,
    Search,
    beginnings,
    due_of,
    state_of,
)
from appservice.domain.delivery import QUIET, Kind, Parcel, State, Tally
from appservice.domain.errors import PermanentFailure
from appservice.domain.ids import AlertId, BlobId, Insee, MemberId, ParcelId, ReportId, RoomId
from appservice.domain.member import Channel, Listed, Member, Role, listed
from appservice.domain.protocol.version import Version
from appservice.domain.report import Closed, Report
from appservice.domain.report import StageName as ReportStage
from appservice.domain.report import name_of as report_stage
from appservice.domain.room import Kind as RoomKind
from appservice.domain.room import KnownRoom, RoomKey
from appservice.domain.signing import Evidence
from appservice.domain.territory import slug
from appservice.flows.ports import Clock
from appservice.flows.ports.mail import AT_ONCE
from bridges.protocol import Attachment
from support.memory_chain import MemoryChain
from support.memory_console import MemoryConsole
from support.memory_counts import MemoryCounts, taken_at
from support.memory_queue import MemoryQueue
from support.memory_ratings import MemoryRatings
from support.memory_signing import (
    MemoryArrivals,
    MemoryClaims,
    MemoryClosings,
    MemorySignedTexts,
    MemorySigningLinks,
    MemoryTimeStamps,
)
from support.memory_tables import Slip, Tables
from support.memory_telephone import MemoryTelephone
from support.memory_turns import next_turn


class MemoryMembers:
    def __init__(self, tables: Tables) -> None:
        self._rows = tables.members

    async def save(self, member: Member) -> None:
        for channel in Channel:
            address = member.address(channel)
            holder = await self.at(channel, address) if address else None
            if holder and holder.id != member.id:
                raise PermanentFailure(f"Cette adresse est déjà celle du membre {holder.id}.")
        self._rows[member.id] = member

    async def get(self, member: MemberId) -> Member | None:
        return self._rows.get(member)

    async def at(self, channel: Channel, address: str) -> Member | None:
        return next((m for m in self._rows.values() if m.address(channel) == address), None)

    async def some(self, members: Collection[MemberId]) -> Mapping[MemberId, Member]:
        return {id_: m for id_ in members if (m := await self.get(id_)) is not None}

    async def near(self, people: Collection[Member]) -> Sequence[Member]:
        return [m for m in await self.everyone() if any(_near(m, one) for one in people)]

    async def everyone(self, territory: str | None = None) -> Sequence[Member]:
        rows = sorted(self._rows.values(), key=lambda m: m.id)
        return [m for m in rows if territory is None or m.territory == territory]


def resembles(one: Member, other: Member) -> bool:
    """The rule of likeness, said of a pair: what any index must come to."""
    if {one.role, other.role} != {Role.MERCHANT} or one.territory != other.territory:
        return False
    if one.siret and one.siret == other.siret:
        return True
    return one.commune == other.commune and slug(one.shop) == slug(other.shop) != ""


def _near(one: Member, other: Member) -> bool:
    same = (one.address(c) is not None and one.address(c) == other.address(c) for c in Channel)
    return any(same) or resembles(one, other)


class MemorySignatures(MemorySignedTexts):
    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self._rows = tables.signatures

    async def add(
        self,
        signature: Signature,
        charter: Charter | None = None,
        evidence: Evidence | None = None,
    ) -> None:
        self._rows[len(self._rows)] = signature
        self.keep(signature, charter, evidence)

    async def latest(self, member: MemberId) -> Signature | None:
        return (await self.all_latest()).get(member)

    async def all_latest(self) -> Mapping[MemberId, Signature]:
        return {signature.member: signature for signature in self._rows.values()}

    async def revoke(self, member: MemberId, at: datetime) -> None:
        for number, signature in self._rows.items():
            if signature.member == member and signature.revoked_at is None:
                self._rows[number] = replace(signature, revoked_at=at)


class MemoryRoll:
    def __init__(self, tables: Tables) -> None:
        self._members = tables.members
        self._signatures = MemorySignatures(tables)

    async def of(self, members: Collection[MemberId]) -> Sequence[Listed]:
        signed = await self._signatures.all_latest()
        known = sorted(id_ for id_ in members if id_ in self._members)
        return [listed(self._members[id_], signed.get(id_)) for id_ in known]

    async def merchants(self, territory: str) -> Sequence[Listed]:
        found = await self.of(self._members)
        return [m for m in found if (m.territory, m.role) == (territory, Role.MERCHANT)]

    async def find(
        self, wanted: Search, due: Mapping[str, Charter], now: datetime, page: int, size: int
    ) -> Found:
        here = [m for m in self._members.values() if m.territory == wanted.territory]
        signed = await self._signatures.all_latest()
        states = {m.id: _state(m, signed.get(m.id), due, now) for m in here}
        found = [m for m in here if _is_wanted(m, states[m.id], wanted)]
        order = {
            Order.ENDING: lambda m: (
                not states[m.id].is_good,
                states[m.id].is_good and _end(m, signed[m.id], due, now),
                m.id,
            ),
            Order.RECENT: lambda m: (-list(self._members).index(m.id), m.id),
        }
        found.sort(key=order.get(wanted.order, lambda m: (m.commune, m.id)))
        if size:
            page = max(1, min(page, -(-len(found) // size)))
            shown = found[(page - 1) * size : page * size]
        else:
            page, shown = 1, found
        return Found(tuple(m.id for m in shown), len(found), len(here), page)


def _state(
    member: Member, signature: Signature | None, due: Mapping[str, Charter], now: datetime
) -> CharterState:
    charter = due_of(member, due)
    if charter is None:
        return CharterState.NEVER_SIGNED
    return state_of(standing(signature, charter, now), now)


def _end(
    member: Member, signature: Signature, due: Mapping[str, Charter], now: datetime
) -> datetime:
    charter = due_of(member, due)
    assert charter is not None
    found = standing(signature, charter, now)
    assert isinstance(found, InForce)
    return found.until


def _is_wanted(member: Member, state: CharterState, wanted: Search) -> bool:
    return (
        wanted.beginnings <= set(beginnings(member.name, member.shop))
        and (
            wanted.trained is None
            or (member.role is Role.MERCHANT and (member.trained is not None) == wanted.trained)
        )
        and wanted.phone in (None, member.phone)
        and (wanted.trade is None or wanted.trade in member.trades)
        and wanted.commune in (None, member.commune)
        and (wanted.channel is None or wanted.channel in member.channels)
        and (
            wanted.state in (None, state)
            or (wanted.state is CharterState.IN_FORCE and state is CharterState.EXPIRING)
        )
    )


class MemoryAlerts:
    def __init__(self, tables: Tables) -> None:
        self._rows = tables.alerts

    async def open(self, alert: Alert) -> Alert:
        numbered = replace(alert, id=AlertId(len(self._rows) + 1))
        self._rows[numbered.id] = numbered
        return numbered

    async def get(self, alert: AlertId) -> Alert | None:
        return self._rows.get(alert)

    async def advance(self, alert: Alert, expected: AlertStage) -> bool:
        known = self._rows.get(alert.id)
        if known is None or alert_stage(known.stage) != expected or _overtaken(known, alert):
            return False
        self._rows[alert.id] = replace(
            known, text=alert.text, policy_hash=alert.policy_hash, stage=alert.stage
        )
        return True

    async def hasten(self, alert: AlertId) -> bool:
        known = self._rows.get(alert)
        if known is None or known.urgent:
            return False
        self._rows[alert] = replace(known, urgent=True)
        return True

    async def recent(self, since: datetime) -> Sequence[Alert]:
        return [alert for alert in self._rows.values() if alert.submitted_at >= since]

    async def of(
        self, territory: str, limit: int, before: AlertId | None = None, stage: str = ""
    ) -> Sequence[Alert]:
        found = [
            alert
            for alert in reversed(self._rows.values())
            if alert.territory == territory
            and (before is None or alert.id < before)
            and stage in ("", alert_stage(alert.stage))
        ]
        return found[:limit]


def _overtaken(known: Alert, wanted: Alert) -> bool:
    """Somebody corrected the alert since it was read."""
    match known.stage, wanted.stage:
        case Published(revision=before), Published(revision=after):
            return after != before + 1
        case Published(revision=before), Cancelled(revision=after):
            return after != before
        case _:
            return False


class MemoryReports:
    def __init__(self, tables: Tables) -> None:
        self._rows, self._first_taken = tables.reports, tables.first_taken

    async def open(self, report: Report) -> Report:
        numbered = replace(report, id=ReportId(len(self._rows) + 1))
        self._rows[numbered.id] = numbered
        return numbered

    async def get(self, report: ReportId) -> Report | None:
        return self._rows.get(report)

    async def advance(self, report: Report, expected: ReportStage) -> bool:
        known = self._rows.get(report.id)
        if known is None or report_stage(known.stage) != expected:
            return False
        self._rows[report.id] = replace(known, stage=report.stage)
        for at in (taken_at(known), taken_at(report)):
            if at is not None:
                self._first_taken.setdefault(report.id, at)
        return True

    async def add_blob(self, report: ReportId, blob: BlobId) -> None:
        known = self._rows.get(report)
        if known is not None and blob not in known.blobs:
            self._rows[report] = replace(known, blobs=(*known.blobs, blob))

    async def open_of(self, member: MemberId, since: datetime) -> Report | None:
        of_member = (r for r in reversed(self._rows.values()) if r.author == member)
        still_open = (r for r in of_member if not isinstance(r.stage, Closed))
        return next((r for r in still_open if r.received_at >= since), None)


class MemoryCases:
    def __init__(self, tables: Tables) -> None:
        self._rows, self._members = tables.reports, tables.members

    async def around(self, territory: str, commune: Insee, since: datetime) -> Sequence[Report]:
        def is_here(report: Report) -> bool:
            author = self._members.get(report.author)
            place = (author.territory, report.territory, author.commune) if author else None
            open_ = report_stage(report.stage) in ("received", "taken")
            return place == (territory, territory, commune) and report.leader is None and open_

        leaders = [r for r in reversed(self._rows.values()) if is_here(r)]
        return [r for r in leaders if (await self.of(r.id))[-1].received_at >= since]

    async def of(self, leader: ReportId) -> Sequence[Report]:
        return [r for r in self._rows.values() if leader in (r.id, r.leader)]

    async def waiting(self, territory: str, limit: int) -> Sequence[Report]:
        open_ = [r for r in self._rows.values() if report_stage(r.stage) != "closed"]
        open_.sort(key=lambda r: report_stage(r.stage) == "cleared")
        return [r for r in open_ if r.territory == territory and r.leader is None][:limit]

    async def leave(self, report: ReportId) -> bool:
        known = self._rows.get(report)
        if known is None or known.leader is None:
            return False
        self._rows[report] = replace(known, leader=None)
        return True


class MemoryRooms:
    def __init__(self, tables: Tables) -> None:
        self._rows = tables.rooms

    async def remember(self, room: KnownRoom) -> None:
        self._rows[str(room.key)] = room

    async def all(self) -> Sequence[KnownRoom]:
        return [self._rows[key] for key in sorted(self._rows)]

    async def of(self, territory: str, kind: RoomKind) -> Sequence[KnownRoom]:
        rooms = await self.all()
        return [r for r in rooms if (r.key.territory, r.key.kind) == (territory, kind)]

    async def by_id(self, room: RoomId) -> KnownRoom | None:
        return next((r for r in self._rows.values() if r.room_id == room), None)

    async def by_group(self, signal_group: str) -> KnownRoom | None:
        return next((r for r in self._rows.values() if r.signal_group == signal_group), None)

    async def by_key(self, key: RoomKey) -> KnownRoom | None:
        return self._rows.get(str(key))


class MemoryOutbox:
    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._rows = tables.slips
        self._clock = clock
        self.touched: set[Channel] = set()

    async def put(self, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            if parcel.key in self._rows:
                continue
            acted_on = self._rows.get(parcel.replaces) if parcel.replaces else None
            # An edit never overtakes what it edits, even when only the edit is urgent.
            urgency = acted_on.urgency if acted_on else parcel.urgency
            number = ParcelId(len(self._rows) + 1)
            slip = Slip(number, parcel, urgency, self._clock())
            slip.turn = next_turn([*self._rows.values()], slip)
            self._rows[parcel.key] = slip
            self.touched.add(parcel.channel)

    async def delivered_as(self, key: str) -> str | None:
        slip = self._rows.get(key)
        return slip.provider_id if slip else None

    async def by_provider_id(self, channel: Channel, provider_id: str) -> Parcel | None:
        found = (
            slip.read
            for slip in reversed(self._rows.values())
            if slip.parcel.channel == channel and slip.provider_id == provider_id
        )
        return next(found, None)

    async def tally(self, alert: AlertId) -> Tally:
        counts: dict[tuple[Channel, State], int] = defaultdict(int)
        for slip in self._posts_of(alert):
            counts[slip.parcel.channel, slip.state] += 1
        posts = self._posts_of(alert)
        return Tally(dict(counts), sum(s.state is State.QUEUED and s.code == QUIET for s in posts))

    async def of_alert(self, alert: AlertId) -> Sequence[Parcel]:
        return [slip.read for slip in self._posts_of(alert)]

    async def unknown(self, since: datetime) -> Sequence[Parcel]:
        return [
            slip.read
            for slip in self._rows.values()
            if slip.state is State.UNKNOWN and slip.settled_at and slip.settled_at >= since
        ]

    def _posts_of(self, alert: AlertId) -> Iterable[Slip]:
        for slip in self._rows.values():
            post = slip.parcel.alert == alert and slip.parcel.kind is Kind.POST
            if post and slip.code != "rerouted":
                yield slip


class MemoryRecall:
    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._rows, self._clock = tables.slips, clock

    async def take_back(self, keys: Sequence[str], code: str) -> Collection[str]:
        taken = {k for k in keys if k in self._rows and self._rows[k].state is State.QUEUED}
        for key in taken:
            slip = replace(self._rows[key], state=State.FAILED, code=code, token="")
            self._rows[key] = replace(slip, settled_at=self._clock())
        return taken

    async def late(self, channel: Channel, put_before: datetime) -> Sequence[Parcel]:
        return [
            slip.parcel
            for slip in self._rows.values()
            if slip.parcel.channel is channel
            and slip.state is State.QUEUED
            and slip.parcel.alert is not None
            and slip.parcel.kind is Kind.POST
            and slip.put_at <= put_before
        ]


class MemoryLinks:
    def __init__(self, tables: Tables) -> None:
        self._rows = tables.links

    async def relate(self, source: str, parcel_key: str) -> None:
        self._rows.setdefault((source, parcel_key), None)

    async def parcels_of(self, source: str) -> Sequence[str]:
        return [key for origin, key in self._rows if origin == source]

    async def source_of(self, parcel_key: str) -> str | None:
        return next((source for source, key in self._rows if key == parcel_key), None)


class MemoryBlobs:
    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._rows = tables.blobs
        self._clock = clock

    async def put(self, owner: str, attachment: Attachment, until: datetime) -> BlobId:
        number = BlobId(len(self._rows) + 1)
        self._rows[number] = (attachment, until)
        return number

    async def get(self, blob: BlobId) -> Attachment | None:
        attachment, until = self._rows.get(blob, (None, self._clock()))
        return attachment if until > self._clock() else None


class MemoryActs:
    def __init__(self, tables: Tables) -> None:
        self._rows = tables.acts

    async def append(self, act: Act) -> None:
        self._rows[len(self._rows) + 1] = act

    async def read(self, asked: Question, size: int) -> Sequence[Entry]:
        found = [
            link(number, act, f"salt-{number}", GENESIS)
            for number, act in reversed(self._rows.items())
            if asked.territory in ("", act.territory)
            and (not asked.verbs or act.verb in asked.verbs)
            and asked.subject in ("", act.subject)
            and (asked.since is None or act.at >= asked.since)
            and (asked.until is None or act.at < asked.until)
            and (asked.before is None or number < asked.before)
        ]
        return found[:size]


class MemoryProtocols:
    def __init__(self, tables: Tables) -> None:
        self._rows = tables.protocols

    async def all(self) -> list[Version]:
        return [version for version, _ in self._rows.values()]

    async def at(self, when: datetime) -> Version | None:
        return next((v for v in reversed(await self.all()) if v.at <= when), None)

    async def add(self, version: Version, files: bytes) -> None:
        self._rows[version.number] = (version, files)

    async def files(self, number: int) -> bytes | None:
        return self._rows[number][1] if number in self._rows else None


class MemoryTransaction:
    def __init__(self, tables: Tables, clock: Clock) -> None:
        self._handled = tables.handled
        self.members = MemoryMembers(tables)
        self.roll = MemoryRoll(tables)
        self.signatures = MemorySignatures(tables)
        self.signing_links = MemorySigningLinks(tables)
        self.arrivals = MemoryArrivals(tables)
        self.claims = MemoryClaims(tables)
        self.closings = MemoryClosings(tables)
        self.time_stamps = MemoryTimeStamps(tables)
        self.alerts = MemoryAlerts(tables)
        self.reports = MemoryReports(tables)
        self.cases = MemoryCases(tables)
        self.ratings = MemoryRatings(tables)
        self.rooms = MemoryRooms(tables)
        self.outbox = MemoryOutbox(tables, clock)
        self.recall = MemoryRecall(tables, clock)
        self.links = MemoryLinks(tables)
        self.blobs = MemoryBlobs(tables, clock)
        self.acts = MemoryActs(tables)
        self.protocols = MemoryProtocols(tables)
        self.telephone = MemoryTelephone(tables)
        self.console = MemoryConsole(tables)

    async def first_time(self, channel: Channel, key: str) -> bool:
        if (channel, key) in self._handled:
            return False
        self._handled[channel, key] = None
        return True


class MemoryWake:
    def __init__(self) -> None:
        self._bells: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def ring(self, topic: str) -> None:
        self._bells[topic].set()

    async def wait(self, topic: str, at_most: timedelta) -> bool:
        bell = self._bells[topic]
        try:
            async with asyncio.timeout(at_most.total_seconds()):
                await bell.wait()
        except TimeoutError:
            return False
        bell.clear()
        return True


class MemoryJournal:
    def __init__(self, wake: MemoryWake) -> None:
        self._numbers = itertools.count(1)
        self._seen: set[tuple[str, str]] = set()
        self._waiting: dict[int, tuple[str, bytes]] = {}
        self._wake = wake

    async def write(self, source: str, key: str, payload: bytes, at: datetime) -> bool:
        if (source, key) in self._seen:
            return False
        self._seen.add((source, key))
        self._waiting[next(self._numbers)] = (source, payload)
        self._wake.ring(f"journal:{source}")
        return True

    async def pending(
        self, source: str, limit: int, besides: Collection[int] = ()
    ) -> Sequence[tuple[int, bytes]]:
        found: list[tuple[int, bytes]] = []
        weight = 0
        for entry, (origin, payload) in self._waiting.items():
            if origin != source or entry in besides:
                continue
            weight += len(payload)
            if found and (weight > AT_ONCE or len(found) == limit):
                break
            found.append((entry, payload))
        return found

    async def done(self, *entries: int) -> None:
        for entry in entries:
            self._waiting.pop(entry, None)


class MemoryStore:
    """`tables` may be read by tests; `parcels` and `acts` are what they mostly look at."""

    def __init__(self, clock: Clock) -> None:
        self.tables = Tables()
        self.wake = MemoryWake()
        self.journal = MemoryJournal(self.wake)
        self.queue = MemoryQueue(self.tables)
        self.audit = MemoryChain(self.tables)
        self.counted = MemoryCounts(self.tables)
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._holder: asyncio.Task[object] | None = None

    @property
    def parcels(self) -> list[Parcel]:
        return [slip.parcel for slip in self.tables.slips.values()]

    @property
    def acts(self) -> list[Act]:
        return list(self.tables.acts.values())

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryTransaction]:
        task = asyncio.current_task()
        assert self._holder is not task, "a transaction inside a transaction waits for ever"
        async with self._one_at_a_time:
            self._holder = task
            try:
                draft = self.tables.copy()
                transaction = MemoryTransaction(draft, self._clock)
                yield transaction
                self.tables.take(draft)
            finally:
                self._holder = None
        for channel in transaction.outbox.touched:
            self.wake.ring(channel.value)
