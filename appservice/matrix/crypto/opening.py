"""Megolm events opened, or the reason why not (Matrix spec, m.megolm.v1.aes-sha2).

Ours rather than mautrix's, which reads the clear text into typed contents: a hostile client
would choose which of its parsers fails.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mautrix.crypto import InboundGroupSession
from mautrix.errors import GroupSessionWithheldError
from mautrix.types import EventID, RoomID, SessionID, TrustState, UserID

from appservice.matrix.crypto.machine import Machine
from appservice.matrix.crypto.signing import is_key
from appservice.matrix.crypto.vodozemac_olm import OlmGroupSessionError

MEGOLM = "m.megolm.v1.aes-sha2"


class KeyMissing(Exception):
    """The key has not come; it may still."""


class Unopenable(Exception):
    """No key will ever open this."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An m.room.encrypted event."""

    event_id: str
    room: str
    sender: str
    milliseconds: int  # origin_server_ts, part of what tells a replay
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Opened:
    """What was inside, and whether the sender's identity vouches for the device that wrote it."""

    kind: str
    content: Mapping[str, Any]
    verified: bool


async def open_sealed(machine: Machine, event: Sealed) -> Opened:
    """Raises KeyMissing, Unopenable; network and database failures come through."""
    session_id, ciphertext = event.content.get("session_id"), event.content.get("ciphertext")
    if not isinstance(session_id, str) or not isinstance(ciphertext, str):
        raise Unopenable("not encrypted")
    if event.content.get("algorithm") != MEGOLM or not is_key(session_id):
        raise Unopenable("not Megolm")
    try:
        session = await machine.keys.get_group_session(RoomID(event.room), SessionID(session_id))
    except GroupSessionWithheldError as withheld:
        raise KeyMissing(event.event_id) from withheld
    if session is None:
        raise KeyMissing(event.event_id)
    try:
        plaintext, index = session.decrypt(ciphertext)
    except OlmGroupSessionError as error:
        raise Unopenable("ciphertext") from error
    fresh = await machine.keys.validate_message_index(
        session.sender_key,
        SessionID(session.id),
        EventID(event.event_id),
        index,
        event.milliseconds,
    )
    if not fresh:
        raise Unopenable("replayed")
    kind, content = _payload(plaintext, event)
    return Opened(kind, content, await _verified(machine, session, event.sender))


def _payload(plaintext: str, event: Sealed) -> tuple[str, Mapping[str, Any]]:
    try:
        payload = json.loads(plaintext)
    except (ValueError, RecursionError) as error:
        raise Unopenable("payload") from error
    if not isinstance(payload, dict) or payload.get("room_id") != event.room:
        raise Unopenable("another room's payload")
    kind, content = payload.get("type"), payload.get("content")
    if not isinstance(kind, str) or not isinstance(content, dict):
        raise Unopenable("payload")
    # Relations travel in clear, so that the homeserver can group them.
    relation = event.content.get("m.relates_to")
    if relation is not None and "m.relates_to" not in content:
        content = {**content, "m.relates_to": relation}
    return kind, content


async def _verified(machine: Machine, session: InboundGroupSession, sender: str) -> bool:
    if session.forwarding_chain:
        return False
    device = await machine.get_or_fetch_device_by_key(UserID(sender), session.sender_key)
    if device is None:
        return False
    if device.signing_key != session.signing_key:
        raise Unopenable("the device is not who it claims to be")
    trust = await machine.resolve_trust(device)
    return bool(trust >= TrustState.CROSS_SIGNED_TOFU)
