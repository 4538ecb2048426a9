"""A report (signalement) from a member, and what the forces do with it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, assert_never

from appservice.domain.errors import InvalidTransition
from appservice.domain.ids import BlobId, MemberId, ReportId
from appservice.domain.member import Channel

HEAVIEST_FILE = 20 * 1024 * 1024  # bytes
LONGEST_VIDEO = timedelta(minutes=3)


class Unfit(StrEnum):
    """Why a file that somebody sent is shown to nobody."""

    KIND = "kind"  # neither a photo nor a video
    MISSING = "missing"  # too heavy, or gone before we could fetch it
    UNREADABLE = "unreadable"
    TOO_LONG = "too-long"


@dataclass(frozen=True, slots=True)
class Received:
    """In the poste, nobody has taken it yet."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One officer has it: the first to take it."""

    by: MemberId
    at: datetime


@dataclass(frozen=True, slots=True)
class Cleared:
    """Doubt cleared (levée de doute): `founded` says whether there was something."""

    by: MemberId
    taken_at: datetime
    at: datetime
    founded: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing more is expected."""

    by: MemberId
    at: datetime
    founded: bool | None
    taken_at: datetime | None = None
    cleared_at: datetime | None = None


Stage = Received | Taken | Cleared | Closed
StageName = Literal["received", "taken", "cleared", "closed"]


def name_of(stage: Stage) -> StageName:
    """The stage as the database spells it."""
    match stage:
        case Received():
            return "received"
        case Taken():
            return "taken"
        case Cleared():
            return "cleared"
        case Closed():
            return "closed"


@dataclass(frozen=True, slots=True)
class Report:
    """Rich and restricted: only officers of the territory read it."""

    id: ReportId  # 0 until the store has numbered it
    author: MemberId
    territory: str
    channel: Channel
    text: str  # sealed at rest
    received_at: datetime
    blobs: tuple[BlobId, ...] = ()
    emergency: bool = False
    stage: Stage = Received()
    leader: ReportId | None = None  # the first report of the same event, whose card it shares

    @property
    def reference(self) -> str:
        """What people write to name it."""
        return f"S{self.id}"


def take(report: Report, by: MemberId, at: datetime) -> Report:
    """The first officer to take it has it."""
    if not isinstance(report.stage, Received):
        raise InvalidTransition(f"{report.reference} est déjà pris en charge.")
    return replace(report, stage=Taken(by=by, at=at))


def clear(report: Report, by: MemberId, at: datetime, *, founded: bool) -> Report:
    """Levée de doute by the officer who has it."""
    if not isinstance(report.stage, Taken):
        raise InvalidTransition(f"{report.reference} n'est pas en cours de levée de doute.")
    return replace(report, stage=Cleared(by=by, taken_at=report.stage.at, at=at, founded=founded))


def close(report: Report, by: MemberId, at: datetime) -> Report:
    """Ends it, from any open stage."""
    return replace(report, stage=_closed(report, by, at))


def reopen(report: Report) -> Report:
    """Something more is expected after all: whoever takes it has it, as when it came."""
    if not isinstance(report.stage, Closed):
        raise InvalidTransition(f"{report.reference} n'est pas clos.")
    return replace(report, stage=Received())


def follow(report: Report, leader: Report) -> Report:
    """Another report of the leader's event: it shares that one's card, and stands where it does.

    Whoever has the leader has it too, from the moment it came.
    """
    match leader.stage:
        case Received():
            return replace(report, leader=leader.id, stage=leader.stage)
        case Taken(by=by):
            return replace(report, leader=leader.id, stage=Taken(by=by, at=report.received_at))
        case Cleared() | Closed():
            raise InvalidTransition(f"{leader.reference} est déjà traité.")
        case _:
            assert_never(leader.stage)


def leave(report: Report) -> Report:
    """An event of its own after all; it stands where it stood."""
    if report.leader is None:
        raise InvalidTransition(f"{report.reference} n'est pas regroupé avec un autre.")
    return replace(report, leader=None)


def _closed(report: Report, by: MemberId, at: datetime) -> Closed:
    match report.stage:
        case Received():
            return Closed(by=by, at=at, founded=None)
        case Taken(at=taken):
            return Closed(by=by, at=at, founded=None, taken_at=taken)
        case Cleared(taken_at=taken, at=cleared, founded=founded):
            return Closed(by=by, at=at, founded=founded, taken_at=taken, cleared_at=cleared)
        case Closed():
            raise InvalidTransition(f"{report.reference} est déjà clos.")
        case _:
            assert_never(report.stage)
