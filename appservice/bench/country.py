"""A land as large as France, made up: communes, members, and a homeserver that has it all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from appservice.domain.charter import Signature
from appservice.domain.ids import Insee, MemberId, RoomId, TradeId, UserId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.room import ActualRoom, DesiredRoom, KnownRoom, RoomKey, Seat
from appservice.domain.territory import Commune, Level, Territory, Trade, Zone
from appservice.domain.world import World

COMMUNES_EACH = 360  # of a département
TRADES = ("buralistes", "bijoutiers", "boulangers", "pharmacies", "stations")
OFFICERS = 20  # one member of so many is a municipal officer


@dataclass(frozen=True, slots=True)
class Country:
    """What a plan starts from, but for the homeserver."""

    world: World
    members: list[Member]
    signatures: dict[MemberId, Signature]


def country(
    shipped: World, communes: int, members: int, now: datetime, *, first: int = 1
) -> Country:
    """Every commune has a room of each trade; everybody has signed and is on Matrix.

    `first` is the number of the first département: two countries may share a homeserver.
    """
    model = next(iter(shipped.territories.values()))
    lands = [
        _territory(model, first + number, min(COMMUNES_EACH, communes - number * COMMUNES_EACH))
        for number in range(-(-communes // COMMUNES_EACH))
    ]
    world = replace(shipped, territories={land.id: land for land in lands})
    people = list(_people(lands, members))
    signatures = {person.id: _signed(world, person, now) for person in people}
    return Country(world, people, signatures)


def settled(
    rooms: Mapping[RoomKey, DesiredRoom], now: datetime
) -> tuple[list[KnownRoom], dict[RoomId, ActualRoom]]:
    """The register and the homeserver once nothing differs."""
    ids = {key: RoomId(f"!{room.alias}:maillage.test") for key, room in rooms.items()}
    children: dict[RoomKey, set[RoomId]] = {}
    for key, room in rooms.items():
        if room.parent is not None:
            children.setdefault(room.parent, set()).add(ids[key])
    at = int(now.timestamp() * 1000)
    actual = {}
    for key, room in rooms.items():
        actual[ids[key]] = ActualRoom(
            room_id=ids[key],
            # A homeserver's answer is parsed room by room: nothing in it is shared with ours.
            name=_another(room.name),
            topic=_another(room.topic),
            power_levels=room.power_levels,
            encrypted=room.encrypted,
            children=frozenset(children.get(key, ())),
            parents=frozenset({ids[room.parent]}) if room.parent is not None else frozenset(),
            pinned=(f"$welcome{ids[key]}",) if room.welcome else (),
            pinned_at=at,
            seats={user: Seat("join", until, at - 1000) for user, until in room.people.items()},
        )
    known = [KnownRoom(room.key, ids[key]) for key, room in rooms.items()]
    return known, actual


def _territory(model: Territory, number: int, size: int) -> Territory:
    department = f"{number:03}"
    codes = [Insee(f"{department}{commune:03}") for commune in range(size)]
    return replace(
        model,
        id=f"territoire-{department}",
        name=f"Département {department}",
        department=department,
        communes={
            code: Commune(code, f"Commune-sur-Rivière {code}", department) for code in codes
        },
        trades={
            TradeId(name): Trade(TradeId(name), name.capitalize(), Level.COMMUNE)
            for name in TRADES
        },
        poste_level=Level.DEPARTMENT,
    )


def _people(lands: list[Territory], count: int) -> Iterator[Member]:
    """One officer of a commune for nineteen merchants, spread over the land."""
    codes = [list(land.communes) for land in lands]
    for number in range(count):
        turn, index = divmod(number, len(lands))
        commune = codes[index][turn % len(codes[index])]
        officer = (turn + index) % OFFICERS == 0
        name = f"membre{number}"
        trade = TRADES[(turn + turn // len(codes[index])) % len(TRADES)]
        yield Member(
            id=MemberId(name),
            role=Role.MUNICIPAL_POLICE if officer else Role.MERCHANT,
            name=name,
            territory=lands[index].id,
            trades=() if officer else (TradeId(trade),),
            commune=Insee("") if officer else commune,
            zones=(Zone(Level.COMMUNE, commune),) if officer else (),
            channels=frozenset({Channel.MATRIX}),
            mxid=UserId(f"@{name}:maillage.test"),
        )


def _signed(world: World, person: Member, now: datetime) -> Signature:
    charter = world.charter_for(person)
    if charter is None:
        raise LookupError(person.territory)
    until = now + timedelta(days=365)
    return Signature(person.id, charter.id, charter.version, charter.hash, now, until)


def _another(text: str) -> str:
    return text.encode().decode()
