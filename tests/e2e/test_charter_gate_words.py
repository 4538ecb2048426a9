"""The charter gate and the word: who may speak in a governed room, and until when."""

from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.governed import World, end_of
from support.proofs import CHARTER, Signer

from appservice.demo.child import wait_until

pytestmark = pytest.mark.e2e

IN_FORCE_NO_MORE = "Votre charte n'est plus en vigueur"
BOT_ONLY = "Seul le service Maillage"

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
    proof = await world.admit(seconds=5)
    said = await world.person.say(world.room, "bonjour")
    await end_of(proof["until"])
    await _silent(world)
    redaction = f"/rooms/{quote(world.room)}/redact/{said['event_id']}/r1"
    assert IN_FORCE_NO_MORE in (await world.person.request("PUT", redaction, {})).error
    assert (await world.renew(world.signer.proof(world.room, world.person.mxid))).ok
    assert (await world.person.say(world.room, "de retour")).ok


async def test_a_renewal_runs_out_too(world: World) -> None:
    await world.admit(seconds=5)
    proof = world.signer.proof(world.room, world.person.mxid, seconds=5)
    assert (await world.renew(proof)).ok
    await end_of(proof["until"])
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


async def _take_name(world: World, name: str) -> None:
    """Change one's name; the homeserver then tells each room, in its own time."""
    path = f"/profile/{quote(world.person.mxid)}/displayname"
    assert (await world.person.request("PUT", path, {"displayname": name})).ok

    async def told() -> bool:
        own = await world.bot.state(world.room, "m.room.member", world.person.mxid)
        return bool(own["displayname"] == name)

    await wait_until(told, "the name in the room", 15)
