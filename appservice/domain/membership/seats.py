"""Where one member sits, by the names that people read."""

from collections.abc import Mapping, Sequence

from appservice.domain.ids import TradeId
from appservice.domain.member import Channel, Member
from appservice.domain.membership.builder import Builder
from appservice.domain.room import Kind, Public, Template
from appservice.domain.territory import Territory


def seats_of(
    member: Member,
    territory: Territory,
    templates: Mapping[Kind, Template],
    publics: Mapping[TradeId, Public],
    channel: Channel,
) -> Sequence[str]:
    """Rooms in Element, groups in Signal, none by SMS; spaces and the guichet left out."""
    if not set(templates) >= set(Kind) or channel is Channel.SMS:
        return ()
    builder = Builder(territory, templates, publics)
    builder.seat(member, 0)
    return [
        room.name
        for room in builder.rooms()
        if room.key.kind not in (Kind.SPACE, Kind.GUICHET)
        and (member.signal in room.signal_people if channel is Channel.SIGNAL else room.people)
    ]
