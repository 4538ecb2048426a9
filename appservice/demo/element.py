"""A person's Element, played by matrix-nio: one cross-signed device that reads and writes."""

import asyncio
import dataclasses
import io
import logging
import mimetypes
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appservice.demo.cross_signing import cross_sign, sign_device
from appservice.demo.homeserver import Account

POLL_MILLISECONDS = 10_000
# Synapse gives ten events a room unless asked, and a hundred at most (filter_timeline_limit).
FILTER = {"room": {"timeline": {"limit": 100}}}

log = logging.getLogger(__name__)

# nio warns of every event that it does not know.
logging.getLogger("nio").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as it shows on the person's screen."""

    event_id: str
    room: str
    sender: str
    text: str
    at: int  # origin_server_ts, milliseconds
    kind: str = "m.text"  # msgtype
    html: str = ""
    encrypted: bool = False
    readable: bool = True
    edited: bool = False
    deleted: bool = False
    reactions: tuple[str, ...] = ()
    replies_to: str | None = None
    file: Mapping[str, Any] = field(default_factory=dict)


class ElementFailed(Exception):
    """The homeserver refused what the person did; its words."""


class Element:
    """Open, start, use, close. `changed` is told of every message that appears or changes."""

    def __init__(
        self,
        homeserver: str,
        account: Account,
        store: Path,
        changed: Callable[[Seen], None] | None = None,
    ) -> None:
        store.mkdir(parents=True, exist_ok=True)
        config = nio.AsyncClientConfig(encryption_enabled=True, request_timeout=60)
        self.account = account
        self._client = nio.AsyncClient(
            homeserver, account.mxid, account.device_id, store_path=str(store), config=config
        )
        self._changed = changed
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._reachable = asyncio.Event()
        self._reachable.set()
        self._reader = _Reader(self)
        self._identity: Ed25519PrivateKey | None = None
        self.seen: dict[str, Seen] = {}
        self.refused: set[str] = set()  # rooms whose key this device was refused

    @property
    def mxid(self) -> str:
        return self.account.mxid

    @property
    def rooms(self) -> set[str]:
        """Rooms the person is in."""
        return set(self._client.rooms)

    @property
    def invitations(self) -> set[str]:
        return set(self._client.invited_rooms)

    def timeline(self, room: str | None = None) -> list[Seen]:
        """What is on the screen, oldest first."""
        shown = [seen for seen in self.seen.values() if room in (None, seen.room)]
        return sorted(shown, key=lambda seen: seen.at)

    async def start(self, *, signed: bool = True) -> None:
        """Publishes the device's keys, signs them with the person's identity, begins to listen.

        `signed=False` is somebody who skips the verification of a new device.
        """
        account, client = self.account, self._client
        client.restore_login(account.mxid, account.device_id, account.access_token)
        if client.should_upload_keys:
            _checked(await client.keys_upload())
        if signed:
            self._identity = await cross_sign(client.homeserver, account)
        client.add_to_device_callback(self._reader.told, nio.UnknownToDeviceEvent)
        await self._sync(timeout=0, full_state=True)
        self._task = asyncio.create_task(self._listen(), name=f"element {account.mxid}")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._client.close()

    def away(self) -> asyncio.Event:
        """Hears nothing more from now on, until the event is set."""
        self._reachable = asyncio.Event()
        return self._reachable

    async def join(self, room: str, seconds: float = 20) -> None:
        """Accepts the invitation."""
        _checked(await self._client.join(room))
        await self.until(lambda: room in self._client.rooms or None, seconds)

    async def seats(self) -> set[str]:
        """Rooms the person is in, says the homeserver: nio keeps those it was put out of."""
        return set(_checked(await self._client.joined_rooms()).rooms)

    async def leave(self, room: str) -> None:
        _checked(await self._client.room_leave(room))

    async def say(self, room: str, text: str, *, replies_to: str | None = None) -> str:
        """Writes a message; gives its event id."""
        content: dict[str, Any] = {"msgtype": "m.text", "body": text}
        if replies_to:
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": replies_to}}
        return await self.send(room, content)

    async def edit(self, room: str, event: str, text: str) -> str:
        new = {"msgtype": "m.text", "body": text}
        relation = {"rel_type": "m.replace", "event_id": event}
        content = {**new, "body": f"* {text}", "m.new_content": new, "m.relates_to": relation}
        return await self.send(room, content)

    async def react(self, room: str, event: str, emoji: str) -> str:
        relation = {"rel_type": "m.annotation", "event_id": event, "key": emoji}
        return await self.send(room, {"m.relates_to": relation}, "m.reaction")

    async def delete(self, room: str, event: str) -> str:
        return str(_checked(await self._client.room_redact(room, event)).event_id)

    async def send_photo(
        self, room: str, data: bytes, filename: str = "photo.jpg", caption: str = ""
    ) -> str:
        """Encrypts, uploads and shows a picture or, going by its name, a film.

        As in Element, that name goes in the message.
        """
        upload, keys = await self._client.upload(
            io.BytesIO(data),
            "application/octet-stream",
            encrypt=True,
            filesize=len(data),
        )
        kind = mimetypes.guess_type(filename)[0] or "image/jpeg"
        content = {
            "msgtype": f"m.{kind.partition('/')[0]}",
            "body": caption or filename,
            "filename": filename,
            "info": {"mimetype": kind, "size": len(data)},
            "file": {**keys, "url": _checked(upload).content_uri},
        }
        return await self.send(room, content)

    async def send(
        self,
        room: str,
        content: dict[str, Any],
        kind: str = "m.room.message",
        transaction: str | None = None,
    ) -> str:
        """Any event; encrypted when the room is. The same transaction twice is one event."""
        answer = await self._client.room_send(
            room, kind, content, tx_id=transaction, ignore_unverified_devices=True
        )
        return str(_checked(answer).event_id)

    async def download(self, seen: Seen) -> bytes:
        """The file of a message, in clear."""
        answer = _checked(await self._client.download(seen.file["url"]))
        key, hashes, iv = seen.file["key"]["k"], seen.file["hashes"]["sha256"], seen.file["iv"]
        return bytes(nio.crypto.decrypt_attachment(answer.body, key, hashes, iv))

    async def tell_device(self, account: Account, kind: str, content: dict[str, Any]) -> None:
        """A message to that device, outside of rooms and in clear."""
        message = nio.ToDeviceMessage(kind, account.mxid, account.device_id, content)
        _checked(await self._client.to_device(message))

    async def vouch_for(self, device_id: str) -> None:
        """Verifies another device of the same person, as Element asks to."""
        if self._identity is None:
            raise ElementFailed("this device did not make the person's identity")
        await sign_device(self._client.homeserver, self.account, device_id, self._identity)

    def keys_of(self, room: str) -> set[str]:
        """The sessions of that room whose keys this device was given."""
        store = self._client.olm.inbound_group_store
        return {session.id for session in store if session.room_id == room}

    async def until(self, found: Callable[[], Any], seconds: float = 20) -> Any:
        """Waits until `found` gives something, looking after each piece of news."""
        try:
            async with asyncio.timeout(seconds), self._news:
                while (result := found()) is None:
                    await self._news.wait()
                return result
        except TimeoutError:
            shown = [(seen.sender, seen.text, seen.readable) for seen in self.timeline()]
            raise ElementFailed(
                f"{self.mxid} still waits after {seconds} s; sees {shown}"
            ) from None

    async def reads(self, text: str, seconds: float = 20) -> Seen:
        """Waits until a message with that text in it is on the screen."""

        def found() -> Seen | None:
            return next((seen for seen in self.timeline() if text in seen.text), None)

        seen: Seen = await self.until(found, seconds)
        return seen

    def show(self, seen: Seen) -> None:
        self.seen[seen.event_id] = seen
        if self._changed is not None:
            self._changed(seen)

    async def _listen(self) -> None:
        while True:
            await self._reachable.wait()
            try:
                await self._sync(timeout=POLL_MILLISECONDS)
            except Exception as failure:
                # What one event or one broken answer does to nio must not leave this phone deaf.
                if not isinstance(failure, ElementFailed):
                    log.warning("%s: %s", self.mxid, type(failure).__name__)
                await asyncio.sleep(1)
            async with self._news:
                self._news.notify_all()

    async def _sync(self, **how: Any) -> None:
        since = self._client.next_batch
        answer = _checked(await self._client.sync(sync_filter=FILTER, **how))
        for room, news in answer.rooms.join.items():
            events = news.timeline.events
            if since and news.timeline.limited:
                events = [*await self._between(room, since, news.timeline.prev_batch), *events]
            for event in events:
                self._reader.read(room, event)
        if answer.to_device_events:
            self._reader.read_again(self._client.decrypt_event)
        await self._chores()

    async def _between(self, room: str, since: str, until: str) -> list[nio.Event]:
        """What a phone that was slower than the room was not given; oldest first."""
        events: list[nio.Event] = []
        place: str | None = until
        while place:
            answer = _checked(await self._client.room_messages(room, place, since, limit=100))
            events += answer.chunk
            place = answer.end if answer.chunk else None
        return events[::-1]

    async def _chores(self) -> None:
        """What nio leaves to its user: keys to publish, to ask for, to claim."""
        client = self._client
        todo: list[Callable[[], Awaitable[Any]]] = [client.send_to_device_messages]
        if client.should_upload_keys:
            todo.append(client.keys_upload)
        if client.should_query_keys:
            todo.append(client.keys_query)
        for chore in todo:
            await chore()
        if client.should_claim_keys:
            await client.keys_claim(client.get_users_for_key_claiming())


class _Reader:
    """Puts events on the screen."""

    def __init__(self, element: Element) -> None:
        self._element = element
        self._locked: list[tuple[str, nio.MegolmEvent]] = []

    def read_again(self, decrypt: Callable[[nio.MegolmEvent], Any]) -> None:
        """Keys came: as Element does, tries what came before them.

        Synapse gives a hundred keys a sync, and the message beside the first of them.
        """
        locked, self._locked = self._locked, []
        for room, event in locked:
            try:
                clear = decrypt(event)
            except nio.EncryptionError:
                self._locked.append((room, event))
            else:
                self.read(room, clear)

    def read(self, room: str, event: Any) -> None:
        content = event.source.get("content", {})
        relation = content.get("m.relates_to") or {}
        if isinstance(event, nio.RedactionEvent):
            self._change(event.redacts, text="", html="", deleted=True, file={})
        elif isinstance(event, nio.ReactionEvent):
            target = self._element.seen.get(event.reacts_to)
            if target is not None:
                self._change(target.event_id, reactions=(*target.reactions, event.key))
        elif relation.get("rel_type") == "m.replace":
            new = content.get("m.new_content", content)
            html = new.get("formatted_body", "")
            self._change(relation.get("event_id"), text=_words(new), html=html, edited=True)
        elif isinstance(event, nio.MegolmEvent):
            self._locked.append((room, event))
            self._show(room, event, {}, readable=False)
        elif event.source.get("type") == "m.room.message" and content:
            self._show(room, event, content, readable=True)

    async def told(self, event: Any) -> None:
        if event.type == "m.room_key.withheld":
            self._element.refused.add(event.source["content"].get("room_id", ""))

    def _show(self, room: str, event: Any, content: Mapping[str, Any], *, readable: bool) -> None:
        reply = (content.get("m.relates_to") or {}).get("m.in_reply_to") or {}
        seen = Seen(
            event_id=event.event_id,
            room=room,
            sender=event.sender,
            text=_words(content),
            at=event.server_timestamp,
            kind=content.get("msgtype", ""),
            html=content.get("formatted_body", ""),
            encrypted=not readable or bool(getattr(event, "decrypted", False)),
            readable=readable,
            replies_to=reply.get("event_id"),
            file=content.get("file", {}),
        )
        self._element.show(seen)

    def _change(self, event_id: str | None, **changes: Any) -> None:
        seen = self._element.seen.get(event_id or "")
        if seen is not None:
            self._element.show(dataclasses.replace(seen, **changes))


def _checked(answer: Any) -> Any:
    if isinstance(answer, nio.ErrorResponse):
        raise ElementFailed(str(answer))
    return answer


def _words(content: Mapping[str, Any]) -> str:
    """What Element would show; a body that is no text is nothing to read."""
    body = content.get("body", "")
    return body if isinstance(body, str) else ""
