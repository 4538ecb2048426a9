"""JSON-RPC 2.0 in lines, as signal-cli speaks it: bytes in, things said out; no I/O."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

MAX_LINE = 32 * 1024 * 1024
"""Bytes; an attachment travels in one line, as base64."""


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to one of our calls."""

    id: str
    value: object


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error answer. `id` is None when signal-cli could not read which call it was."""

    id: str | None
    code: int
    message: str
    data: object = None


@dataclass(frozen=True, slots=True)
class Received:
    """Something reached the account: an envelope, or the reason why it could not be read."""

    envelope: Mapping[str, object]
    account: str | None = None
    exception: str | None = None  # its type only
    subscription: int | None = None


@dataclass(frozen=True, slots=True)
class Garbage:
    """A line that says nothing we know; `reason` holds no content."""

    reason: str


Said = Result | Refusal | Received | Garbage


def encode(call_id: str, method: str, params: Mapping[str, object]) -> bytes:
    """One request as a line."""
    request = {"jsonrpc": "2.0", "method": method, "id": call_id, "params": params}
    return json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class LineDecoder:
    """Cuts a stream into lines and reads each; a bad line never stops the next."""

    def __init__(self, max_line: int = MAX_LINE) -> None:
        self._max = max_line
        self._rest = bytearray()
        self._skipping = False  # inside a line that is too long

    def feed(self, data: bytes) -> list[Said]:
        """What the bytes complete."""
        said: list[Said] = []
        *lines, rest = data.split(b"\n")
        for line in lines:
            said.extend(self._end_of_line(line))
        self._add(rest)
        return said

    def _add(self, piece: bytes) -> None:
        if not self._skipping:
            self._rest += piece
            if len(self._rest) > self._max:
                self._rest.clear()
                self._skipping = True

    def _end_of_line(self, piece: bytes) -> list[Said]:
        self._add(piece)
        if self._skipping:
            self._skipping = False
            return [Garbage("line_too_long")]
        line = bytes(self._rest).strip()
        self._rest.clear()
        return [decode(line)] if line else []


def decode(line: bytes) -> Said:
    """Reads one line; fields we don't know are left alone."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return Garbage("not_json")
    if not isinstance(said, dict):
        return Garbage("not_an_object")
    if said.get("method") is not None:
        return _notification(said)
    if "error" in said and said["error"] is not None:
        return _refusal(said)
    if "result" in said and isinstance(said.get("id"), str | int):
        return Result(str(said["id"]), said["result"])
    return Garbage("neither_answer_nor_event")


def _refusal(said: Mapping[str, object]) -> Said:
    error, call_id = said["error"], said.get("id")
    if not isinstance(error, dict):
        return Garbage("error_not_an_object")
    code = error.get("code")
    return Refusal(
        id=str(call_id) if isinstance(call_id, str | int) else None,
        code=code if isinstance(code, int) else 0,
        message=str(error.get("message", "")),
        data=error.get("data"),
    )


def _notification(said: Mapping[str, object]) -> Said:
    params = said.get("params")
    if said["method"] != "receive" or not isinstance(params, dict):
        return Garbage("unknown_notification")
    subscription = params.get("subscription")
    # With subscribeReceive the event is wrapped; with the automatic modes it is not.
    event = params.get("result") if "subscription" in params else params
    envelope = event.get("envelope") if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(envelope, dict):
        return Garbage("event_without_envelope")
    account, exception = event.get("account"), event.get("exception")
    return Received(
        envelope=envelope,
        account=account if isinstance(account, str) else None,
        exception=_kind(exception),
        subscription=subscription if isinstance(subscription, int) else None,
    )


def _kind(exception: object) -> str | None:
    if not exception:
        return None
    kind = exception.get("type") if isinstance(exception, dict) else None
    return kind if isinstance(kind, str) else "exception"
