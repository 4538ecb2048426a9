"""Reading what /keys/query says of people's devices: what is signed is kept, the rest is not."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appservice.matrix.crypto.signing import is_key, signature_of

log = logging.getLogger(__name__)

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that was verified: who signed which key."""

    target_key: str
    signer_key: str
    signature: str


@dataclass(frozen=True, slots=True)
class Device:
    """One device whose self-signature holds."""

    user_id: str
    device_id: str
    identity_key: str  # Curve25519
    signing_key: str  # Ed25519


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of one user's keys."""

    user_id: str
    devices: tuple[Device, ...]
    identity: Mapping[str, str]  # usage (master, self_signing) → public key
    signatures: tuple[Signed, ...]
    refused: tuple[str, ...] = ()  # devices that lie now; what was known of them before stands


def read_people(answer: Json, known: Mapping[tuple[str, str], str]) -> list[Person]:
    """Every user of a /keys/query answer (Matrix spec, Client-Server API, POST /keys/query).

    `known` gives the signing key of devices seen before: a device never changes it.
    """
    people = []
    for user, devices in _dict(answer.get("device_keys")).items():
        identity, signatures = _identity(answer, user)
        good = [
            device
            for device_id, keys in _dict(devices).items()
            if (device := _device(user, device_id, keys, known)) is not None
        ]
        own = identity.get("self_signing")
        if own is not None:
            signatures += [
                signed
                for device in good
                if (signed := _signed_by(devices[device.device_id], device.signing_key, user, own))
            ]
        refused = _dict(devices).keys() - {device.device_id for device in good}
        people.append(Person(user, tuple(good), identity, tuple(signatures), tuple(refused)))
    return people


def _device(
    user: str, device_id: str, keys: Any, known: Mapping[tuple[str, str], str]
) -> Device | None:
    named = _dict(_dict(keys).get("keys"))
    identity_key = named.get(f"curve25519:{device_id}")
    signing_key = named.get(f"ed25519:{device_id}")
    sound = (
        _dict(keys).get("user_id") == user
        and _dict(keys).get("device_id") == device_id
        and "\0" not in device_id
        and is_key(identity_key)
        and is_key(signing_key)
        and known.get((user, device_id), signing_key) == signing_key
        and signature_of(keys, user, device_id, str(signing_key)) is not None
    )
    if not sound:
        log.warning("a device of %s is not what it says: ignored", user)
        return None
    return Device(user, device_id, str(identity_key), str(signing_key))


def _identity(answer: Json, user: str) -> tuple[dict[str, str], list[Signed]]:
    master = _public_key(answer, "master_keys", "master", user)
    if master is None:
        return {}, []
    identity = {"master": master}
    own = _public_key(answer, "self_signing_keys", "self_signing", user)
    if own is None:
        return identity, []
    signed = _signed_by(answer["self_signing_keys"][user], own, user, master)
    if signed is None:
        log.warning("the self-signing key of %s is not signed by the master key: ignored", user)
        return identity, []
    return {**identity, "self_signing": own}, [signed]


def _public_key(answer: Json, section: str, usage: str, user: str) -> str | None:
    entry = _dict(_dict(answer.get(section)).get(user))
    usages = entry.get("usage")
    if not isinstance(usages, list) or usage not in usages or entry.get("user_id") != user:
        return None
    for name, key in _dict(entry.get("keys")).items():
        if is_key(key) and name == f"ed25519:{key}":
            return str(key)
    return None


def _signed_by(content: Json, target_key: str, user: str, signer_key: str) -> Signed | None:
    signature = signature_of(content, user, signer_key, signer_key)
    return Signed(target_key, signer_key, signature) if signature is not None else None


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
