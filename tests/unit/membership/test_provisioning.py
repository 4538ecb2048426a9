"""Plans applied: what fails stops nothing else, a crash costs nothing, revocation is at once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from support.golden import OURSELVES, Place, small_world
from support.land import user

from appservice.domain.charter import proof_bytes
from appservice.domain.errors import TemporaryFailure
from appservice.domain.ids import MemberId
from appservice.domain.membership import Phase, guichet_key
from appservice.domain.membership.room_steps import CreateRoom
from appservice.domain.room import KnownRoom
from appservice.domain.signing import SigningLink
from appservice.flows.membership import AHEAD, Membership
from appservice.flows.provisioning import welcome_html

ALERTS = "maillage_alertes_buralistes_liffre_35152"
TALK = "maillage_echanges_buralistes_liffre_35152"
PEOPLE = {
    "anne": {"role": "merchant", "channels": ["matrix", "signal"]},
    "bruno": {"role": "merchant"},
    "camille": {"role": "gendarme"},
}


@pytest.fixture
async def place() -> Place:
    """Three people, all in, nothing left to do."""
    place = Place()
    await place.people(PEOPLE)
    await place.settle(small_world())
    return place


async def test_an_invitation_carries_a_sealed_proof_for_that_room_and_user(place):
    room = place.homeserver.named(ALERTS)
    proof = place.homeserver.proofs[room, user("anne")]
    signed = proof_bytes(room, user("anne"), str(proof["version"]), int(str(proof["until"])))
    assert signed in place.seals.signed
    assert proof["sig"] == f"sealed-{len(signed)}"
    assert proof["version"] == "2026-2"


async def test_the_welcome_is_pinned_with_the_reminder(place):
    text = place.homeserver.welcomes[place.homeserver.named(ALERTS)]
    assert "Ne remplace pas le 17 ni le 112" in text
    assert "alertes « buralistes »" in text


async def test_one_failure_stops_nothing_else_and_comes_back_in_the_next_plan(place):
    room = place.homeserver.named(TALK)
    place.homeserver.tamper(room, name="Café", topic="")
    place.homeserver.put_in(room, user("eve"))
    place.homeserver.broken = {"remove"}
    membership = place.membership(small_world())
    told = []

    applied = await membership.reconcile(lambda step, code: told.append((step.describe(), code)))

    assert not applied.complete
    assert [(f.step.describe()[:12], f.code) for f in applied.failures] == [
        ("Retirer @eve", "temporaire")
    ]
    assert (applied.done, len(told)) == (2, 3)
    assert place.homeserver.rooms[room].name == "Échanges buralistes - Liffré"
    place.homeserver.broken = set()
    assert [step.phase for step in await membership.plan()] == [Phase.REMOVALS]


async def test_what_needs_a_room_that_could_not_be_made_waits_for_the_next_time():
    place = Place()
    await place.people(PEOPLE)
    place.homeserver.broken = {"create"}
    membership = place.membership(small_world())
    applied = await membership.reconcile()
    assert applied.done == 0
    assert {f.code for f in applied.failures} == {"temporaire", "definitif"}
    place.homeserver.broken = set()
    assert (await membership.reconcile()).complete


async def test_a_room_made_just_before_a_crash_is_found_again_by_its_alias():
    place = Place()
    await place.people(PEOPLE)
    membership = place.membership(small_world())
    step = next(s for s in await membership.plan() if isinstance(s, CreateRoom))
    made = await place.homeserver.create(step.room)  # …and we died before writing it down
    assert (await membership.reconcile()).complete
    assert place.homeserver.aliases[step.room.alias] == made
    async with place.store.transaction() as tx:
        assert await tx.rooms.by_key(step.key) == KnownRoom(step.key, made)
    assert len(place.homeserver.rooms) == len(place.homeserver.aliases)


async def test_a_room_is_hung_in_its_space_with_one_write_more():
    place = Place()
    await place.people(PEOPLE)
    membership = place.membership(small_world())
    steps = [step for step in await membership.plan() if step.phase <= Phase.LINKS]
    links = [step for step in steps if step.phase is Phase.LINKS]
    assert (await membership.apply(steps)).complete
    assert place.homeserver.writes == len(steps)
    assert sum(len(room.parents) for room in place.homeserver.rooms.values()) == len(links) > 0


async def test_a_room_that_was_hung_on_its_own_side_only_is_hung_on_both():
    place = Place()
    await place.people(PEOPLE)
    place.homeserver.broken = {"set_state"}
    membership = place.membership(small_world())
    await membership.reconcile()
    assert not any(room.children for room in place.homeserver.rooms.values())
    place.homeserver.broken = set()
    assert Phase.LINKS in {step.phase for step in await membership.plan()}
    assert (await membership.reconcile()).complete
    assert not await membership.plan()


async def test_a_group_made_just_before_a_crash_is_found_again_by_its_mark():
    place = Place()
    await place.people(PEOPLE)
    world = small_world()
    await place.settle(world)
    async with place.store.transaction() as tx:
        alerts = next(r for r in await tx.rooms.all() if r.key.kind == "alertes")
        await tx.rooms.remember(KnownRoom(alerts.key, alerts.room_id))
    before = dict(place.signal.groups)
    membership = place.membership(world)
    assert [step.describe() for step in await membership.plan()] == [
        "Reprendre le groupe Signal « Alertes buralistes - Liffré », déjà créé."
    ]
    assert (await membership.reconcile()).complete
    assert place.signal.groups == before
    async with place.store.transaction() as tx:
        assert await tx.rooms.by_key(alerts.key) == alerts


async def test_a_signal_account_that_cannot_be_added_is_said_and_asked_again(place):
    place.signal.unreachable = {"aci-dora"}
    await place.people({**PEOPLE, "dora": {"role": "merchant", "channels": ["signal"]}})
    applied = await place.membership(small_world()).reconcile()
    assert {f.code for f in applied.failures} == {"temporaire"}
    assert all("Signal" in f.step.describe() for f in applied.failures)


async def test_without_a_signal_bridge_rooms_are_all_the_same(place):
    await place.people({**PEOPLE, "dora": {"role": "merchant", "channels": ["signal"]}})
    alone = Membership(
        place.store,
        place.homeserver,
        None,
        place.seals,
        lambda: place.now,
        small_world(),
        OURSELVES,
    )
    assert await alone.plan() == ()


async def test_the_service_never_removes_itself(place):
    room = place.homeserver.named(ALERTS)
    place.homeserver.put_in(room, OURSELVES.bot)
    assert await place.membership(small_world()).plan() == ()


async def test_the_homeserver_down_says_so_and_changes_nothing(place):
    place.homeserver.down = True
    with pytest.raises(TemporaryFailure):
        await place.membership(small_world()).plan()


async def test_a_repair_looks_at_the_rooms_that_were_named_and_no_other(place):
    talk, alerts = place.homeserver.named(TALK), place.homeserver.named(ALERTS)
    place.homeserver.put_in(talk, user("eve"))
    place.homeserver.put_in(alerts, user("eve"))
    applied = await place.membership(small_world()).repair([talk])
    assert (applied.done, applied.complete) == (1, True)
    assert user("eve") not in place.homeserver.inside(talk)
    assert user("eve") in place.homeserver.inside(alerts)


async def test_a_repair_of_rooms_that_are_not_ours_does_nothing(place):
    writes = place.homeserver.writes
    assert (await place.membership(small_world()).repair(["!elsewhere"])).done == 0
    assert place.homeserver.writes == writes


async def test_revocation_empties_every_seat_at_once(place):
    stray = place.homeserver.named("maillage_poste_liffre_35152")
    place.homeserver.put_in(stray, user("anne"))
    membership = place.membership(small_world())

    applied = await membership.revoke(MemberId("anne"), "mairie")

    assert applied.complete
    for room in place.homeserver.rooms:
        assert user("anne") not in place.homeserver.inside(room)
    assert not any("aci-anne" in group.members for group in place.signal.groups.values())
    assert ("mairie", "revoke", "anne") in [(a.actor, a.verb, a.subject) for a in place.store.acts]
    assert {why for _, who, why in place.homeserver.reasons if who == user("anne")} == {
        "participation retirée par la mairie"
    }
    assert user("bruno") in place.homeserver.inside(place.homeserver.named(ALERTS))
    assert await membership.plan() == ()
    assert await membership.room_of(MemberId("anne")) is None


async def test_nothing_in_a_room_lets_a_revoked_person_back_in(place):
    await place.membership(small_world()).revoke(MemberId("anne"), "operator")
    room = place.homeserver.named(ALERTS)
    assert place.homeserver.proofs[room, user("anne")] == {}
    assert place.homeserver.proofs[room, user("bruno")] != {}


async def test_a_link_that_waits_dies_with_the_participation(place):
    link = SigningLink(b"d" * 32, MemberId("anne"), "mairie", place.now, place.now + AHEAD)
    async with place.store.transaction() as tx:
        await tx.signing_links.add(link)
    await place.membership(small_world()).revoke(MemberId("anne"), "operator")
    async with place.store.transaction() as tx:
        found = await tx.signing_links.get(link.digest)
    assert found.state(place.now) == "revoked"


async def test_seats_end_before_the_charter_does_never_after(place):
    async with place.store.transaction() as tx:
        signature = await tx.signatures.latest(MemberId("anne"))
    place.now = signature.valid_until - AHEAD + timedelta(seconds=1)
    assert (await place.membership(small_world()).reconcile()).complete
    assert user("anne") not in place.homeserver.inside(place.homeserver.named(ALERTS))
    assert not any("aci-anne" in group.members for group in place.signal.groups.values())


async def test_revocation_while_signal_is_down_is_finished_later(place):
    membership = place.membership(small_world())
    place.signal.down = True
    await membership.revoke(MemberId("anne"), "operator")
    assert user("anne") not in place.homeserver.inside(place.homeserver.named(ALERTS))
    place.signal.down = False
    assert (await membership.reconcile()).complete
    assert not any("aci-anne" in group.members for group in place.signal.groups.values())


async def test_revocation_while_the_homeserver_is_down_takes_the_right_away_all_the_same(place):
    membership = place.membership(small_world())
    place.homeserver.down = True
    with pytest.raises(TemporaryFailure):
        await membership.revoke(MemberId("anne"), "operator")
    place.homeserver.down = False
    assert (await membership.reconcile()).complete
    assert user("anne") not in place.homeserver.inside(place.homeserver.named(ALERTS))


async def test_nobody_is_revoked_who_is_not_enrolled(place):
    applied = await place.membership(small_world()).revoke(MemberId("nobody"), "operator")
    assert (applied.done, applied.complete) == (0, True)


async def test_a_guichet_is_opened_on_demand_and_once():
    place = Place()
    await place.people({"anne": {}, "bruno": {"channels": ["sms"]}, "dora": {"signed": "never"}})
    membership = place.membership(small_world())
    opened = await asyncio.gather(*(membership.room_of(MemberId("anne")) for _ in range(3)))
    assert len(set(opened)) == 1
    (room,) = set(opened)
    assert room is not None
    assert place.homeserver.inside(room) == {user("anne")}
    assert len(place.homeserver.rooms) == 1
    assert "Bienvenue dans votre guichet" in place.homeserver.welcomes[room]
    assert await membership.room_of(MemberId("bruno")) is None
    assert await membership.room_of(MemberId("dora")) is None
    assert await membership.room_of(MemberId("nobody")) is None


async def test_a_guichet_that_cannot_be_opened_now_is_asked_for_again():
    place = Place()
    await place.people({"anne": {}})
    membership = place.membership(small_world())
    place.homeserver.down = True
    with pytest.raises(TemporaryFailure):
        await membership.room_of(MemberId("anne"))
    place.homeserver.down = False
    assert await membership.room_of(MemberId("anne")) is not None


async def test_a_guichet_opened_on_demand_is_the_one_that_the_plan_wants():
    place = Place()
    await place.people({"anne": {}})
    membership = place.membership(small_world())
    room = await membership.room_of(MemberId("anne"))
    assert (await membership.reconcile()).complete
    async with place.store.transaction() as tx:
        anne = await tx.members.get(MemberId("anne"))
        known = await tx.rooms.by_key(guichet_key(anne))
    assert known is not None
    assert known.room_id == room


def test_a_welcome_is_shown_in_paragraphs_and_nothing_in_it_is_markup():
    assert welcome_html("Bonjour <b>vous</b>\n\nNe remplace pas le 17 ni le 112.\n\nUn\ndeux") == (
        "<p>Bonjour &lt;b&gt;vous&lt;/b&gt;</p>"
        "<p><strong>Ne remplace pas le 17 ni le 112.</strong></p>"
        "<p>Un<br>deux</p>"
    )


async def test_S0_02_whoever_asks_by_the_link_without_a_right_is_refused_and_told_why(place):
    group = next(g for g in place.signal.groups.values() if g.title.startswith("Alertes"))
    place.signal.groups[group.id] = replace(group, requesting=frozenset({"aci-mallory"}))
    membership = place.membership(small_world())
    assert (await membership.reconcile()).complete
    assert place.signal.groups[group.id].requesting == frozenset()
    [told] = [p for p in place.store.parcels if p.target == "aci-mallory"]
    assert "est refusée" in told.body
    assert group.title in told.body
    # Asking again changes nothing: one answer is enough.
    place.signal.groups[group.id] = replace(group, requesting=frozenset({"aci-mallory"}))
    assert (await membership.reconcile()).complete
    assert len([p for p in place.store.parcels if p.target == "aci-mallory"]) == 1
