"""The charter gate, a Synapse module: no signed charter in force, no membership and no word.

A room is *governed* when its creation event carries the key `fr.maillage.charter`. In governed
rooms the service (the *bot*) alone invites, and each invite carries a *proof*:
`{"version", "until", "sig"}`, an Ed25519 signature over the JSON `[room, user, version, until]`.
The gate verifies it at the invite and at the join, keeps it in the member's own event, and
refuses every word of a member whose proof has run out. It asks nobody: it holds while the service
is down, and against the administrators of the server. Elsewhere it changes nothing.
"""

import base64
import binascii
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from synapse.module_api import EventBase, JsonDict, ModuleApi, Requester, StateMap
from synapse.module_api.errors import Codes, ConfigError, SynapseError

CHARTER = "fr.maillage.charter"
CREATE = "m.room.create"
MEMBER = "m.room.member"
ENCRYPTION = "m.room.encryption"
# What a governed room is, for everybody and for ever: state event → (field, only value).
FIXED = {
    "m.room.join_rules": ("join_rule", "invite"),
    "m.room.history_visibility": ("history_visibility", "joined"),
    "m.room.guest_access": ("guest_access", "forbidden"),
}
BOT_ONLY = {CHARTER, ENCRYPTION, "m.room.tombstone"}
# Synapse sends this one, empty, in the name of any member, to tidy the graph of a room.
HOUSEKEEPING = "org.matrix.dummy_event"

Allowed = tuple[bool, JsonDict | None]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GateConfig:
    """Whom the gate trusts. `versions`, if given, are the only charter versions it accepts."""

    bot: str
    keys: tuple[Ed25519PublicKey, ...]
    versions: frozenset[str] | None = None


class CharterGate:
    """The callbacks that Synapse calls before it accepts an event or makes a room."""

    def __init__(
        self,
        config: GateConfig,
        api: ModuleApi,
        now: Callable[[], float] = time.time,  # noqa: TID251 - stands alone in the homeserver
    ) -> None:
        self._config = config
        self._now = now
        api.register_third_party_rules_callbacks(
            check_event_allowed=self.check_event_allowed,
            on_create_room=self.on_create_room,
            check_threepid_can_be_invited=self.check_threepid_can_be_invited,
            check_visibility_can_be_modified=self.check_visibility_can_be_modified,
        )

    @staticmethod
    def parse_config(config: JsonDict) -> GateConfig:
        return parse_config(config)

    async def check_event_allowed(self, event: EventBase, state: StateMap[EventBase]) -> Allowed:
        if event.type == CREATE:
            if CHARTER in event.content:
                self._check_creation(event.sender, event.content)
            return True, None
        if not _governed(state):
            return True, None
        try:
            if event.type == MEMBER:
                return True, self._check_member(event, state)
            self._check_state(event, state)
            self._check_word(event, state)
        except SynapseError as refusal:
            log.info("%s of %s in %s: %s", event.type, event.sender, event.room_id, refusal.msg)
            raise
        return True, None

    async def on_create_room(self, requester: Requester, wish: JsonDict, admin: bool) -> None:
        """Refuse what would be refused half-way, leaving half a room; fill in what is missing."""
        content = wish.get("creation_content")
        if not isinstance(content, Mapping) or CHARTER not in content:
            return
        self._check_creation(requester.user.to_string(), content)
        if wish.get("preset", "private_chat") != "private_chat":
            _refuse("Un salon soumis à la charte se crée avec le modèle private_chat.")
        if wish.get("visibility", "private") != "private":
            _refuse("Un salon soumis à la charte ne se publie pas dans l'annuaire.")
        if wish.get("invite") or wish.get("invite_3pid"):
            _refuse("Les invitations viennent après la création, chacune avec sa preuve.")
        given = list(wish.get("initial_state") or [])
        types = {entry.get("type") for entry in given if isinstance(entry, Mapping)}
        missing = [
            {"type": kind, "state_key": "", "content": {field: only}}
            for kind, (field, only) in FIXED.items()
            if kind not in types
        ]
        wish["initial_state"] = [*given, *missing]

    async def check_threepid_can_be_invited(
        self, medium: str, address: str, state: StateMap[EventBase]
    ) -> bool:
        return not _governed(state)

    async def check_visibility_can_be_modified(
        self, room_id: str, state: StateMap[EventBase], visibility: str
    ) -> bool:
        return visibility != "public" or not _governed(state)

    def _check_creation(self, creator: str, content: Mapping[str, Any]) -> None:
        if creator != self._config.bot:
            _refuse("Seul le service Maillage crée des salons soumis à la charte.")
        if content.get("m.federate", True) is not False:
            # A join that comes from another server would not pass through the gate.
            _refuse("Un salon soumis à la charte ne se fédère pas : m.federate doit être false.")
        if content.get("additional_creators"):
            _refuse("Un salon soumis à la charte n'a qu'un créateur : le service Maillage.")

    def _check_member(self, event: EventBase, state: StateMap[EventBase]) -> JsonDict | None:
        """Refuse, or accept; the answer is the event to put in its place, if any."""
        user, membership = str(event.state_key), event.content.get("membership")
        if membership in ("leave", "ban"):
            return None  # going is always possible; who may send others away, Synapse decides
        if event.sender == user == self._config.bot:
            return None
        if membership == "join":
            return self._check_join(event, user, state)
        if membership != "invite":
            _refuse("On n'entre dans ce salon que sur invitation du service Maillage.")
        self._check_invite(event, user, state)
        return None

    def _check_invite(self, event: EventBase, user: str, state: StateMap[EventBase]) -> None:
        if event.sender != self._config.bot:
            _refuse("Seul le service Maillage invite, quand la charte est signée.")
        if not self._in_force(event.room_id, user, event.content.get(CHARTER), state):
            _refuse("Invitation refusée : elle ne porte pas la preuve d'une charte en vigueur.")

    def _check_join(
        self, event: EventBase, user: str, state: StateMap[EventBase]
    ) -> JsonDict | None:
        before = state.get((MEMBER, user))
        membership = before.content.get("membership") if before else None
        invited = (
            before is not None and membership == "invite" and before.sender == self._config.bot
        )
        if before is None or not (invited or membership == "join"):
            _refuse("On n'entre dans ce salon que sur invitation du service Maillage.")
        proof = before.content.get(CHARTER)
        if invited and not self._in_force(event.room_id, user, proof, state):
            _refuse("Votre charte n'est plus en vigueur : signez-la de nouveau pour entrer.")
        # A change of name keeps the proof; nobody writes one into an event of their own.
        return _with_proof(event, proof)

    def _check_state(self, event: EventBase, state: StateMap[EventBase]) -> None:
        """What a governed room is may not change, not even by the service's hand."""
        if event.type in FIXED:
            field, only = FIXED[event.type]
            if event.content.get(field) != only:
                _refuse(f"Dans un salon soumis à la charte, {field} vaut toujours « {only} ».")
        if event.type == "m.room.third_party_invite":
            _refuse("Seul le service Maillage invite, quand la charte est signée.")
        if event.type in BOT_ONLY and event.sender != self._config.bot:
            _refuse("Seul le service Maillage peut faire cela.")
        if event.type == ENCRYPTION and (ENCRYPTION, "") in state:
            _refuse("Le chiffrement du salon ne se change pas.")
        if event.type == CHARTER and event.content:
            user = f"@{event.state_key}"
            if not self._vouched(event.room_id, user, event.content):
                _refuse("Cette preuve de charte n'est pas valable.")

    def _check_word(self, event: EventBase, state: StateMap[EventBase]) -> None:
        if event.sender == self._config.bot:
            return
        if event.type == HOUSEKEEPING and not event.content:
            return
        own = state.get((MEMBER, event.sender))
        proof = own.content.get(CHARTER) if own else None
        if not self._in_force(event.room_id, event.sender, proof, state):
            _refuse(
                "Votre charte n'est plus en vigueur : vous ne pouvez plus écrire dans ce salon. "
                "Signez-la de nouveau pour reprendre la parole."
            )

    def _in_force(self, room: str, user: str, carried: object, state: StateMap[EventBase]) -> bool:
        """The proof the member carries or the renewal in the room's state; a revocation wins."""
        renewal = state.get((CHARTER, user.removeprefix("@")))
        if renewal is None:
            return self._vouched(room, user, carried)
        if "sig" not in renewal.content:
            return False
        return self._vouched(room, user, renewal.content) or self._vouched(room, user, carried)

    def _vouched(self, room: str, user: str, proof: object) -> bool:
        config = self._config
        return vouched(config.keys, room, user, proof, self._now(), config.versions)


def vouched(
    keys: tuple[Ed25519PublicKey, ...],
    room: str,
    user: str,
    proof: object,
    now: float,
    versions: frozenset[str] | None = None,
) -> bool:
    """Whether `proof` says, under one of `keys`, that this user may be in this room now."""
    if not isinstance(proof, Mapping):
        return False
    version, until, sig = proof.get("version"), proof.get("until"), proof.get("sig")
    if not isinstance(version, str) or type(until) is not int or not isinstance(sig, str):
        return False
    if until <= now or (versions is not None and version not in versions):
        return False
    signed = json.dumps([room, user, version, until], separators=(",", ":"), ensure_ascii=False)
    try:
        signature = _unbase64(sig)
    except ValueError:
        return False
    return any(_signed_by(key, signature, signed.encode()) for key in keys)


def parse_config(config: Mapping[str, Any]) -> GateConfig:
    """The module's settings in homeserver.yaml; every mistake is said at once."""
    mistakes = [
        f"unknown setting {key!r}"
        for key in config
        if key not in ("bot", "public_key", "public_keys", "charter_versions")
    ]
    bot = config.get("bot")
    if not isinstance(bot, str) or not bot.startswith("@") or ":" not in bot:
        mistakes.append("bot must be a full Matrix id such as @maillage:example.fr")
    keys = [*_texts(config, "public_keys", mistakes)]
    if "public_key" in config:
        keys.append(config["public_key"])
    if not keys:
        mistakes.append("public_key (or public_keys, a list) is missing")
    parsed = [_public_key(key, mistakes) for key in keys]
    versions = _texts(config, "charter_versions", mistakes)
    if mistakes:
        raise ConfigError("charter_gate: " + "; ".join(mistakes))
    return GateConfig(
        str(bot),
        tuple(key for key in parsed if key is not None),
        frozenset(versions) if "charter_versions" in config else None,
    )


def _texts(config: Mapping[str, Any], name: str, mistakes: list[str]) -> list[str]:
    given = config.get(name, [])
    if isinstance(given, list) and all(isinstance(text, str) for text in given):
        return given
    mistakes.append(f"{name} must be a list of texts")
    return []


def _public_key(text: object, mistakes: list[str]) -> Ed25519PublicKey | None:
    try:
        return Ed25519PublicKey.from_public_bytes(_unbase64(str(text)))
    except ValueError:
        mistakes.append(f"{text!r} is no Ed25519 public key (32 bytes in base64)")
        return None


def _unbase64(text: str) -> bytes:
    bare = text.rstrip("=")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(text) from error


def _signed_by(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _governed(state: StateMap[EventBase]) -> bool:
    create = state.get((CREATE, ""))
    return create is not None and CHARTER in create.content


def _with_proof(event: EventBase, proof: object) -> JsonDict | None:
    """The same event carrying `proof` and no other; nothing if that is what it is already."""
    if event.content.get(CHARTER) == proof:
        return None
    replacement = event.get_dict()
    content = {key: value for key, value in event.content.items() if key != CHARTER}
    replacement["content"] = content if proof is None else {**content, CHARTER: proof}
    return replacement


def _refuse(french: str) -> NoReturn:
    raise SynapseError(403, french, Codes.FORBIDDEN)
