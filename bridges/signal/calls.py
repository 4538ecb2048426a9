"""Outgoing messages as signal-cli calls; every parameter is checked before it is sent."""

import base64
import binascii
import re
from collections.abc import Mapping

from bridges.protocol import Action, Attachment, Mention, Outgoing
from bridges.signal.errors import InvalidCall

Params = dict[str, object]

GROUP_ID_BYTES = 32  # a legacy group has 16: it has no permissions, so we never use one
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_CONTENT_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+", re.I)
_LAST_TIMESTAMP = 2**53


def group_id(text: str) -> str:
    """The id of a group of today's kind. Raises InvalidCall."""
    try:
        size = len(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if size != GROUP_ID_BYTES:
        raise InvalidCall("invalid_group")
    return text


def person(text: str) -> str:
    """An ACI or an E.164 number. Raises InvalidCall."""
    if not (_UUID.fullmatch(text) or _E164.fullmatch(text)):
        raise InvalidCall("invalid_recipient")
    return text


def timestamp(reference: str | None) -> int:
    """The timestamp in `author:timestamp`, or in our own bare one. Raises InvalidCall."""
    digits = (reference or "").rpartition(":")[2]
    if not (digits.isascii() and digits.isdecimal()) or not 0 < int(digits) < _LAST_TIMESTAMP:
        raise InvalidCall("invalid_reference")
    return int(digits)


def author(reference: str, account: str) -> str:
    """Who wrote the message of that reference. Raises InvalidCall."""
    name = reference.rpartition(":")[0]
    return person(name) if name else account


def data_uri(attachment: Attachment) -> str:
    """An attachment in the form that needs no shared disk (RFC 2397 with a file name)."""
    if not _CONTENT_TYPE.fullmatch(attachment.content_type) or not attachment.data:
        raise InvalidCall("invalid_attachment")
    name = re.sub(r"[^A-Za-z0-9._-]", "_", attachment.filename)[:80]
    filename = f";filename={name}" if name else ""
    body = base64.b64encode(attachment.data).decode("ascii")
    return f"data:{attachment.content_type.lower()}{filename};base64,{body}"


def call_for(message: Outgoing, account: str) -> tuple[str, Mapping[str, object]]:
    """The method and its parameters. Raises InvalidCall."""
    to: Params = (
        {"groupId": group_id(message.target)}
        if message.to_group
        else {"recipient": [person(message.target)]}
    )
    match message.action:
        case Action.POST:
            return "send", to | _content(message, account)
        case Action.EDIT:
            edited: Params = {"editTimestamp": timestamp(message.acts_on)}
            return "send", to | _content(message, account) | edited
        case Action.DELETE:
            return "remoteDelete", to | {"targetTimestamp": timestamp(message.acts_on)}
        case Action.REACT:
            return "sendReaction", to | _reaction(message, account)


def _content(message: Outgoing, account: str) -> Params:
    if not message.text and not message.attachments:
        raise InvalidCall("empty")
    content: Params = {"message": message.text}
    if message.attachments:
        content["attachment"] = [data_uri(attachment) for attachment in message.attachments]
    if message.mentions:
        content["mention"] = [_mention(message.text, mention) for mention in message.mentions]
    if message.replies_to is not None:
        content["quoteTimestamp"] = timestamp(message.replies_to)
        content["quoteAuthor"] = author(message.replies_to, account)
    return content


def _mention(text: str, mention: Mention) -> str:
    """`start:length:who`, counted in units of UTF-16."""
    start = _units(text[: mention.start])
    length = _units(text[mention.start : mention.start + mention.length])
    if not length:
        raise InvalidCall("invalid_mention")
    return f"{start}:{length}:{person(mention.who)}"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _reaction(message: Outgoing, account: str) -> Params:
    if not message.text or len(message.text) > 16:
        raise InvalidCall("invalid_emoji")
    return {
        "emoji": message.text,
        "targetAuthor": author(message.acts_on or "", account),
        "targetTimestamp": timestamp(message.acts_on),
    }
