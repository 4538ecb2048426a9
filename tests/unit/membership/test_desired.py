"""Who is asked to sit where, under what names and with what powers."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support.land import (
    BRETAGNE,
    LIFFRE,
    MANTES,
    NOW,
    REDON,
    YVELINES,
    merchant,
    officer,
    shipped_world,
    signed,
    user,
)

from appservice.domain.charter import Former, NotInForce
from appservice.domain.ids import Insee, TradeId
from appservice.domain.member import Role
from appservice.domain.membership import Right, desired, desired_guichet, guichet_key
from appservice.domain.membership.powers import power_levels, same_powers
from appservice.domain.room import Kind
from appservice.domain.territory import Level, Trade, Zone
from appservice.files.communes import communes_of


def rooms_of(*members, world=None, unsigned=()):
    """Aliases of the rooms in which each user sits."""
    signatures = {m.id: signed(m) for m in members if m not in unsigned}
    wanted = desired(world or shipped_world(), members, signatures, NOW)
    return {
        name: {
            room.alias.removeprefix("maillage_")
            for room in wanted.rooms.values()
            if user(name) in room.people
        }
        for name in (m.id for m in members)
    }


def test_a_tobacconist_of_redon_shares_the_departement_room_with_liffre():
    seats = rooms_of(merchant("anne", LIFFRE), merchant("bruno", REDON))
    shared = {
        "alertes_buralistes_ille-et-vilaine_35",
        "echanges_buralistes_ille-et-vilaine_35",
        "espace_ille-et-vilaine_35",
    }
    assert seats["anne"] == shared | {"espace_liffre_35152", "guichet_anne"}
    assert seats["bruno"] == shared | {"espace_redon_35236", "guichet_bruno"}


def test_mantes_has_rooms_of_its_own():
    (seats,) = rooms_of(merchant("carl", MANTES, "bijoutiers", territory=YVELINES)).values()
    assert seats == {
        "alertes_bijoutiers_mantes-la-jolie_78361",
        "echanges_bijoutiers_mantes-la-jolie_78361",
        "espace_yvelines-mantes_78",
        "espace_mantes-la-jolie_78361",
        "guichet_carl",
    }


def test_of_two_trades_the_first_is_the_home_of_alerts():
    (seats,) = rooms_of(merchant("anne", LIFFRE, "bijoutiers buralistes")).values()
    assert {seat for seat in seats if seat.startswith("alertes")} == {
        "alertes_bijoutiers_liffre_35152"
    }
    assert {seat for seat in seats if seat.startswith("echanges")} == {
        "echanges_bijoutiers_liffre_35152",
        "echanges_buralistes_ille-et-vilaine_35",
    }


def test_an_officer_of_one_commune_sits_in_what_covers_it_and_nowhere_else():
    (seats,) = rooms_of(officer("camille", Zone(Level.COMMUNE, "35236"))).values()
    assert "poste_ille-et-vilaine_35" in seats
    assert "alertes_bijoutiers_redon_35236" in seats
    assert "alertes_buralistes_ille-et-vilaine_35" in seats
    assert not any("liffre" in seat for seat in seats)


def test_a_mairie_has_its_guichet_and_the_spaces_only():
    (seats,) = rooms_of(officer("mairie", role=Role.MAIRIE)).values()
    assert {seat.partition("_")[0] for seat in seats} == {"espace", "guichet"}


def test_without_a_charter_nobody_sits_anywhere():
    anne, camille = merchant("anne"), officer("camille")
    assert rooms_of(anne, camille, unsigned=(anne, camille)) == {"anne": set(), "camille": set()}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"valid_until": NOW}, "expired"),
        ({"revoked_at": NOW}, "revoked"),
        ({"text_hash": "00"}, "outdated"),
        ({"charter": "charte-agents"}, "never-signed"),
    ],
)
def test_a_charter_out_of_force_gives_no_right_and_says_why(change, reason):
    anne = merchant("anne", channels="matrix signal")
    signature = replace(signed(anne), **change)
    wanted = desired(shipped_world(), [anne], {anne.id: signature}, NOW)
    assert wanted.rights == {user("anne"): NotInForce(reason), "aci-anne": NotInForce(reason)}
    assert not any(room.people or room.signal_people for room in wanted.rooms.values())


def test_who_signed_the_former_text_keeps_their_seat_until_the_grace_ends():
    anne, world = merchant("anne"), shipped_world()
    charter = world.charter_for(anne)
    assert charter is not None
    signature = replace(signed(anne), text_hash="00")
    ends = NOW + timedelta(days=30)
    newer = replace(charter, former=Former("00", ends))
    world = replace(world, charters={**world.charters, newer.id: newer})
    wanted = desired(world, [anne], {anne.id: signature}, NOW)
    right = wanted.rights[user("anne")]
    assert isinstance(right, Right)
    assert (right.until, right.version) == (int(ends.timestamp()), signature.version)
    assert any(user("anne") in room.people for room in wanted.rooms.values())
    wanted = desired(world, [anne], {anne.id: signature}, ends)
    assert wanted.rights[user("anne")] == NotInForce("outdated")
    # A text older than the former one is not revived by it.
    older = replace(signature, text_hash="11")
    assert desired(world, [anne], {anne.id: older}, NOW).rights[user("anne")] == NotInForce(
        "outdated"
    )


def test_a_right_carries_what_proofs_need():
    anne = merchant("anne")
    signature = signed(anne, NOW - timedelta(days=2), days=30)
    wanted = desired(shipped_world(), [anne], {anne.id: signature}, NOW)
    until = int((NOW + timedelta(days=28)).timestamp())
    since = int((NOW - timedelta(days=2)).timestamp()) * 1000
    assert wanted.rights == {user("anne"): Right(until, "2026-2", since)}


def test_signal_people_are_those_who_chose_signal_and_have_an_account():
    anne = merchant("anne", channels="signal")
    bruno = replace(merchant("bruno", channels="matrix signal"), signal=None)
    camille = officer("camille", channels="matrix")
    people = [anne, bruno, camille]
    wanted = desired(shipped_world(), people, {m.id: signed(m) for m in people}, NOW)
    groups = {room.alias: room.signal_people for room in wanted.rooms.values() if room.signal}
    assert groups["maillage_alertes_buralistes_ille-et-vilaine_35"] == {"aci-anne"}
    assert groups["maillage_poste_ille-et-vilaine_35"] == frozenset()
    rooms = {room.alias: room for room in wanted.rooms.values()}
    assert rooms["maillage_alertes_buralistes_ille-et-vilaine_35"].members == {"bruno", "camille"}


def test_a_person_without_matrix_has_no_room_of_their_own():
    anne = merchant("anne", channels="sms")
    assert not desired_guichet(shipped_world(), anne, signed(anne), NOW).rooms


def test_a_guichet_needs_a_charter_in_force_and_is_hidden_from_spaces():
    anne = merchant("anne")
    assert not desired_guichet(shipped_world(), anne, None, NOW).rooms
    (room,) = desired_guichet(shipped_world(), anne, signed(anne), NOW).rooms.values()
    assert room.key == guichet_key(anne)
    assert room.parent is None
    assert set(room.people) == {user("anne")}
    assert "maillage@liffre.example" in room.welcome


def test_a_shop_that_moves_or_a_trade_that_ends_breaks_nothing():
    gone = merchant("anne", Insee("35001"), "buralistes fleuristes")
    (seats,) = rooms_of(gone).values()
    assert seats == {"espace_ille-et-vilaine_35", "guichet_anne"}


def test_rooms_hang_in_the_space_that_is_as_wide_as_they_are():
    rooms = desired(shipped_world(), [], {}, NOW).rooms
    parents = {
        room.alias: rooms[room.parent].alias for room in rooms.values() if room.parent is not None
    }
    wide = "maillage_espace_ille-et-vilaine_35"
    assert parents["maillage_alertes_buralistes_ille-et-vilaine_35"] == wide
    assert parents["maillage_alertes_bijoutiers_redon_35236"] == "maillage_espace_redon_35236"
    assert parents["maillage_espace_redon_35236"] == wide
    assert wide not in parents


@pytest.mark.parametrize("level", list(Level))
def test_every_alias_is_used_once_whatever_the_width(level):
    world = shipped_world()
    land = replace(
        world.territories[BRETAGNE],
        communes=communes_of("35"),
        trades={TradeId(t): Trade(TradeId(t), t, level) for t in ("buralistes", "bijoutiers")},
        poste_level=level,
    )
    twin = replace(land, id="ille-et-vilaine-2", communes=communes_of("22"))
    rooms = desired(replace(world, territories={land.id: land, twin.id: twin}), [], {}, NOW).rooms
    aliases = [room.alias for room in rooms.values()]
    assert len(set(aliases)) == len(aliases) == len(rooms)
    assert all(alias.isascii() and alias == alias.lower() for alias in aliases)


def test_there_is_no_space_for_communes_that_hold_no_room():
    world = shipped_world()
    land = replace(
        world.territories[BRETAGNE],
        trades={TradeId("buralistes"): Trade(TradeId("buralistes"), "b", Level.DEPARTMENT)},
    )
    rooms = desired(replace(world, territories={land.id: land}), [], {}, NOW).rooms
    assert [r.alias for r in rooms.values() if r.key.kind is Kind.SPACE] == [
        "maillage_espace_ille-et-vilaine_35"
    ]


def test_in_alerts_nobody_but_the_service_may_do_anything_but_officers_remove():
    powers = power_levels(shipped_world().templates[Kind.ALERTES], [user("camille")])
    assert powers["users"] == {user("camille"): 50}
    assert powers["events_default"] == 100
    assert powers["redact"] == 50
    assert powers["events"] == {"m.room.redaction": 50}
    assert {powers[act] for act in ("invite", "kick", "ban", "state_default")} == {100}


def test_in_a_guichet_and_a_poste_everybody_writes_and_nobody_rules():
    for kind in (Kind.GUICHET, Kind.POSTE):
        powers = power_levels(shipped_world().templates[kind], [user("camille")])
        assert powers["users"] == {}
        assert powers["events_default"] == powers["users_default"] == 0
        assert powers["redact"] == powers["invite"] == 100


def test_powers_are_the_same_when_what_counts_is():
    powers = power_levels(shipped_world().templates[Kind.ECHANGES], [user("camille")])
    assert same_powers({**powers, "org.example.unknown": 7}, powers)
    assert not same_powers({**powers, "invite": 0}, powers)
    assert not same_powers({}, powers)
