"""What the templates, the register and the charters ask for: rooms, and who belongs in them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from appservice.domain.charter import InForce, NotInForce, Signature
from appservice.domain.ids import MemberId
from appservice.domain.member import Member
from appservice.domain.membership.builder import Builder
from appservice.domain.room import DesiredRoom, RoomKey
from appservice.domain.world import World


@dataclass(frozen=True, slots=True)
class Right:
    """A charter in force, as proofs need it."""

    until: int  # seconds
    version: str
    since: int  # when it was signed, in milliseconds


@dataclass(frozen=True, slots=True)
class Desired:
    """Rooms by key, and the right of whoever is enrolled, by user id and by ACI.

    Rooms of territories that are not in `territories` are somebody else's: left alone.
    """

    rooms: Mapping[RoomKey, DesiredRoom]
    rights: Mapping[str, Right | NotInForce]
    territories: frozenset[str]
    closed: frozenset[str] = frozenset()  # territories where nothing may be made, only taken away


def closed_among(world: World) -> frozenset[str]:
    """Territories whose legal checklist is incomplete."""
    return frozenset(t.id for t in world.territories.values() if not t.is_open)


def desired(
    world: World,
    members: Iterable[Member],
    signatures: Mapping[MemberId, Signature],
    now: datetime,
) -> Desired:
    """Every room that must exist; nobody is in one without a charter in force."""
    rooms: dict[RoomKey, DesiredRoom] = {}
    rights: Mapping[str, Right | NotInForce] = {}
    for part in desired_by_territory(world, members, signatures, now):
        rooms.update(part.rooms)
        rights = part.rights
    return Desired(rooms, rights, frozenset(world.territories), closed_among(world))


def desired_by_territory(
    world: World,
    members: Iterable[Member],
    signatures: Mapping[MemberId, Signature],
    now: datetime,
) -> Iterator[Desired]:
    """The same, one territory after the other: a country need not be held at once.

    Everybody's right is in each: who sits in the wrong territory is removed with a reason.
    """
    rights: dict[str, Right | NotInForce] = {}
    closed = closed_among(world)
    seated: dict[str, list[tuple[Member, int]]] = {key: [] for key in world.territories}
    for member in members:
        signature = signatures.get(member.id)
        right = _right(world.standing(member, signature, now), signature)
        for address in (member.mxid, member.signal):
            if address is not None:
                rights[address] = right
        if isinstance(right, Right) and member.territory in seated:
            seated[member.territory].append((member, right.until))
    for territory in world.territories.values():
        builder = Builder(territory, world.templates, world.publics)
        for member, until in seated.pop(territory.id):
            builder.seat(member, until)
        rooms = {room.key: room for room in builder.rooms()}
        yield Desired(rooms, rights, frozenset({territory.id}), closed)


def desired_guichet(
    world: World, member: Member, signature: Signature | None, now: datetime
) -> Desired:
    """The guichet of one member and nothing else; no room without a charter in force."""
    right = _right(world.standing(member, signature, now), signature)
    territory = world.territory_of(member)
    if not isinstance(right, Right) or territory is None or member.mxid is None:
        return Desired({}, {}, frozenset())
    if not territory.is_open:
        return Desired({}, {}, frozenset())
    room = Builder(territory, world.templates, world.publics).guichet(member, right.until)
    rooms = {} if room is None else {room.key: room}
    return Desired(rooms, {member.mxid: right}, frozenset())


def _right(standing: InForce | NotInForce, signature: Signature | None) -> Right | NotInForce:
    if isinstance(standing, NotInForce) or signature is None:
        return standing if isinstance(standing, NotInForce) else NotInForce("never-signed")
    since = int(signature.signed_at.timestamp() * 1000)
    return Right(int(standing.until.timestamp()), standing.version, since)
