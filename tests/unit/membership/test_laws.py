"""Laws of membership that hold whatever happened before (Hypothesis)."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import examples
from support.golden import Place, small_world
from support.land import user

LAND = {
    "communes": ["35152", "35236"],
    "poste": "departement",
    "trades": {"buralistes": "departement", "bijoutiers": "commune"},
}
NAMES = ("anne", "bruno", "camille", "dora")

channels = st.sets(st.sampled_from(["matrix", "signal", "sms"]), min_size=1).map(sorted)
standings = st.sampled_from(["in-force", "in-force", "never", "expired", "revoked"])
merchants = st.fixed_dictionaries(
    {
        "role": st.just("merchant"),
        "commune": st.sampled_from(["35152", "35236"]),
        "trades": st.lists(
            st.sampled_from(["buralistes", "bijoutiers"]), min_size=1, max_size=2, unique=True
        ),
        "channels": channels,
        "signed": standings,
    }
)
agents = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["gendarme", "municipal_police", "mairie"]),
        "zones": st.sampled_from([["commune:35152"], ["departement:35"], ["commune:35236"]]),
        "channels": channels,
        "signed": standings,
    }
)
# Two people with Signal or SMS would share one made-up number: the register forbids that.
crowds = st.dictionaries(st.sampled_from(NAMES), merchants | agents).map(
    lambda people: {
        name: {**facts, "channels": [c for c in facts["channels"] if c != "sms"] or ["matrix"]}
        for name, facts in people.items()
    }
)
lands = st.sampled_from([LAND, {**LAND, "trades": {"buralistes": "departement"}}])


def disturb(place: Place, deed: tuple[int, str, str]) -> None:
    """Somebody does something to some room, by hand."""
    number, verb, name = deed
    if place.homeserver.rooms:
        room = list(place.homeserver.rooms)[number % len(place.homeserver.rooms)]
        DEEDS[verb](place.homeserver, room, user(name))


def join(homeserver, room, who):
    seat = homeserver.rooms[room].seats.get(who)
    if seat is not None and seat.membership == "invite":
        homeserver.join(room, who)


def leave(homeserver, room, who):
    if who in homeserver.inside(room):
        homeserver.leave(room, who)


def forget(homeserver, room, _who):
    del homeserver.rooms[room]
    homeserver.aliases = {a: r for a, r in homeserver.aliases.items() if r != room}


DEEDS = {
    "join": join,
    "leave": leave,
    "intrude": lambda homeserver, room, who: homeserver.put_in(room, who),
    "rename": lambda homeserver, room, _: homeserver.tamper(room, name="Café", topic=""),
    "open": lambda homeserver, room, _: homeserver.tamper(room, join_rule="public"),
    "promote": lambda homeserver, room, who: homeserver.tamper(
        room, power_levels={"users": {who: 100}}
    ),
    "forget": forget,
}


deeds = st.lists(
    st.tuples(
        st.integers(0, 30), st.sampled_from(sorted(DEEDS)), st.sampled_from([*NAMES, "eve"])
    ),
    max_size=12,
)


async def lived(first, first_land, happened, then, then_land) -> Place:
    """A place with a past, put right once for the people and the land of today."""
    place = Place()
    await place.people(first)
    assert (await place.membership(small_world(first_land)).reconcile()).complete
    for deed in happened:
        disturb(place, deed)
    await place.people(then)
    return place


@examples(15)
@given(crowds, lands, deeds, crowds, lands)
def test_a_plan_done_twice_is_a_plan_done_once(first, first_land, happened, then, then_land):
    async def story():
        place = await lived(first, first_land, happened, then, then_land)
        membership = place.membership(small_world(then_land))
        assert (await membership.reconcile()).complete
        writes, groups = place.homeserver.writes, dict(place.signal.groups)
        assert await membership.plan() == ()
        assert (await membership.reconcile()).done == 0
        assert (place.homeserver.writes, place.signal.groups) == (writes, groups)

    asyncio.run(story())


@examples(15)
@given(crowds, lands, deeds, crowds, lands)
def test_nobody_is_in_a_room_without_a_signature_in_force(
    first, first_land, happened, then, then_land
):
    async def story():
        place = await lived(first, first_land, happened, then, then_land)
        await place.membership(small_world(then_land)).reconcile()
        valid = {name for name, facts in then.items() if facts["signed"] == "in-force"}
        for room in place.homeserver.rooms:
            assert place.homeserver.inside(room) <= {user(name) for name in valid}
        for group in place.signal.groups.values():
            assert group.members <= {f"aci-{name}" for name in valid}

    asyncio.run(story())


@examples(15)
@given(crowds, lands, deeds, crowds, lands, st.integers(0, 40))
def test_a_plan_stopped_anywhere_is_finished_by_the_next(
    first, first_land, happened, then, then_land, cut
):
    async def story():
        place = await lived(first, first_land, happened, then, then_land)
        membership = place.membership(small_world(then_land))
        await membership.apply((await membership.plan())[:cut])
        assert (await membership.reconcile()).complete
        assert await membership.plan() == ()

    asyncio.run(story())


@examples(10)
@given(crowds)
def test_a_person_sits_in_one_room_of_alerts_per_channel(people):
    async def story():
        place = Place()
        await place.people(people)
        await place.membership(small_world(LAND)).reconcile()
        merchants = [n for n, facts in people.items() if facts["role"] == "merchant"]
        rooms = place.homeserver.rooms.values()
        for name in merchants:
            seats = [r for r in rooms if r.name.startswith("Alertes") and user(name) in r.seats]
            assert len(seats) <= 1
            groups = [
                g
                for g in place.signal.groups.values()
                if g.announcement and f"aci-{name}" in g.members
            ]
            assert len(groups) <= 1

    asyncio.run(story())
