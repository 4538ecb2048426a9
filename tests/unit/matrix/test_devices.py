"""Of what the homeserver says of people's devices, only what is signed is kept."""

import json
from typing import Any

import pytest

from appservice.matrix.crypto.devices import Person, read_people
from appservice.matrix.crypto.vodozemac_olm import Account, PkSigning

MARIE = "@marie:s"


def signed(content: dict[str, Any], key: Any, name: str) -> dict[str, Any]:
    bare = {k: v for k, v in content.items() if k not in ("signatures", "unsigned")}
    canonical = json.dumps(bare, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    content.setdefault("signatures", {}).setdefault(MARIE, {})[f"ed25519:{name}"] = key.sign(
        canonical
    )
    return content


class Marie:
    """A person with an identity and one device, as /keys/query shows her."""

    def __init__(self) -> None:
        self.account = Account()
        self.master, self.own = PkSigning(bytes(32)), PkSigning(b"o" * 32)
        self.device = signed(
            {
                "user_id": MARIE,
                "device_id": "TEL",
                "keys": {
                    "curve25519:TEL": self.account.identity_keys["curve25519"],
                    "ed25519:TEL": self.account.identity_keys["ed25519"],
                },
                "unsigned": {"device_display_name": "Téléphone\0"},
            },
            self.account,
            "TEL",
        )
        self.master_key = self._key("master", self.master)
        self.own_key = signed(
            self._key("self_signing", self.own), self.master, self.master.public_key
        )
        signed(self.device, self.own, self.own.public_key)

    def _key(self, usage: str, key: PkSigning) -> dict[str, Any]:
        name = f"ed25519:{key.public_key}"
        return {"user_id": MARIE, "usage": [usage], "keys": {name: key.public_key}}

    @property
    def answer(self) -> dict[str, Any]:
        return {
            "device_keys": {MARIE: {"TEL": self.device}},
            "master_keys": {MARIE: self.master_key},
            "self_signing_keys": {MARIE: self.own_key},
        }


def read(answer: Any, known: dict[tuple[str, str], str] | None = None) -> Person:
    (person,) = read_people(answer, known or {})
    return person


def test_a_device_that_its_owner_vouches_for() -> None:
    marie = Marie()
    person = read(marie.answer)
    assert [device.device_id for device in person.devices] == ["TEL"]
    assert person.identity == {
        "master": marie.master.public_key,
        "self_signing": marie.own.public_key,
    }
    signers = {(sig.target_key, sig.signer_key) for sig in person.signatures}
    assert signers == {
        (marie.own.public_key, marie.master.public_key),
        (marie.account.identity_keys["ed25519"], marie.own.public_key),
    }


def test_a_device_that_is_changed_is_refused() -> None:
    marie = Marie()
    marie.device["keys"]["curve25519:TEL"] = Account().identity_keys["curve25519"]
    person = read(marie.answer)
    assert (person.devices, person.refused) == ((), ("TEL",))


def test_a_device_that_takes_another_s_name_is_refused() -> None:
    marie = Marie()
    known = {(MARIE, "TEL"): Account().identity_keys["ed25519"]}
    person = read(marie.answer, known)
    assert (person.devices, person.refused) == ((), ("TEL",))


@pytest.mark.parametrize("field", ["user_id", "device_id"])
def test_a_device_of_somebody_else_is_refused(field: str) -> None:
    marie = Marie()
    marie.device[field] = "@paul:s"
    signed(marie.device, marie.account, "TEL")
    assert read(marie.answer).devices == ()


def test_a_device_that_the_homeserver_adds_is_known_but_vouched_for_by_nobody() -> None:
    marie = Marie()
    del marie.device["signatures"][MARIE][f"ed25519:{marie.own.public_key}"]
    person = read(marie.answer)
    assert [device.device_id for device in person.devices] == ["TEL"]
    assert [sig.target_key for sig in person.signatures] == [marie.own.public_key]


def test_a_self_signing_key_that_the_identity_did_not_make_vouches_for_nothing() -> None:
    marie = Marie()
    marie.own_key["signatures"][MARIE][f"ed25519:{marie.master.public_key}"] = "A" * 86
    person = read(marie.answer)
    assert person.identity == {"master": marie.master.public_key}
    assert person.signatures == ()


@pytest.mark.parametrize("junk", [None, 4, "x", [], {}, {"a": 1}, [{}]])
def test_junk_is_nobody(junk: Any) -> None:
    marie = Marie()
    assert read_people({"device_keys": junk}, {}) in ([], [Person("a", (), {}, ())])
    assert read({**marie.answer, "device_keys": {MARIE: {"TEL": junk}}}).devices == ()
    assert read({**marie.answer, "master_keys": {MARIE: junk}}).identity == {}
    for field in ("keys", "signatures"):
        other = Marie()
        other.device[field] = junk
        assert read(other.answer).devices == ()
