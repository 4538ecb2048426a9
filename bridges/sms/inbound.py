"""An SMS that somebody sent, as Kannel's `get-url` tells it."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes

from bridges.protocol import Message
from bridges.sms.numbers import e164

GET_URL = "from=%p&to=%P&text=%b&coding=%c&charset=%C&at=%T&id=%I"
"""The query that Kannel's `sms-service` must use after `/mo?`."""

Clock = Callable[[], datetime]


def raw_fields(query: str) -> dict[str, bytes]:
    """The fields before any decoding: with `%b` the text is bytes of the SMS's own alphabet."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return {name: unquote_to_bytes(value.replace("+", "%20")) for name, _, value in pairs}


def read_message(query: str, region: str, now: Clock) -> Message | None:
    """The message; None when the fields make none. Loses no letter that Kannel gave."""
    fields = raw_fields(query)
    sender = fields.get("from", b"").decode("utf-8", "replace").strip()
    if not sender or "text" not in fields:
        return None
    # An unescaped `+` of an international number has become a space.
    number = e164(sender, region) or e164(f"+{sender}", region)
    return Message(
        key=_key(fields),
        sender=number or sender,
        text=_text(fields),
        sent_at=_time(fields, now),
        sender_number=number,
    )


def _text(fields: Mapping[str, bytes]) -> str:
    charset = fields.get("charset", b"").decode("ascii", "replace") or "UTF-8"
    if fields.get("coding") == b"2" and charset.upper() in ("UTF-16", "UCS-2", "UTF-16BE"):
        charset = "UTF-16BE"
    try:
        return fields["text"].decode(charset)
    except (LookupError, UnicodeDecodeError):
        return fields["text"].decode("utf-8", "replace")


def _key(fields: Mapping[str, bytes]) -> str:
    """Kannel's id; it is the same when Kannel calls again."""
    if fields.get("id"):
        return fields["id"].decode("ascii", "replace")
    said = b"\0".join(fields.get(name, b"") for name in ("from", "at", "text"))
    return hashlib.sha256(said).hexdigest()[:32]


def _time(fields: Mapping[str, bytes], now: Clock) -> datetime:
    at = fields.get("at", b"")
    return datetime.fromtimestamp(int(at), UTC) if at.isdigit() and len(at) <= 11 else now()
