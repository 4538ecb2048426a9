"""The charter gate and rooms: what a governed room is for ever, and what is not its business."""

from urllib.parse import quote

import pytest
from support.client import Client
from support.governed import World, governed_room
from support.homeserver import MakeAccount
from support.proofs import CHARTER

pytestmark = pytest.mark.e2e

BOT_ONLY = "Seul le service Maillage"

FIXED_FOR_EVER: list[tuple[str, dict[str, object]]] = [
    ("m.room.join_rules", {"join_rule": "public"}),
    ("m.room.join_rules", {"join_rule": "knock"}),
    ("m.room.join_rules", {"join_rule": "restricted", "allow": []}),
    ("m.room.join_rules", {"join_rule": "knock_restricted", "allow": []}),
    ("m.room.history_visibility", {"history_visibility": "shared"}),
    ("m.room.history_visibility", {"history_visibility": "world_readable"}),
    ("m.room.guest_access", {"guest_access": "can_join"}),
    ("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2", "rotation_period_ms": 1}),
    ("m.room.third_party_invite", {"display_name": "x", "key_validity_url": "", "public_key": ""}),
]


async def test_no_door_opens_by_hand_or_by_the_service(world: World) -> None:
    for kind, content in FIXED_FOR_EVER:
        for by in (world.bot, world.member):
            answer = await by.put_state(world.room, kind, content)
            assert answer.status == 403, (kind, content, answer)
            assert answer.body["errcode"] == "M_FORBIDDEN"


async def test_a_room_is_neither_replaced_nor_published(world: World) -> None:
    tombstone = {"body": "ailleurs", "replacement_room": "!ailleurs"}
    refused = await world.member.put_state(world.room, "m.room.tombstone", tombstone)
    assert BOT_ONLY in refused.error
    upgrade = f"/rooms/{quote(world.room)}/upgrade"
    assert not (await world.member.request("POST", upgrade, {"new_version": "12"})).ok
    for by in (world.bot, world.member, world.root):
        path = f"/directory/list/room/{quote(world.room)}"
        assert (await by.request("PUT", path, {"visibility": "public"})).status == 403


async def test_drift_by_hand_stays_possible_where_it_opens_nothing(world: World) -> None:
    """The plan sees it and repairs it; the gate is no rule of good housekeeping."""
    assert (await world.member.put_state(world.room, "m.room.name", {"name": "Chez nous"})).ok
    levels = (await world.bot.state(world.room, "m.room.power_levels")).body
    assert (
        await world.member.put_state(world.room, "m.room.power_levels", levels | {"ban": 0})
    ).ok


CREATIONS = [
    ({"creation_content": {CHARTER: {}}}, "m.federate doit être false"),
    ({"preset": "public_chat"}, "private_chat"),
    ({"preset": "trusted_private_chat"}, "private_chat"),
    ({"invite": ["@quelquun:maillage.test"]}, "viennent après la création"),
    (
        {
            "initial_state": [
                {
                    "type": "m.room.join_rules",
                    "state_key": "",
                    "content": {"join_rule": "public"},
                }
            ]
        },
        "join_rule vaut toujours « invite »",
    ),
    (
        {
            "creation_content": {
                "m.federate": False,
                CHARTER: {},
                "additional_creators": ["@quelquun:maillage.test"],
            }
        },
        "qu'un créateur",
    ),
    ({"visibility": "public"}, "ne se publie pas"),
]


@pytest.mark.parametrize(("changes", "refusal"), CREATIONS)
async def test_the_service_itself_makes_no_open_room(
    bot: Client, changes: dict[str, object], refusal: str
) -> None:
    answer = await bot.create_room(**governed_room(**changes))
    assert answer.status == 403, answer
    assert refusal in answer.error


async def test_nobody_else_makes_a_room_that_looks_governed(
    make_account: MakeAccount,
) -> None:
    for by in (await make_account("faussaire"), await make_account("root", admin=True)):
        answer = await by.create_room(**governed_room())
        assert answer.status == 403
        assert "Seul le service Maillage crée" in answer.error


async def test_a_governed_room_gets_what_its_creator_forgot(bot: Client) -> None:
    room = (await bot.create_room(**governed_room()))["room_id"]
    assert (await bot.state(room, "m.room.join_rules"))["join_rule"] == "invite"
    assert (await bot.state(room, "m.room.guest_access"))["guest_access"] == "forbidden"
    visibility = await bot.state(room, "m.room.history_visibility")
    assert visibility["history_visibility"] == "joined"


async def test_ordinary_rooms_are_none_of_its_business(make_account: MakeAccount) -> None:
    host, guest, passer_by = [await make_account(name) for name in ("hote", "invite", "passant")]
    private = (await host.create_room(preset="private_chat", invite=[guest.mxid]))["room_id"]
    assert (await guest.join(private)).ok
    assert (await guest.say(private, "bonjour")).ok
    assert (await host.put_state(private, CHARTER, {"sig": "rien"}, "ordinaire")).ok
    rules = {"join_rule": "public"}
    assert (await host.put_state(private, "m.room.join_rules", rules)).ok
    assert (await passer_by.join(private)).ok
    own = await passer_by.state(private, "m.room.member", passer_by.mxid)
    assert own.ok
    assert CHARTER not in own.body
