"""What was received, whole: its files fetched, a long text put together again."""

import asyncio
import base64
import binascii
import logging
from collections.abc import Callable
from dataclasses import replace

from bridges.protocol import Attachment, Inbound, Message
from bridges.signal.client import SignalClient
from bridges.signal.codec import Received
from bridges.signal.envelope import LONG_TEXT, File, Own, Read, read_envelope
from bridges.signal.errors import CallRefused, SignalDown, read_refusal
from bridges.signal.settings import SignalSettings
from bridges.signal.troubles import Troubles

log = logging.getLogger(__name__)

_FETCH_TRIES = 5
_UNTRUSTED = "UntrustedIdentityException"


class Incoming:
    """Reads one event after the other; files come by the connection for calls."""

    def __init__(
        self,
        settings: SignalSettings,
        client: SignalClient,
        own: Callable[[], Own],
        troubles: Troubles,
    ) -> None:
        self._settings = settings
        self._client = client
        self._own = own
        self._troubles = troubles

    async def understand(self, received: Received) -> list[Inbound]:
        """Everything that the event says to us."""
        who = str(received.envelope.get("sourceUuid"))
        if received.exception is not None:
            self._unreadable(received.exception, who)
            return []
        self._troubles.over(who)
        return [await self._complete(r) for r in read_envelope(received.envelope, self._own())]

    def _unreadable(self, kind: str, who: str) -> None:
        """A message that we may never see: at least somebody is told."""
        log.warning("a Signal message could not be decrypted: %s", kind)
        if kind == _UNTRUSTED:
            self._troubles.noted(who, read_refusal(CallRefused(-4)))

    async def _complete(self, read: Read) -> Inbound:
        thing = read.thing
        if not isinstance(thing, Message) or not read.files:
            return thing
        files, text = [], thing.text
        for file in read.files:
            data = await self._fetch(file, thing)
            if file.content_type == LONG_TEXT:
                text = _whole(text, data)
            else:
                files.append(Attachment(file.content_type, data, file.filename))
        return replace(thing, text=text, attachments=tuple(files))

    async def _fetch(self, file: File, message: Message) -> bytes:
        """The file's bytes; empty when it is too big or can't be had any more."""
        if file.size > self._settings.max_attachment:
            return b""
        place = {"groupId": message.group} if message.group else {"recipient": message.sender}
        wait = self._settings.retry_first
        for _ in range(_FETCH_TRIES):
            try:
                return _bytes(await self._client.call("getAttachment", {"id": file.id, **place}))
            except SignalDown:
                await asyncio.sleep(wait)
                wait *= 2
            except CallRefused as error:
                log.warning("a Signal attachment could not be fetched: %d", error.code)
                break
        return b""


def _bytes(answer: object) -> bytes:
    data = answer.get("data") if isinstance(answer, dict) else None
    try:
        return base64.b64decode(data, validate=True) if isinstance(data, str) else b""
    except binascii.Error:
        return b""


def _whole(beginning: str, rest: bytes) -> str:
    text = rest.decode("utf-8", errors="replace")
    return text if text.startswith(beginning) or not text else beginning + text
