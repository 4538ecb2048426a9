"""Whom an alert reaches, through which conversations: each person once a channel, nobody else."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from support.story import (
    ALERTES,
    ALERTES_GROUP,
    ANNE,
    BIJOUTIERS,
    BRUNO,
    BURALISTES,
    CHLOE,
    DAVID,
    EVERYWHERE,
    LIFFRE,
    MOREL,
    REDON,
    TERRITORY,
    merchant,
    rooms,
)

from appservice.domain.audience import Audience, homes_of, routes
from appservice.domain.ids import Insee, RoomId, TradeId
from appservice.domain.member import Channel, Member, listed
from appservice.domain.room import Kind, KnownRoom, RoomKey
from appservice.domain.territory import Level, Zone

ROOMS = [
    *rooms(),
    KnownRoom(
        RoomKey(Kind.ALERTES, Zone(Level.COMMUNE, REDON), TERRITORY.id, trade=BIJOUTIERS),
        RoomId("!alertes-bijoutiers-redon"),
        "group-bijoutiers-redon",
    ),
]
PEOPLE = st.lists(
    st.tuples(
        st.sampled_from([LIFFRE, REDON]),
        st.permutations([BURALISTES, BIJOUTIERS]).flatmap(
            lambda trades: st.sampled_from([tuple(trades[:1]), tuple(trades)])
        ),
        st.frozensets(st.sampled_from(list(Channel)), min_size=1),
    ),
    max_size=8,
).map(
    lambda rows: [
        merchant(f"m{n}", commune, *trades, channels=channels)
        for n, (commune, trades, channels) in enumerate(rows)
    ]
)
AUDIENCES = st.builds(
    Audience,
    st.sampled_from([EVERYWHERE, Zone(Level.COMMUNE, LIFFRE), Zone(Level.DEPARTMENT, "35")]),
    st.frozensets(st.sampled_from([BURALISTES, BIJOUTIERS])),
)


def readers(people: list[Member], audience: Audience) -> Counter[tuple[str, Channel]]:
    """How many copies each person reads on each channel."""
    roll = [listed(member) for member in people]
    homes = homes_of(roll, ROOMS, TERRITORY)
    seated = Counter(room for home in homes.values() for room in home.values())
    concerned = [m for m in roll if audience.holds(m, TERRITORY)]
    read: Counter[tuple[str, Channel]] = Counter()
    for route in routes(concerned, homes, seated):
        if route.member is not None:
            read[route.member, route.channel] += 1
        else:
            for member, room in homes[route.channel].items():
                read[member, route.channel] += room == route.target
    return read


@given(PEOPLE, AUDIENCES)
def test_everybody_concerned_once_a_channel_and_nobody_else(
    people: list[Member], audience: Audience
) -> None:
    concerned = [m for m in map(listed, people) if audience.holds(m, TERRITORY)]
    expected = Counter((m.id, channel) for m in concerned for channel in m.channels)
    assert +readers(people, audience) == expected


def test_a_merchant_sits_in_the_room_of_their_first_trade() -> None:
    homes = homes_of(map(listed, [ANNE, BRUNO, CHLOE, DAVID]), ROOMS, TERRITORY)
    assert homes[Channel.MATRIX] == {ANNE.id: ALERTES, DAVID.id: ALERTES}
    assert homes[Channel.SIGNAL] == {BRUNO.id: ALERTES_GROUP, DAVID.id: ALERTES_GROUP}
    assert Channel.SMS not in homes


def test_who_has_no_home_sits_nowhere() -> None:
    nowhere = [
        merchant("a", Insee("99999")),
        merchant("b", LIFFRE, TradeId("fleuristes")),
    ]
    assert homes_of(map(listed, nowhere), ROOMS, TERRITORY) == {
        Channel.MATRIX: {},
        Channel.SIGNAL: {},
    }
    assert homes_of([listed(ANNE)], [], TERRITORY) == {Channel.MATRIX: {}, Channel.SIGNAL: {}}


def test_officers_are_no_audience() -> None:
    assert not Audience(EVERYWHERE).holds(listed(MOREL), TERRITORY)
