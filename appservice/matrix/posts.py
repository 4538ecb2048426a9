"""The Matrix channel: parcels become events, encrypted, once per key."""

import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from mautrix.types import RoomID

from appservice.matrix.api import Api, Json, MatrixError, Unreachable, segment
from appservice.matrix.crypto.machine import Machine
from appservice.matrix.crypto.share import MEGOLM, KeyShare
from appservice.matrix.crypto.store import DATABASE_FAILURES
from appservice.matrix.media import upload
from appservice.matrix.pills import with_pills
from bridges.protocol import (
    Abilities,
    Accepted,
    Action,
    Health,
    Outcome,
    Outgoing,
    Rejected,
    Sink,
    Throttled,
)

log = logging.getLogger(__name__)

SOON = 2.0  # seconds
AWAY = "Le serveur Matrix ne répond pas : les messages attendent et partiront ensuite."
ADVICE = {
    "starting": "Le service démarre : les messages attendent et partiront ensuite.",
    "identity-lost": (
        "L'identité chiffrée du service ne s'ouvre pas : remettez en place le fichier de la clé "
        "de récupération, puis redémarrez le service."
    ),
}
HTML = "org.matrix.custom.html"
MESSAGE, REACTION, ENCRYPTED = "m.room.message", "m.reaction", "m.room.encrypted"


class NotEncrypted(Exception):
    """The room is not encrypted: what we say is never sent in clear."""


class Post:
    """Says things in rooms. `transaction` makes the same thing said twice one event."""

    def __init__(self, machine: Machine, share: KeyShare) -> None:
        self.machine = machine
        self._share = share

    @property
    def api(self) -> Api:
        return self.machine.api

    async def say(self, room: str, content: Json, transaction: str) -> str:
        """Encrypts and sends an m.room.message; gives its event id.

        Raises NotEncrypted, MatrixError, Unreachable, and failures of the database.
        """
        await self.must_be_encrypted(room)
        sealed = await self._share.encrypt(room, MESSAGE, content)
        return await self._send(room, ENCRYPTED, sealed, transaction)

    async def react(self, room: str, event: str, emoji: str, transaction: str) -> str:
        """Reactions travel in clear in every Matrix client."""
        relation = {"rel_type": "m.annotation", "event_id": event, "key": emoji}
        return await self._send(room, REACTION, {"m.relates_to": relation}, transaction)

    async def redact(self, room: str, event: str, transaction: str) -> str:
        path = f"/rooms/{segment(room)}/redact/{segment(event)}/{transaction_id(transaction)}"
        return str((await self.api.call("PUT", path, {}))["event_id"])

    async def _send(self, room: str, kind: str, content: Json, transaction: str) -> str:
        path = f"/rooms/{segment(room)}/send/{kind}/{transaction_id(transaction)}"
        return str((await self.api.call("PUT", path, content))["event_id"])

    async def must_be_encrypted(self, room: str) -> None:
        rooms = self.machine.rooms
        if await rooms.is_encrypted(RoomID(room)):
            return
        path = f"/rooms/{segment(room)}/state/m.room.encryption/"
        try:
            content = await self.api.call("GET", path)
        except MatrixError as error:
            if error.status == 404:
                raise NotEncrypted(room) from error
            raise
        if content.get("algorithm") != MEGOLM:
            raise NotEncrypted(room)
        await rooms.set_encryption_info(RoomID(room), {"algorithm": MEGOLM})


def transaction_id(key: str) -> str:
    """Fit for a path, and the same for the same key.

    Synapse keeps (room, user, device, transaction id) → event for a day, across its restarts.
    """
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def text_content(text: str, html: str = "", *, notice: bool = False) -> Json:
    """An m.room.message that mentions nobody by accident."""
    content: Json = {
        "msgtype": "m.notice" if notice else "m.text",
        "body": text,
        "m.mentions": {},
    }
    if html:
        content |= {"format": HTML, "formatted_body": html}
    return content


class MatrixChannel:
    """A `bridges.protocol.Bridge`; the service fills in `post` once its keys are ready."""

    name = "matrix"
    abilities = Abilities(
        edits=True, deletes=True, reactions=True, attachments=True, idempotent=True, workers=8
    )

    def __init__(self) -> None:
        self.post: Post | None = None
        self.trouble = "starting"  # why there is no post yet
        self._actions: dict[Action, Callable[[Post, Outgoing], Awaitable[Outcome]]] = {
            Action.POST: _post,
            Action.EDIT: _edit,
            Action.DELETE: _delete,
            Action.REACT: _react,
        }

    async def start(self, sink: Sink) -> None:
        """Nothing to do: what comes in goes from the service's journal to its sink."""

    async def stop(self) -> None:
        """Nothing to do: the service stops, and keys and journal with it."""

    async def send(self, message: Outgoing) -> Outcome:
        """Tries once; safe to repeat, since the key makes the transaction id."""
        post = self.post
        if post is None:
            return Throttled(SOON, self.trouble)
        try:
            return await self._actions[message.action](post, message)
        except NotEncrypted:
            return Rejected("room-not-encrypted")
        except Unreachable:
            return Throttled(SOON, "unreachable")
        except MatrixError as refusal:
            if refusal.temporary:
                return Throttled(refusal.retry_after or SOON, refusal.errcode)
            log.warning("a post to %s is refused: %s", message.target, refusal)
            return Rejected(refusal.errcode)
        except DATABASE_FAILURES:
            return Throttled(SOON, "database")

    async def health(self) -> Health:
        """Asks the homeserver who we are."""
        if self.post is None:
            return Health(False, self.trouble, ADVICE.get(self.trouble, AWAY))
        try:
            await self.post.api.call("GET", "/account/whoami", seconds=10)
        except Unreachable:
            return Health(False, "unreachable", AWAY)
        except MatrixError as refusal:
            return Health(False, refusal.errcode, AWAY)
        return Health(True)


def _content(message: Outgoing) -> Json:
    """Whoever is named is told; so is Element of what is answered."""
    html = message.html
    if message.mentions and not html:
        html = with_pills(message.text, message.mentions)
    content = text_content(message.text, html, notice=message.notice)
    if message.mentions:
        named = {mention.who for mention in message.mentions}
        content["m.mentions"] = {"user_ids": sorted(named)}
    if message.replies_to is not None:
        content["m.relates_to"] = {"m.in_reply_to": {"event_id": message.replies_to}}
    return content


async def _post(post: Post, message: Outgoing) -> Outcome:
    if not message.attachments:
        content = _content(message)
        return Accepted(await post.say(message.target, content, message.key))
    await post.must_be_encrypted(message.target)  # before anything is uploaded
    events = []
    for number, attachment in enumerate(message.attachments):
        content = await upload(post.api, attachment)
        if number == 0 and message.text:
            # One event for both: what is deleted later goes as a whole.
            content |= _content(message) | {"msgtype": content["msgtype"]}
        events.append(await post.say(message.target, content, f"{message.key}/{number}"))
    return Accepted(events[0], detail=" ".join(events[1:]))


async def _edit(post: Post, message: Outgoing) -> Outcome:
    if message.acts_on is None:
        return Rejected("nothing-to-edit")
    new = _content(replace(message, replies_to=None))
    content = {
        **new,
        "body": f"* {message.text}",  # for clients that know no edits
        "m.new_content": new,
        "m.relates_to": {"rel_type": "m.replace", "event_id": message.acts_on},
    }
    return Accepted(await post.say(message.target, content, message.key))


async def _delete(post: Post, message: Outgoing) -> Outcome:
    if message.acts_on is None:
        return Rejected("nothing-to-delete")
    return Accepted(await post.redact(message.target, message.acts_on, message.key))


async def _react(post: Post, message: Outgoing) -> Outcome:
    if message.acts_on is None:
        return Rejected("nothing-to-react-to")
    return Accepted(await post.react(message.target, message.acts_on, message.text, message.key))
