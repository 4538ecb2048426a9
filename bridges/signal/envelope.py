"""What an envelope says: somebody wrote, edited, deleted, reacted, or a receipt came.

A message is named `author:timestamp`; a message of our own account by its timestamp alone, which
is also the provider id of what we sent, so quotes, reactions and receipts find it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bridges.protocol import (
    Deleted,
    Edited,
    Inbound,
    Mention,
    Message,
    Reacted,
    Receipt,
    ReceiptState,
)

LONG_TEXT = "text/x-signal-plain"
"""Type of the attachment that holds the whole of a text too long for a message."""

_MENTION, _MEMBER = "\ufffc", "@membre"
_LAST_MS = 253_402_300_799_000  # end of the year 9999


@dataclass(frozen=True, slots=True)
class Own:
    """Our account, to know our own messages when others point at them."""

    number: str
    aci: str | None = None

    def wrote(self, aci: object, number: object) -> bool:
        """Whether that author is us."""
        return (self.aci is not None and aci == self.aci) or number == self.number


@dataclass(frozen=True, slots=True)
class File:
    """An attachment still to be fetched."""

    id: str
    content_type: str
    filename: str
    size: int


@dataclass(frozen=True, slots=True)
class Read:
    """One thing said, and the files that come with it."""

    thing: Inbound
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class _Source:
    aci: str
    number: str | None
    own: Own

    def reference(self, at: int) -> str:
        return str(at) if self.own.wrote(self.aci, self.number) else f"{self.aci}:{at}"


def read_envelope(envelope: Mapping[str, object], own: Own) -> Sequence[Read]:
    """Everything the envelope says that concerns us; nothing for typing, calls, profiles…"""
    aci, number = envelope.get("sourceUuid"), envelope.get("sourceNumber")
    if not isinstance(aci, str) or not aci:
        return []
    source = _Source(aci, number if isinstance(number, str) else None, own)
    if receipt := _part(envelope, "receiptMessage"):
        return _receipts(receipt, source)
    if edit := _part(envelope, "editMessage"):
        return _edit(edit, source)
    if data := _part(envelope, "dataMessage"):
        return _data(data, source)
    sent = _part(_part(envelope, "syncMessage"), "sentMessage")
    return _from_our_phone(sent, source) if sent else []


def _from_our_phone(sent: Mapping[str, object], source: _Source) -> Sequence[Read]:
    """What the holder of our account wrote on their own phone, in a group or to themselves.

    Their private conversations with other people are none of our business.
    """
    edit = _part(sent, "editMessage")
    data = _part(edit, "dataMessage") if edit else sent
    to_us = source.own.wrote(sent.get("destinationUuid"), sent.get("destinationNumber"))
    if not to_us and _group(data) is None:
        return []
    return _edit(edit, source) if edit else _data(sent, source)


def _receipts(receipt: Mapping[str, object], source: _Source) -> Sequence[Read]:
    read = receipt.get("isRead") or receipt.get("isViewed")
    state = ReceiptState.READ if read else ReceiptState.DELIVERED
    stamps = receipt.get("timestamps")
    return [
        Read(Receipt(str(at), state, recipient=source.aci))
        for at in (stamps if isinstance(stamps, list) else [])
        if isinstance(at, int)
    ]


def _edit(edit: Mapping[str, object], source: _Source) -> Sequence[Read]:
    data, target = _part(edit, "dataMessage"), edit.get("targetSentTimestamp")
    at = _stamp(data)
    if at is None or not isinstance(target, int):
        return []
    text, mentions = _text(data)
    return [
        Read(
            Edited(
                key=source.reference(at),
                sender=source.aci,
                target=source.reference(target),
                text=text,
                sent_at=_time(at),
                group=_group(data),
                mentions=mentions,
            )
        )
    ]


def _data(data: Mapping[str, object], source: _Source) -> Sequence[Read]:
    at = _stamp(data)
    if at is None:
        return []
    if delete := _part(data, "remoteDelete"):
        return _deletion(delete, data, at, source)
    if reaction := _part(data, "reaction"):
        return _reaction(reaction, data, at, source)
    (text, mentions), files = _text(data), _files(data)
    if not text and not files:
        return []  # a change of group, timer or profile: groups are compared, not followed
    message = Message(
        key=source.reference(at),
        sender=source.aci,
        text=text,
        sent_at=_time(at),
        group=_group(data),
        replies_to=_quoted(data, source.own),
        sender_number=source.number,
        mentions=mentions,
    )
    return [Read(message, files)]


def _deletion(
    delete: Mapping[str, object], data: Mapping[str, object], at: int, source: _Source
) -> Sequence[Read]:
    target = delete.get("timestamp")
    if not isinstance(target, int):
        return []
    group = _group(data)
    key, target_key = source.reference(at), source.reference(target)
    return [Read(Deleted(key, source.aci, target_key, _time(at), group))]


def _reaction(
    reaction: Mapping[str, object], data: Mapping[str, object], at: int, source: _Source
) -> Sequence[Read]:
    emoji, target = reaction.get("emoji"), reaction.get("targetSentTimestamp")
    author = reaction.get("targetAuthorUuid")
    if not isinstance(emoji, str) or not isinstance(target, int):
        return []
    return [
        Read(
            Reacted(
                key=source.reference(at),
                sender=source.aci,
                target=_named(author, reaction.get("targetAuthorNumber"), target, source.own),
                emoji=emoji,
                sent_at=_time(at),
                group=_group(data),
                removed=reaction.get("isRemove") is True,
            )
        )
    ]


def _quoted(data: Mapping[str, object], own: Own) -> str | None:
    quote = _part(data, "quote")
    at = quote.get("id")
    if not isinstance(at, int):
        return None
    return _named(quote.get("authorUuid"), quote.get("authorNumber"), at, own)


def _named(aci: object, number: object, at: int, own: Own) -> str:
    return str(at) if own.wrote(aci, number) else f"{aci}:{at}"


def _part(whole: Mapping[str, object], name: str) -> Mapping[str, object]:
    part = whole.get(name)
    return part if isinstance(part, Mapping) else {}


def _stamp(data: Mapping[str, object]) -> int | None:
    at = data.get("timestamp")
    return at if isinstance(at, int) and 0 < at < _LAST_MS else None


def _time(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)


def _group(data: Mapping[str, object]) -> str | None:
    group = _part(data, "groupInfo").get("groupId")
    return group if isinstance(group, str) else None


def _text(data: Mapping[str, object]) -> tuple[str, tuple[Mention, ...]]:
    """The words, in which each mention stands as « @membre », and whom each one means.

    signal-cli gives a name that the person chose, or their number: neither travels.
    """
    raw = data.get("message")
    units = (raw if isinstance(raw, str) else "").encode("utf-16-le", "surrogatepass")
    text, mentions, begun = "", [], 0
    for start, length, who in _spans(data, len(units) // 2):
        if start < begun:
            continue  # one within another
        text += _decoded(units[2 * begun : 2 * start])
        if who:
            mentions.append(Mention(len(text), len(_MEMBER), who))
        text += _MEMBER
        begun = start + length
    return text + _decoded(units[2 * begun :]), tuple(mentions)


def _spans(data: Mapping[str, object], longest: int) -> Sequence[tuple[int, int, str]]:
    """In units of UTF-16, as Signal counts; those that lie in the text, in their order."""
    found = []
    mentions = data.get("mentions")
    for one in mentions if isinstance(mentions, list) else []:
        if not isinstance(one, Mapping):
            continue
        start, length, who = one.get("start"), one.get("length", 1), one.get("uuid")
        if isinstance(start, int) and isinstance(length, int) and 0 <= start < start + length:
            found.append((start, length, who if isinstance(who, str) else ""))
    return sorted(span for span in found if span[0] + span[1] <= longest)


def _decoded(units: bytes) -> str:
    """What is left of a mention that nobody explained is somebody all the same."""
    return units.decode("utf-16-le", "replace").replace(_MENTION, _MEMBER)


def _files(data: Mapping[str, object]) -> tuple[File, ...]:
    files = data.get("attachments")
    return tuple(
        File(
            id=str(file["id"]),
            content_type=str(file.get("contentType") or "application/octet-stream"),
            filename=str(file.get("filename") or ""),
            size=size if isinstance(size := file.get("size"), int) else 0,
        )
        for file in (files if isinstance(files, list) else [])
        if isinstance(file, Mapping) and file.get("id")
    )
