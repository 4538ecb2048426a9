"""The rooms of the story: where they are, what they are called, who belongs in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from appservice.app import clock, open_office
from appservice.domain.ids import RoomId, TradeId
from appservice.domain.member import Channel, Member
from appservice.domain.membership import desired
from appservice.domain.room import DesiredRoom, Kind, RoomKey
from appservice.files.config import load_config


@dataclass(frozen=True, slots=True)
class Scenery:
    """What the register and the templates say at one moment."""

    members: tuple[Member, ...] = ()
    rooms: Mapping[RoomKey, RoomId] = field(default_factory=dict)
    wanted: Mapping[RoomKey, DesiredRoom] = field(default_factory=dict)
    groups: Mapping[RoomKey, str] = field(default_factory=dict)  # Signal

    def room(self, kind: Kind, territory: str, trade: str = "", zone: str = "") -> RoomId:
        """The one room of that kind. Raises KeyError."""
        return self.rooms[self.key(kind, territory, trade, zone)]

    def group(self, kind: Kind, territory: str, trade: str = "", zone: str = "") -> str:
        """The Signal group that mirrors that room. Raises KeyError."""
        return self.groups[self.key(kind, territory, trade, zone)]

    def key(self, kind: Kind, territory: str, trade: str = "", zone: str = "") -> RoomKey:
        """Raises KeyError."""
        for key in self.rooms:
            named = key.trade == (TradeId(trade) if trade else None)
            placed = not zone or key.zone.code == zone
            if key.kind is kind and key.territory == territory and named and placed:
                return key
        raise KeyError((kind, territory, trade, zone))

    def guichet(self, address: str) -> RoomId:
        """The room that the person at that address shares with the service. Raises KeyError."""
        member = self.member(address)
        for key, room in self.rooms.items():
            if key.kind is Kind.GUICHET and key.member == member.id:
                return room
        raise KeyError(address)

    def member(self, address: str) -> Member:
        """Whoever is found there on any channel. Raises KeyError."""
        for member in self.members:
            if address in {member.address(channel) for channel in Channel}:
                return member
        raise KeyError(address)

    def seats(self, mxid: str) -> set[str]:
        """The rooms in which that user belongs."""
        return {
            self.rooms[key]
            for key, room in self.wanted.items()
            if key in self.rooms and mxid in room.people
        }

    def titles(self) -> Mapping[str, str]:
        """What each room is called, guichets first: there people write."""
        order = (Kind.GUICHET, Kind.POSTE, Kind.ECHANGES, Kind.ALERTES)
        return {
            self.rooms[key]: room.name
            for kind in order
            for key, room in self.wanted.items()
            if key.kind is kind and key in self.rooms
        }

    def described(self, server_name: str) -> list[dict[str, object]]:
        """For `demo.json`."""
        return [
            {
                "room_id": room,
                "alias": self._alias(key, server_name),
                "kind": key.kind.value,
                "trade": key.trade,
                "commune": key.zone.code,
            }
            for key, room in self.rooms.items()
        ]

    def _alias(self, key: RoomKey, server_name: str) -> str | None:
        wanted = self.wanted.get(key)
        return f"#{wanted.alias}:{server_name}" if wanted else None


async def look_around(config: Path) -> Scenery:
    """As things are now."""
    async with open_office(load_config(config)) as office:
        async with office.store.transaction() as tx:
            known = await tx.rooms.all()
            members = await tx.members.everyone()
            signatures = await tx.signatures.all_latest()
        wanted = desired(office.world, members, signatures, clock())
    return Scenery(
        members=tuple(members),
        rooms={room.key: room.room_id for room in known},
        wanted=wanted.rooms,
        groups={room.key: room.signal_group for room in known if room.signal_group},
    )
