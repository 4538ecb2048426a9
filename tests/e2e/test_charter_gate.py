"""The charter gate against people who want in, and against those who would let them.

The service is down in all of these: nobody listens on its port. The gate needs nobody.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.client import Answer, Client
from support.governed import World, end_of, governed_room
from support.proofs import CHARTER, Signer, unix_now

pytestmark = pytest.mark.e2e

IN_FORCE_NO_MORE = "Votre charte n'est plus en vigueur"
BOT_INVITES = "Seul le service Maillage invite"
NO_PROOF = "ne porte pas la preuve d'une charte en vigueur"

Act = Callable[[World], Awaitable[Answer]]


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


async def _root_takes_the_session_of_the_bot(world: World) -> Answer:
    """Whoever speaks as the bot still signs nothing: the key is not in the homeserver."""
    path = f"/_synapse/admin/v1/users/{quote(world.bot.mxid)}/login"
    stolen = (await world.root.request("POST", path, {}))["access_token"]
    puppet = Client(world.root.http, world.root.url, world.bot.mxid, stolen)
    return await puppet.invite(world.room, world.person.mxid)


async def _member_redacts_the_creation(world: World) -> Answer:
    """Without its mark, the room would no longer be governed."""
    events = await world.bot.whole_state(world.room)
    creation = next(it["event_id"] for it in events if it["type"] == "m.room.create")
    for by in (world.member, world.bot):
        path = f"/rooms/{quote(world.room)}/redact/{quote(creation)}/{by.device_id or 'b'}"
        await by.request("PUT", path, {})
    return await world.member.invite(world.room, world.person.mxid)


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
    proof = world.signer.proof(world.room, world.person.mxid, seconds=4)
    assert (await world.invite(proof)).ok
    await end_of(proof["until"])
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
    Attack("a server admin takes the bot's session", _root_takes_the_session_of_the_bot, NO_PROOF),
    Attack("a member redacts the creation", _member_redacts_the_creation, BOT_INVITES),
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
