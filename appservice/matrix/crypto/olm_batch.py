"""One message to many devices: one claim, one write, to-device messages in chunks."""

import asyncio
import json
import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mautrix.crypto.sessions import Session

from appservice.matrix.api import Json
from appservice.matrix.crypto.devices import Device
from appservice.matrix.crypto.machine import Machine
from appservice.matrix.crypto.signing import signature_of
from appservice.matrix.crypto.store import together

log = logging.getLogger(__name__)

OLM = "m.olm.v1.curve25519-aes-sha2"
CHUNK = 200  # devices in one request: about 250 kB
BREATH = 50  # devices encrypted before others get a turn


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is for one device alone."""

    device: Device
    content: Json


async def seal(
    machine: Machine, devices: Sequence[Device], kind: str, content: Json
) -> list[Sealed]:
    """Encrypts for each; a device is left out when it has no key left to write to it with.

    Saved before anything is sent: a ratchet that goes back would use a key twice.
    """
    async with machine.olm_turn:
        sessions = await machine.keys.latest_sessions([device.identity_key for device in devices])
        without = [device for device in devices if device.identity_key not in sessions]
        if without:
            sessions |= await _open_sessions(machine, without)
        sealed = []
        for count, device in enumerate(devices, 1):
            if session := sessions.get(device.identity_key):
                sealed.append(Sealed(device, _encrypt(machine, session, device, kind, content)))
            if count % BREATH == 0:
                await asyncio.sleep(0)
        used = [(each.device.identity_key, sessions[each.device.identity_key]) for each in sealed]
        async with together(machine.database):
            await machine.keys.save_sessions(used)
    return sealed


async def send(machine: Machine, sealed: Sequence[Sealed], kind: str = "m.room.encrypted") -> None:
    """Hands a chunk to the homeserver. Raises MatrixError, Unreachable."""
    messages: dict[str, Json] = {}
    for each in sealed:
        messages.setdefault(each.device.user_id, {})[each.device.device_id] = each.content
    path = f"/sendToDevice/{kind}/{secrets.token_hex(12)}"
    await machine.api.call("PUT", path, {"messages": messages})


def chunks(sealed: Sequence[Sealed]) -> Iterable[Sequence[Sealed]]:
    return (sealed[start : start + CHUNK] for start in range(0, len(sealed), CHUNK))


async def _open_sessions(machine: Machine, devices: Sequence[Device]) -> dict[str, Session]:
    wish: dict[str, dict[str, str]] = {}
    for device in devices:
        wish.setdefault(device.user_id, {})[device.device_id] = "signed_curve25519"
    answer = await machine.api.call("POST", "/keys/claim", {"one_time_keys": wish})
    given = answer.get("one_time_keys")
    opened = {}
    for device in devices:
        key = _one_time_key(given if isinstance(given, dict) else {}, device)
        if key is None:
            log.warning("a device of %s has no key left to write to it with", device.user_id)
            continue
        try:
            engine = machine.own.open_outbound(device.identity_key, key)
        except ValueError:
            log.warning("a device of %s gave a key that is none", device.user_id)
            continue
        opened[device.identity_key] = _begin(engine)
    return opened


def _begin(engine: Any) -> Session:
    new: Any = Session  # mautrix's constructor has no types
    session: Session = new().adopt(engine)
    return session


def _one_time_key(given: Mapping[str, Any], device: Device) -> str | None:
    try:
        (content,) = given[device.user_id][device.device_id].values()
        key = content["key"]
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    signed = signature_of(content, device.user_id, device.device_id, device.signing_key)
    return str(key) if signed is not None else None


def _encrypt(machine: Machine, session: Session, device: Device, kind: str, content: Json) -> Json:
    payload = {
        "type": kind,
        "content": content,
        "sender": machine.client.mxid,
        "sender_device": machine.client.device_id,
        "keys": {"ed25519": machine.own.signing_key},
        "recipient": device.user_id,
        "recipient_keys": {"ed25519": device.signing_key},
    }
    ciphertext = session.encrypt(json.dumps(payload))
    return {
        "algorithm": OLM,
        "sender_key": machine.own.identity_key,
        "ciphertext": {
            device.identity_key: {"type": ciphertext.type.value, "body": ciphertext.body}
        },
    }
