"""Rooms: what provisioning makes, what drift costs, and a new trade in one line of YAML."""

import pytest
from support.proofs import unix_now
from support.town import FINISTERE, Town

from appservice.demo.people import BRETAGNE
from appservice.domain.room import Kind
from appservice.files.keys import load_keys

pytestmark = pytest.mark.e2e


@pytest.mark.acceptance("S0-01")
async def test_provisioning_makes_one_encrypted_room_by_invitation_with_both_sides(
    town: Town,
) -> None:
    cast = town.cast
    rooms = [
        (key, room)
        for key, room in cast.scenery.rooms.items()
        if key.territory == BRETAGNE and key.trade == "buralistes" and key.kind is Kind.ECHANGES
    ]
    assert len(rooms) == 1, "one room for the trade in the département"
    key, room = rooms[0]
    assert (key.zone.level.value, key.zone.code) == ("departement", "35")
    encryption = await cast.read_state(room, "m.room.encryption")
    assert encryption["algorithm"] == "m.megolm.v1.aes-sha2"
    assert (await cast.read_state(room, "m.room.join_rules"))["join_rule"] == "invite"
    assert (await cast.read_state(room, "m.room.create"))["m.federate"] is False
    history = await cast.read_state(room, "m.room.history_visibility")
    assert history["history_visibility"] == "joined"

    async def holds(person: str) -> bool:
        return room in await cast.elements[person].seats()

    merchants, officers = ("tanguy", "brient", "guyot"), ("kerboul", "lebihan")
    assert [p for p in (*merchants, *officers) if not await holds(p)] == []
    elsewhere = ("salvi", "perrin", "aurore", "cariou", "nedelec")
    assert [p for p in elsewhere if await holds(p)] == []
    # The gendarmes moderate; the service alone invites.
    levels = await cast.read_state(room, "m.room.power_levels")
    assert levels["invite"] == 100
    assert levels["users"][cast.mxid("kerboul")] == 50
    assert cast.mxid("tanguy") not in levels["users"]
    # The same trade's merchants without Element sit in the Signal group of that room.
    group = town.stage.signal.world.register.circles[cast.scenery.groups[key]]
    assert cast.aci("legoff") in group.members
    assert cast.aci("hamon") not in group.members


async def test_drift_is_seen_and_repaired_with_the_service_stopped(town: Town) -> None:
    cast = town.cast
    room = cast.scenery.room(Kind.ECHANGES, FINISTERE, "boulangers")
    stranger = await cast.account("inconnu")
    await town.stage.stop_service()
    try:
        name = await cast.read_state(room, "m.room.name")
        levels = await cast.read_state(room, "m.room.power_levels")
        await cast.tamper(room, "m.room.name", {"name": "Le salon de Bob"})
        await cast.tamper(room, "m.room.power_levels", {**levels, "events_default": 100})
        # Only whoever holds the service's key can do this.
        keys = load_keys(town.stage.state / "keys")
        proof = keys.proof(room, stranger.mxid, "2026-1", int(unix_now()) + 3600)
        invite = {"membership": "invite", "fr.maillage.charter": proof}
        await cast.tamper(room, "m.room.member", invite, stranger.mxid)
        with pytest.raises(Exception, match="403"):
            await cast.tamper(room, "m.room.join_rules", {"join_rule": "public"})
        assert (await cast.read_state(room, "m.room.join_rules"))["join_rule"] == "invite"

        seen = (await town.standing_plan()).out
        assert "Le salon de Bob" in seen or name["name"] in seen
        assert stranger.mxid in seen
        assert len(seen.splitlines()) == 3, seen
        await cast.maillage("apply")

        assert await cast.read_state(room, "m.room.name") == name
        assert await cast.read_state(room, "m.room.power_levels") == levels
        member = await cast.read_state(room, "m.room.member", stranger.mxid)
        assert member["membership"] in {"leave", "ban"}
        assert (await town.standing_plan()).out == ""
    finally:
        await town.stage.restart_service()


@pytest.mark.acceptance("S0-09")
async def test_a_trade_is_one_more_line_of_yaml(town: Town) -> None:
    cast, path = town.cast, town.stage.world.territories / "finistere.yaml"
    before = path.read_text(encoding="utf-8")
    rooms = set(cast.scenery.rooms)
    await town.stage.stop_service()
    try:
        path.write_text(before + "  bijoutiers: commune\n", encoding="utf-8")
        planned = (await town.standing_plan()).out
        assert "bijoutiers" in planned.lower()
        await cast.maillage("apply")
        await town.stage.restart_service()
        await cast.maillage("apply")
        assert (await town.standing_plan()).out == ""
        made = {
            key: room for key, room in (await cast.look_around()).rooms.items() if key not in rooms
        }
        kinds = sorted(key.kind.value for key in made if key.trade == "bijoutiers")
        assert kinds == ["alertes", "echanges"]
        for room in made.values():
            assert "m.megolm" in (await cast.read_state(room, "m.room.encryption"))["algorithm"]
            pinned = await cast.read_state(room, "m.room.pinned_events")
            assert len(pinned["pinned"]) == 1
        # The officer of the place is invited without anybody doing more.
        assert await cast.accept_invitations(["cariou"]) == 2
    finally:
        path.write_text(before, encoding="utf-8")
        await town.restart()
        await cast.maillage("apply")
        await cast.look_around()
    assert (await town.standing_plan()).out == ""
