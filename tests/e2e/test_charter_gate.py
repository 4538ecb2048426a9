"""The charter gate against people who want in, and against those who would let them.

The service is down in all of these: nobody listens on its port. The gate needs nobody.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.client import Answer, Client
from support.governed import World, build_world, governed_room
from support.homeserver import MakeAccount
from support.proofs import CHARTER, Signer, unix_now

from appservice.demo.child import wait_until
from appservice.demo.homeserver import Homeserver
from appservice.demo.ports import is_free

pytestmark = pytest.mark.e2e

MERCHANT = pytest.param(0, id="merchant", marks=pytest.mark.acceptance("S0-02"))
AGENT = pytest.param(50, id="agent", marks=pytest.mark.acceptance("S0-03"))
IN_FORCE_NO_MORE = "Votre charte n'est plus en vigueur"
BY_INVITE_ONLY = "que sur invitation du service Maillage"
BOT_INVITES = "Seul le service Maillage invite"
NO_PROOF = "ne porte pas la preuve d'une charte en vigueur"
BOT_ONLY = "Seul le service Maillage"

Act = Callable[[World], Awaitable[Answer]]


@pytest.fixture(scope="module")
def signer(charter_key: Ed25519PrivateKey) -> Signer:
    return Signer(charter_key)


@pytest.fixture(scope="module", params=[MERCHANT, AGENT])
def power(request: pytest.FixtureRequest) -> int:
    """An agent is somebody whose power level in the room is higher. The gate does not care."""
    level: int = request.param
    return level


@pytest.fixture(scope="module")
async def regulars(make_account: MakeAccount) -> dict[str, Client]:
    """Those who are not in question: a member of every room, an administrator of the server."""
    return {"member": await make_account("membre"), "root": await make_account("root", admin=True)}


@pytest.fixture
async def world(
    homeserver: Homeserver,
    bot: Client,
    signer: Signer,
    make_account: MakeAccount,
    regulars: dict[str, Client],
    power: int,
) -> AsyncIterator[World]:
    assert is_free(homeserver.plan.service_port), "these tests want the service down"
    people = {**regulars, "person": await make_account("personne")}
    world = await build_world(bot, signer, people, power)
    yield world
    assert world.root.mxid not in await bot.joined(world.room)


@dataclass(frozen=True, slots=True)
class Attack:
    """Something somebody tries, after which the person must still be outside."""

    name: str
    act: Act
    refusal: str = ""  # a piece of what the attacker is told; empty where Synapse says it itself


async def _join(world: World) -> Answer:
    return await world.person.join(world.room)


async def _member_invites(world: World) -> Answer:
    return await world.member.invite(world.room, world.person.mxid)


async def _member_invites_with_a_borrowed_proof(world: World) -> Answer:
    content = {"membership": "invite", CHARTER: world.signer.proof(world.room, world.person.mxid)}
    return await world.member.put_state(world.room, "m.room.member", content, world.person.mxid)


async def _root_invites(world: World) -> Answer:
    return await world.root.invite(world.room, world.person.mxid)


async def _root_joins_the_person(world: World) -> Answer:
    path = f"/_synapse/admin/v1/join/{quote(world.room)}"
    return await world.root.request("POST", path, {"user_id": world.person.mxid})


async def _root_joins_by_the_hand_of_the_member(world: World) -> Answer:
    path = f"/_synapse/admin/v1/users/{quote(world.member.mxid)}/login"
    stolen = (await world.root.request("POST", path, {}))["access_token"]
    puppet = Client(world.root.http, world.root.url, world.member.mxid, stolen)
    return await puppet.invite(world.room, world.person.mxid)


async def _root_makes_the_person_room_admin(world: World) -> Answer:
    path = f"/_synapse/admin/v1/rooms/{quote(world.room)}/make_room_admin"
    return await world.root.request("POST", path, {"user_id": world.person.mxid})


async def _root_makes_the_person_room_admin_who_joins(world: World) -> Answer:
    await _root_makes_the_person_room_admin(world)
    return await world.person.join(world.room)


async def _bot_invites_without_proof(world: World) -> Answer:
    return await world.bot.invite(world.room, world.person.mxid)


async def _proof_signed_by_another_key(world: World) -> Answer:
    forger = Signer(Ed25519PrivateKey.generate())
    return await world.invite(forger.proof(world.room, world.person.mxid))


async def _proof_for_another_room(world: World) -> Answer:
    other = (await world.bot.create_room(**governed_room()))["room_id"]
    return await world.invite(world.signer.proof(other, world.person.mxid))


async def _proof_for_another_user(world: World) -> Answer:
    return await world.invite(world.signer.proof(world.room, world.member.mxid))


async def _proof_made_to_last_longer(world: World) -> Answer:
    proof = world.signer.proof(world.room, world.person.mxid, seconds=-1)
    return await world.invite(proof | {"until": int(unix_now()) + 3600})


async def _proof_of_another_version(world: World) -> Answer:
    proof = world.signer.proof(world.room, world.person.mxid)
    return await world.invite(proof | {"version": "2099-1"})


async def _proof_expired_at_the_invite(world: World) -> Answer:
    return await world.invite(world.signer.proof(world.room, world.person.mxid, seconds=-1))


async def _proof_without_an_end(world: World) -> Answer:
    proof = world.signer.proof(world.room, world.person.mxid)
    return await world.invite(proof | {"until": True})


async def _proof_that_is_no_proof(world: World) -> Answer:
    return await world.invite("signée, promis")


async def _proof_expired_at_the_join(world: World) -> Answer:
    proof = world.signer.proof(world.room, world.person.mxid, seconds=2)
    assert (await world.invite(proof)).ok
    await _passed(proof["until"])
    return await world.person.join(world.room)


async def _joins_by_writing_a_proof_oneself(world: World) -> Answer:
    content = {"membership": "join", CHARTER: world.signer.proof(world.room, world.person.mxid)}
    return await world.person.put_state(world.room, "m.room.member", content, world.person.mxid)


async def _joins_again_after_a_kick(world: World) -> Answer:
    await world.admit()
    assert (await world.bot.kick(world.room, world.person.mxid, "charte retirée")).ok
    return await world.person.join(world.room)


async def _joins_again_after_a_kick_with_the_old_proof(world: World) -> Answer:
    proof = await world.admit()
    assert (await world.bot.kick(world.room, world.person.mxid, "charte retirée")).ok
    content = {"membership": "join", CHARTER: proof}
    return await world.person.put_state(world.room, "m.room.member", content, world.person.mxid)


async def _is_invited_again_by_a_member_after_a_kick(world: World) -> Answer:
    await world.admit()
    assert (await world.bot.kick(world.room, world.person.mxid, "charte retirée")).ok
    return await world.member.invite(world.room, world.person.mxid)


async def _joins_again_after_leaving(world: World) -> Answer:
    await world.admit()
    assert (await world.person.leave(world.room)).ok
    return await world.person.join(world.room)


async def _joins_after_a_revocation_between_invite_and_join(world: World) -> Answer:
    assert (await world.invite(world.signer.proof(world.room, world.person.mxid))).ok
    assert (await world.renew({})).ok
    return await world.person.join(world.room)


async def _knocks(world: World) -> Answer:
    return await world.person.request("POST", f"/knock/{quote(world.room)}", {"reason": "svp"})


ATTACKS = [
    Attack("joins without an invite", _join),
    Attack("a member invites", _member_invites, BOT_INVITES),
    Attack("a member invites with a proof", _member_invites_with_a_borrowed_proof, BOT_INVITES),
    Attack("a server admin invites", _root_invites),
    Attack("a server admin joins them by the admin API", _root_joins_the_person),
    Attack(
        "a server admin takes a member's session",
        _root_joins_by_the_hand_of_the_member,
        BOT_INVITES,
    ),
    Attack("a server admin makes them room admin", _root_makes_the_person_room_admin, NO_PROOF),
    Attack("…and they join", _root_makes_the_person_room_admin_who_joins),
    Attack("the bot invites without a proof", _bot_invites_without_proof, NO_PROOF),
    Attack("a proof signed by another key", _proof_signed_by_another_key, NO_PROOF),
    Attack("a proof for another room", _proof_for_another_room, NO_PROOF),
    Attack("a proof for another user", _proof_for_another_user, NO_PROOF),
    Attack("a proof made to last longer", _proof_made_to_last_longer, NO_PROOF),
    Attack("a proof of another version", _proof_of_another_version, NO_PROOF),
    Attack("a proof expired at the invite", _proof_expired_at_the_invite, NO_PROOF),
    Attack("a proof without an end", _proof_without_an_end, NO_PROOF),
    Attack("a proof that is no proof", _proof_that_is_no_proof, NO_PROOF),
    Attack("a proof expired at the join", _proof_expired_at_the_join, IN_FORCE_NO_MORE),
    Attack("joins by writing a proof oneself", _joins_by_writing_a_proof_oneself),
    Attack("joins again after a kick", _joins_again_after_a_kick),
    Attack(
        "joins again after a kick with the old proof", _joins_again_after_a_kick_with_the_old_proof
    ),
    Attack(
        "is invited by a member after a kick",
        _is_invited_again_by_a_member_after_a_kick,
        BOT_INVITES,
    ),
    Attack("joins again after leaving", _joins_again_after_leaving),
    Attack(
        "joins after a revocation",
        _joins_after_a_revocation_between_invite_and_join,
        IN_FORCE_NO_MORE,
    ),
    Attack("knocks", _knocks),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_nobody_enters_without_a_charter(world: World, attack: Attack) -> None:
    answer = await attack.act(world)
    assert answer.status == 403, answer
    assert attack.refusal in answer.error
    assert world.person.mxid not in await world.bot.joined(world.room)


WORDS = {
    "m.room.encrypted": {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "…"},
    "m.room.message": {"msgtype": "m.text", "body": "bonjour"},
    "m.reaction": {},
    "org.matrix.dummy_event": {"body": "bonjour"},
}


async def _silent(world: World) -> None:
    """Every kind of word is refused, in French; going away is still possible."""
    for kind, content in WORDS.items():
        answer = await world.person.send(world.room, content, kind)
        assert answer.status == 403, (kind, answer)
        assert answer.body["errcode"] == "M_FORBIDDEN"
        assert IN_FORCE_NO_MORE in answer.error
    state = await world.person.put_state(world.room, "m.room.topic", {"topic": "à vendre"})
    assert IN_FORCE_NO_MORE in state.error


async def test_who_has_signed_enters_and_speaks(world: World) -> None:
    proof = await world.admit()
    own = await world.bot.state(world.room, "m.room.member", world.person.mxid)
    assert own[CHARTER] == proof
    for kind, content in WORDS.items():
        assert (await world.person.send(world.room, content, kind)).ok


async def test_an_expired_charter_silences_and_a_renewal_gives_the_word_back(
    world: World,
) -> None:
    proof = await world.admit(seconds=3)
    said = await world.person.say(world.room, "bonjour")
    await _passed(proof["until"])
    await _silent(world)
    redaction = f"/rooms/{quote(world.room)}/redact/{said['event_id']}/r1"
    assert IN_FORCE_NO_MORE in (await world.person.request("PUT", redaction, {})).error
    assert (await world.renew(world.signer.proof(world.room, world.person.mxid))).ok
    assert (await world.person.say(world.room, "de retour")).ok


async def test_a_renewal_runs_out_too(world: World) -> None:
    await world.admit(seconds=3)
    proof = world.signer.proof(world.room, world.person.mxid, seconds=3)
    assert (await world.renew(proof)).ok
    await _passed(proof["until"])
    await _silent(world)


async def test_a_revocation_silences_at_once_and_wins_over_the_proof(world: World) -> None:
    await world.admit()
    assert (await world.person.say(world.room, "bonjour")).ok
    assert (await world.renew({})).ok
    await _silent(world)
    await _take_name(world, "Une autre")
    await _silent(world)
    assert (await world.renew(world.signer.proof(world.room, world.person.mxid))).ok
    assert (await world.person.say(world.room, "de retour")).ok


async def test_nobody_forges_a_renewal(world: World) -> None:
    await world.admit()
    assert (await world.renew({})).ok
    good = world.signer.proof(world.room, world.person.mxid)
    for by in (world.person, world.member):
        assert BOT_ONLY in (await world.renew(good, by)).error
        assert BOT_ONLY in (await world.renew({}, by)).error
    forged = Signer(Ed25519PrivateKey.generate()).proof(world.room, world.person.mxid)
    other = world.signer.proof(world.room, world.member.mxid)
    for bad in (forged, other, good | {"until": 2**40}, {"sig": "x"}):
        assert "n'est pas valable" in (await world.renew(bad)).error
    await _silent(world)


async def test_a_change_of_name_keeps_the_proof_and_forges_none(world: World) -> None:
    proof = await world.admit()
    await _take_name(world, "Tabac du Port")
    own = await world.bot.state(world.room, "m.room.member", world.person.mxid)
    assert own[CHARTER] == proof
    forged = {"membership": "join", CHARTER: proof | {"until": 2**40}}
    written = await world.person.put_state(world.room, "m.room.member", forged, world.person.mxid)
    assert written.ok
    own = await world.bot.state(world.room, "m.room.member", world.person.mxid)
    assert own[CHARTER] == proof


async def test_who_is_silenced_may_still_leave(world: World) -> None:
    await world.admit()
    assert (await world.renew({})).ok
    assert (await world.person.leave(world.room)).ok


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


async def _take_name(world: World, name: str) -> None:
    """Change one's name; the homeserver then tells each room, in its own time."""
    path = f"/profile/{quote(world.person.mxid)}/displayname"
    assert (await world.person.request("PUT", path, {"displayname": name})).ok

    async def told() -> bool:
        own = await world.bot.state(world.room, "m.room.member", world.person.mxid)
        return bool(own["displayname"] == name)

    await wait_until(told, "the name in the room", 15)


async def _passed(moment: object) -> None:
    assert isinstance(moment, int)

    async def passed() -> bool:
        return unix_now() > moment

    await wait_until(passed, "the end of a proof", 15)
