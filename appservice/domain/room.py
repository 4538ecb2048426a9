"""Room templates and the rooms they ask for: what a homeserver must look like."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from appservice.domain.ids import MemberId, RoomId, TradeId, UserId
from appservice.domain.territory import Zone

GOVERNED = "fr.maillage.charter"
"""Creation-content key and event type that put a room under `charter_gate`."""


class Kind(StrEnum):
    """Kinds of room; `espace` is a space (Matrix spec, Spaces)."""

    ALERTES = "alertes"
    ECHANGES = "echanges"
    POSTE = "poste"
    GUICHET = "guichet"
    SPACE = "espace"

    __hash__ = str.__hash__  # an enum's own is slow, and rooms are looked up by it


class Writers(StrEnum):
    """Who may write in a room of that kind."""

    SERVICE = "service"
    MEMBERS = "membres"


@dataclass(frozen=True, slots=True)
class Template:
    """What rooms of a kind look like (one YAML file). `{trade}` and `{zone}` are filled in."""

    kind: Kind
    name: str
    topic: str
    welcome: str
    writers: Writers
    officer_power: int = 50
    signal: bool = False  # mirrored by a Signal group
    signal_announcement: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """What rooms of a kind are called and say to one public."""

    name: str
    topic: str
    welcome: str


@dataclass(frozen=True, slots=True)
class Public:
    """People who are no merchants but take part as they do: farmers, elected people, seniors."""

    id: TradeId  # a territory lists it among its trades
    name: str
    member: str  # what one of them is called
    charter: str
    words: Mapping[Kind, Words]


class RoomKey(NamedTuple):
    """What makes a room the room it is; stable for ever, and the base of its alias.

    A tuple: a plan of a country looks keys up by the million, and tuples hash and compare fast.
    """

    kind: Kind
    zone: Zone
    territory: str
    trade: TradeId | None = None
    member: MemberId | None = None  # a guichet's one member

    def __str__(self) -> str:
        parts = (self.kind.value, self.territory, str(self.zone), self.trade, self.member)
        return "/".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class DesiredRoom:
    """A room that the templates ask for."""

    key: RoomKey
    alias: str  # localpart
    name: str
    topic: str
    welcome: str
    power_levels: Mapping[str, object]  # m.room.power_levels content
    encrypted: bool
    parent: RoomKey | None  # the space it hangs in
    people: Mapping[UserId, int]  # who belongs, and until when their charter is in force (s)
    members: frozenset[MemberId] = frozenset()  # the same people
    signal: bool = False
    signal_announcement: bool = False
    signal_people: frozenset[str] = frozenset()  # ACIs


@dataclass(frozen=True, slots=True)
class Seat:
    """One user's membership as the homeserver has it."""

    membership: str  # join | invite | leave | ban | knock
    until: int = 0  # end of the proof that the room state holds, in seconds; 0 without proof
    since: int = 0  # origin_server_ts of the membership event, in milliseconds
    by_self: bool = False  # the user sent that event: they joined, left or declined themself


@dataclass(frozen=True, slots=True)
class ActualRoom:
    """What the homeserver says of a room."""

    room_id: RoomId
    name: str = ""
    topic: str = ""
    power_levels: Mapping[str, object] = field(default_factory=dict)
    join_rule: str = "invite"
    history_visibility: str = "joined"
    guest_access: str = "forbidden"
    encrypted: bool = True
    federated: bool = False
    children: frozenset[RoomId] = frozenset()
    parents: frozenset[RoomId] = frozenset()
    pinned: tuple[str, ...] = ()
    pinned_at: int = 0  # origin_server_ts of m.room.pinned_events, in milliseconds
    seats: Mapping[UserId, Seat] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownRoom:
    """A room that we made, as our own register has it."""

    key: RoomKey
    room_id: RoomId
    signal_group: str | None = None
