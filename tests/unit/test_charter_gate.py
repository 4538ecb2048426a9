"""The charter gate without a homeserver: its settings, and what a proof must be."""

import base64
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.gate import (
    CharterGate,
    ConfigError,
    EventBase,
    RoomVersions,
    SynapseError,
    make_event_from_dict,
    parse_config,
    vouched,
)
from support.proofs import CHARTER, Signer

from appservice.domain.charter import proof_bytes

BOT = "@maillage:maillage.test"
ROOM = "!salon"
USER = "@tabac:maillage.test"
SIGNER = Signer(Ed25519PrivateKey.generate())
# What every event must have and the gate never looks at.
DULL = {
    "prev_events": [],
    "auth_events": [],
    "origin_server_ts": 1,
    "hashes": {"sha256": ""},
    "signatures": {},
}
KEYS = parse_config({"bot": BOT, "public_key": SIGNER.public_key}).keys


def test_a_public_key_may_be_padded_or_not() -> None:
    for text in (SIGNER.public_key, SIGNER.public_key + "="):
        (key,) = parse_config({"bot": BOT, "public_key": text}).keys
        assert key.public_bytes_raw() == SIGNER.key.public_key().public_bytes_raw()


def test_two_keys_let_the_service_change_its_key_without_locking_anyone_out() -> None:
    new = Signer(Ed25519PrivateKey.generate())
    keys = parse_config({"bot": BOT, "public_keys": [SIGNER.public_key, new.public_key]}).keys
    for signer in (SIGNER, new):
        assert vouched(keys, ROOM, USER, signer.proof(ROOM, USER), 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bot": "maillage"}, "full Matrix id"),
        ({"bot": None}, "full Matrix id"),
        ({"public_key": None}, "no Ed25519 public key"),
        ({"public_key": "trop court"}, "no Ed25519 public key"),
        ({"public_key": "AAAA"}, "no Ed25519 public key"),
        ({"public_keys": "AAAA"}, "public_keys must be a list"),
        ({"charter_versions": "2026-1"}, "charter_versions must be a list"),
        ({"mode": "spam"}, "unknown setting 'mode'"),
        ({"bot": 3, "mode": "spam"}, "unknown setting 'mode'; bot must be"),
    ],
)
def test_a_mistake_in_the_settings_is_said_clearly(changes: dict[str, Any], words: str) -> None:
    settings = {"bot": BOT, "public_key": SIGNER.public_key} | changes
    with pytest.raises(ConfigError) as caught:
        CharterGate.parse_config(settings)
    assert words in caught.value.msg


def test_a_gate_without_a_key_does_not_start() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config({"bot": BOT})
    assert "is missing" in caught.value.msg


def test_a_proof_holds_until_its_last_second_and_not_one_more() -> None:
    proof = SIGNER.proof(ROOM, USER)
    until = proof["until"]
    assert isinstance(until, int)
    assert vouched(KEYS, ROOM, USER, proof, until - 0.001)
    assert not vouched(KEYS, ROOM, USER, proof, until)


@pytest.mark.parametrize("version", ["2026-1", "été 2026"])
def test_the_gate_reads_what_the_service_signs(version: str) -> None:
    """The two share no code, for the gate stands alone; they must share the format."""
    until = 4_000_000_000
    signature = SIGNER.key.sign(proof_bytes(ROOM, USER, version, until))
    proof = {"version": version, "until": until, "sig": base64.b64encode(signature).decode()}
    assert vouched(KEYS, ROOM, USER, proof, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"until": 2**40},
        {"until": 4_000_000_000.0},
        {"until": "4000000000"},
        {"until": True},
        {"until": None},
        {"version": "2026-2"},
        {"version": 2026},
        {"sig": ""},
        {"sig": "é"},
        {"sig": "A"},
        {"sig": 12},
        {"sig": None},
    ],
)
def test_a_proof_changed_in_any_part_is_worth_nothing(change: dict[str, object]) -> None:
    assert not vouched(KEYS, ROOM, USER, SIGNER.proof(ROOM, USER) | change, 0)


@pytest.mark.parametrize("proof", [None, "oui", [], {}, 1])
def test_what_is_no_proof_is_worth_nothing(proof: object) -> None:
    assert not vouched(KEYS, ROOM, USER, proof, 0)


def test_a_proof_serves_one_room_and_one_user() -> None:
    proof = SIGNER.proof(ROOM, USER)
    assert not vouched(KEYS, "!autre", USER, proof, 0)
    assert not vouched(KEYS, ROOM, "@autre:maillage.test", proof, 0)


def test_a_version_withdrawn_by_the_operator_counts_no_more() -> None:
    old = SIGNER.proof(ROOM, USER, version="2025-1")
    assert vouched(KEYS, ROOM, USER, old, 0)
    assert not vouched(KEYS, ROOM, USER, old, 0, frozenset({"2026-1"}))


class _Api:
    """As much of Synapse as the gate asks for when it starts."""

    def __init__(self) -> None:
        self.registered: dict[str, Any] = {}

    def register_third_party_rules_callbacks(self, **callbacks: Any) -> None:
        self.registered |= callbacks


def _gate(now: float = 0) -> CharterGate:
    config = parse_config({"bot": BOT, "public_key": SIGNER.public_key})
    return CharterGate(config, _Api(), lambda: now)  # type: ignore[arg-type]


def _event(kind: str, sender: str, content: dict[str, Any], key: str | None = "") -> EventBase:
    parts = {"type": kind, "sender": sender, "content": content, "room_id": ROOM, "depth": 1}
    where = {} if key is None else {"state_key": key}
    return make_event_from_dict(
        {**parts, **where, **DULL},
        RoomVersions.V11,
    )


def _state(*events: EventBase) -> dict[tuple[str, str], EventBase]:
    return {(event.type, str(event.state_key)): event for event in events}


def _governed_create() -> EventBase:
    return _event("m.room.create", BOT, {"m.federate": False, CHARTER: {}})


async def test_the_gate_listens_to_the_four_doors_of_a_room() -> None:
    api = _Api()
    config = parse_config({"bot": BOT, "public_key": SIGNER.public_key})
    CharterGate(config, api)  # type: ignore[arg-type]
    assert len(api.registered) == 4


async def test_a_proof_runs_out_by_the_homeserver_s_clock() -> None:
    proof = SIGNER.proof(ROOM, USER)
    until = proof["until"]
    assert isinstance(until, int)
    member = _event("m.room.member", USER, {"membership": "join", CHARTER: proof}, USER)
    state = _state(_governed_create(), member)
    word = _event("m.room.encrypted", USER, {}, None)
    assert await _gate(until - 1).check_event_allowed(word, state) == (True, None)
    with pytest.raises(SynapseError, match="n'est plus en vigueur"):
        await _gate(until).check_event_allowed(word, state)


async def test_an_invite_that_was_not_sent_by_the_bot_opens_nothing() -> None:
    """Even one with a good proof, made while the gate was not in the homeserver."""
    proof = SIGNER.proof(ROOM, USER)
    other = "@membre:maillage.test"
    invite = _event("m.room.member", other, {"membership": "invite", CHARTER: proof}, USER)
    join = _event("m.room.member", USER, {"membership": "join"}, USER)
    with pytest.raises(SynapseError, match="que sur invitation"):
        await _gate().check_event_allowed(join, _state(_governed_create(), invite))


async def test_a_redacted_renewal_is_a_revocation() -> None:
    """Redaction empties a content: it may take the word away, never give it."""
    proof = SIGNER.proof(ROOM, USER)
    member = _event("m.room.member", USER, {"membership": "join", CHARTER: proof}, USER)
    emptied = _event(CHARTER, BOT, {}, USER.removeprefix("@"))
    word = _event("m.room.encrypted", USER, {}, None)
    with pytest.raises(SynapseError, match="n'est plus en vigueur"):
        await _gate().check_event_allowed(word, _state(_governed_create(), member, emptied))


async def test_synapse_may_tidy_a_room_in_the_name_of_anybody() -> None:
    member = _event("m.room.member", USER, {"membership": "join"}, USER)
    tidying = _event("org.matrix.dummy_event", USER, {}, None)
    state = _state(_governed_create(), member)
    assert await _gate().check_event_allowed(tidying, state) == (True, None)


async def test_an_old_invite_by_the_bot_is_worth_its_proof() -> None:
    invite = _event("m.room.member", BOT, {"membership": "invite"}, USER)
    join = _event("m.room.member", USER, {"membership": "join"}, USER)
    with pytest.raises(SynapseError, match="n'est plus en vigueur"):
        await _gate().check_event_allowed(join, _state(_governed_create(), invite))


async def test_a_valid_renewal_lets_an_old_invite_in() -> None:
    old = SIGNER.proof(ROOM, USER, seconds=-10)
    invite = _event("m.room.member", BOT, {"membership": "invite", CHARTER: old}, USER)
    renewed = _event(CHARTER, BOT, SIGNER.proof(ROOM, USER), USER.removeprefix("@"))
    join = _event("m.room.member", USER, {"membership": "join"}, USER)
    state = _state(_governed_create(), invite, renewed)
    now = old["until"]
    assert isinstance(now, int)
    allowed, replacement = await _gate(now + 1).check_event_allowed(join, state)
    assert allowed
    assert replacement is not None
    assert replacement["content"][CHARTER] == old


async def test_a_forged_governed_room_is_refused_even_past_the_first_door() -> None:
    """A room may be made by other ways than the request: another module, an upgrade."""
    forged = _event("m.room.create", USER, {"m.federate": False, CHARTER: {}})
    with pytest.raises(SynapseError, match="Seul le service Maillage crée"):
        await _gate().check_event_allowed(forged, {})
    federated = _event("m.room.create", BOT, {CHARTER: {}})
    with pytest.raises(SynapseError, match=r"m\.federate"):
        await _gate().check_event_allowed(federated, {})


async def test_a_forged_governed_room_is_refused_before_half_of_it_exists() -> None:
    wish = {"creation_content": {"m.federate": False, CHARTER: {}}}
    requester: Any = SimpleNamespace(user=SimpleNamespace(to_string=lambda: USER))
    with pytest.raises(SynapseError, match="Seul le service Maillage crée"):
        await _gate().on_create_room(requester, wish, True)


async def test_a_governed_room_is_not_published_and_nobody_is_invited_by_mail() -> None:
    """Whatever the homeserver's own rules about its directory say."""
    governed, ordinary = _state(_governed_create()), _state(_event("m.room.create", USER, {}))
    gate = _gate()
    assert not await gate.check_visibility_can_be_modified(ROOM, governed, "public")
    assert await gate.check_visibility_can_be_modified(ROOM, governed, "private")
    assert await gate.check_visibility_can_be_modified(ROOM, ordinary, "public")
    assert not await gate.check_threepid_can_be_invited("email", "a@b.fr", governed)
    assert await gate.check_threepid_can_be_invited("email", "a@b.fr", ordinary)
