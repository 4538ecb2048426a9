"""Matrix events read with suspicion: whatever a client may have put in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from appservice.matrix.pills import mentions_in
from appservice.matrix.shown_text import clean, poll_text, shown_text
from bridges.protocol import Attachment, Deleted, Edited, Inbound, Message, Reacted

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_ID = 255  # bytes (Matrix spec, Appendices, Common identifier format)
LONGEST_EMOJI = 32
ENCRYPTED = "m.room.encrypted"
POLLS = ("m.poll.start", "org.matrix.msc3381.poll.start")
MEDIA = ("m.image", "m.file", "m.video", "m.audio")


class Malformed(ValueError):
    """No event that we can do anything with."""


@dataclass(frozen=True, slots=True)
class Event:
    """What every event has, checked."""

    event_id: str
    room: str
    sender: str
    kind: str
    content: Mapping[str, Any]
    sent_at: datetime
    state_key: str | None = None
    redacts: str | None = None
    verified: bool = False  # encrypted by a device that its owner's identity vouches for
    raw: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file that a message points at."""

    url: str  # mxc://
    filename: str
    content_type: str
    sealed: Mapping[str, Any] | None  # EncryptedFile (Matrix spec, Sending encrypted attachments)


def read_event(raw: object) -> Event:
    """Raises Malformed."""
    if not isinstance(raw, Mapping):
        raise Malformed("not an object")
    content = raw.get("content")
    if not isinstance(content, Mapping):
        raise Malformed("no content")
    redacts = raw.get("redacts", content.get("redacts"))
    return Event(
        event_id=_id(raw, "event_id", "$"),
        room=_id(raw, "room_id", "!"),
        sender=_id(raw, "sender", "@"),
        kind=clean(raw.get("type"), LONGEST_ID),
        content=content,
        sent_at=_time(raw.get("origin_server_ts")),
        state_key=raw["state_key"] if isinstance(raw.get("state_key"), str) else None,
        redacts=clean(redacts, LONGEST_ID) or None,
        raw=raw,
    )


def event_id_of(raw: object) -> str:
    """For a log line about an event that could not be read."""
    return clean(raw.get("event_id"), LONGEST_ID) if isinstance(raw, Mapping) else ""


def file_of(event: Event) -> FileRef | None:
    """The file of a message that has one."""
    content = event.content
    if event.kind != "m.room.message" or content.get("msgtype") not in MEDIA:
        return None
    sealed = content.get("file")
    url = clean((sealed if isinstance(sealed, Mapping) else content).get("url"), 2000)
    if not url.startswith("mxc://"):
        return None
    info = content.get("info")
    mimetype = info.get("mimetype") if isinstance(info, Mapping) else None
    name = content.get("filename") if "filename" in content else content.get("body")
    return FileRef(
        url=url,
        filename=clean(name, 200),
        content_type=clean(mimetype, 100) or "application/octet-stream",
        sealed=sealed if isinstance(sealed, Mapping) else None,
    )


def to_inbound(event: Event, attachments: tuple[Attachment, ...] = ()) -> Inbound | None:
    """The event in the words of all channels; None for what is nobody's message."""
    reader = READERS.get(event.kind)
    return reader(event, attachments) if reader else None


def _message(event: Event, attachments: tuple[Attachment, ...]) -> Inbound | None:
    relation = _relation(event.content)
    if relation.get("rel_type") == "m.replace":
        return _edited(event, relation)
    if clean(event.content.get("msgtype")).startswith("m.key.verification"):
        return None
    text = _text(event.content)
    return Message(
        key=event.event_id,
        sender=event.sender,
        text=text,
        sent_at=event.sent_at,
        group=event.room,
        attachments=attachments,
        replies_to=_replied(relation),
        verified=event.verified,
        mentions=mentions_in(event.content, text),
    )


def _edited(event: Event, relation: Mapping[str, Any]) -> Inbound | None:
    target = clean(relation.get("event_id"), LONGEST_ID)
    new = event.content.get("m.new_content")
    if not target:
        return None
    # Without new content, clients show the content itself.
    content = new if isinstance(new, Mapping) else event.content
    text = _text(content)
    return Edited(
        key=event.event_id,
        sender=event.sender,
        target=target,
        text=text,
        sent_at=event.sent_at,
        group=event.room,
        verified=event.verified,
        mentions=mentions_in(content, text),
    )


def _poll(event: Event, _: tuple[Attachment, ...]) -> Inbound | None:
    return Message(
        key=event.event_id,
        sender=event.sender,
        text=poll_text(event.content),
        sent_at=event.sent_at,
        group=event.room,
        verified=event.verified,
    )


def _sticker(event: Event, _: tuple[Attachment, ...]) -> Inbound | None:
    return Message(
        key=event.event_id,
        sender=event.sender,
        text=clean(event.content.get("body")),
        sent_at=event.sent_at,
        group=event.room,
        verified=event.verified,
    )


def _reaction(event: Event, _: tuple[Attachment, ...]) -> Inbound | None:
    relation = _relation(event.content)
    target = clean(relation.get("event_id"), LONGEST_ID)
    emoji = clean(relation.get("key"), LONGEST_EMOJI)
    if relation.get("rel_type") != "m.annotation" or not target or not emoji:
        return None
    return Reacted(
        key=event.event_id,
        sender=event.sender,
        target=target,
        emoji=emoji,
        sent_at=event.sent_at,
        group=event.room,
    )


def _redaction(event: Event, _: tuple[Attachment, ...]) -> Inbound | None:
    if event.redacts is None:
        return None
    return Deleted(
        key=event.event_id,
        sender=event.sender,
        target=event.redacts,
        sent_at=event.sent_at,
        group=event.room,
    )


Reader = Callable[[Event, tuple[Attachment, ...]], Inbound | None]
READERS: Mapping[str, Reader] = {
    "m.room.message": _message,
    "m.sticker": _sticker,
    "m.reaction": _reaction,
    "m.room.redaction": _redaction,
    # Element shows polls to everybody in the room: they are judged like any text.
    **dict.fromkeys(POLLS, _poll),
}


def _text(content: Mapping[str, Any]) -> str:
    msgtype = content.get("msgtype")
    if msgtype == "m.location":
        return f"{clean(content.get('body'))} {clean(content.get('geo_uri'), 200)}".strip()
    if msgtype in MEDIA:
        # A caption is a body that is not the file's name (Matrix spec, Media captions).
        captioned = "filename" in content and content.get("filename") != content.get("body")
        return shown_text(content) if captioned else ""
    return shown_text(content)


def _relation(content: Mapping[str, Any]) -> Mapping[str, Any]:
    relation = content.get("m.relates_to")
    return relation if isinstance(relation, Mapping) else {}


def _replied(relation: Mapping[str, Any]) -> str | None:
    reply = relation.get("m.in_reply_to")
    target = reply.get("event_id") if isinstance(reply, Mapping) else None
    return clean(target, LONGEST_ID) or None


def _id(raw: Mapping[str, Any], name: str, sigil: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value.startswith(sigil) or clean(value, 255) != value:
        raise Malformed(name)
    return value


def _time(milliseconds: object) -> datetime:
    if type(milliseconds) is not int:
        return EPOCH
    try:
        return EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return EPOCH
