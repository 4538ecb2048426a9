"""The Signal channel: sends, receives and looks after itself, through signal-cli."""

import asyncio
import base64
import binascii
import contextlib
import logging
from dataclasses import replace

from bridges.protocol import (
    Abilities,
    Attachment,
    Health,
    Inbound,
    Message,
    Outcome,
    Outgoing,
    Rejected,
    Sink,
    Throttled,
    Unknown,
)
from bridges.signal.calls import call_for
from bridges.signal.client import SignalClient
from bridges.signal.codec import Received
from bridges.signal.envelope import LONG_TEXT, File, Own, Read, read_envelope
from bridges.signal.errors import (
    CallRefused,
    InvalidCall,
    Meaning,
    NoAnswer,
    NotSent,
    Reading,
    SignalDown,
    SignalFailure,
    read_refusal,
)
from bridges.signal.groups import SignalGroups
from bridges.signal.inbox import Inbox
from bridges.signal.outcome import outcome_of, read_answer
from bridges.signal.settings import SignalSettings

log = logging.getLogger(__name__)

_DOWN = Health(ok=False, code="signal_down", advice="signal-cli ne répond pas : Signal attend.")
_RETRY_AFTER = 5.0
_FETCH_TRIES = 5
_DRAIN = 5.0


class SignalBridge(SignalGroups):
    """One Signal account as a channel; implements `Bridge` and `Groups`."""

    abilities = Abilities(
        edits=True, deletes=True, reactions=True, groups=True, attachments=True, receipts=True
    )

    def __init__(self, settings: SignalSettings) -> None:
        self.name = settings.name
        self._settings = settings
        self._inbox = Inbox(
            self._understand,
            self._hold,
            limit=settings.backlog,
            retry_first=settings.retry_first,
            retry_last=settings.retry_last,
        )
        client = SignalClient(settings, self._inbox.put, self._subscribe)
        super().__init__(client, Own(settings.account, settings.aci))
        self._subscription: int | None = None
        self._needs: dict[str, Reading] = {}  # who or what needs a human: shown by health()

    async def start(self, sink: Sink) -> None:
        self._inbox.start(sink)
        await self._client.start()

    async def stop(self) -> None:
        with contextlib.suppress(SignalFailure):
            await self._unsubscribe()
        await self._inbox.stop(_DRAIN)
        await self._client.stop()

    @property
    def connected(self) -> bool:
        """Whether a call would be written now."""
        return self._client.ready

    async def send(self, message: Outgoing) -> Outcome:
        try:
            method, params = call_for(message, self._settings.account)
            answer = await self._client.call(method, params)
        except InvalidCall as error:
            return Rejected(error.code)
        except NotSent:
            return Throttled(_RETRY_AFTER, "signal_down")
        except NoAnswer:
            return Unknown("no_answer")
        except CallRefused as error:
            return self._failed(message, read_refusal(error))
        read = read_answer(answer)
        if isinstance(read, Reading):
            return self._failed(message, read)
        self._needs.pop(message.target, None)
        return read

    async def health(self) -> Health:
        try:
            await self._client.call("version", {})
        except SignalFailure:
            return _DOWN
        for need in self._needs.values():
            return Health(ok=False, code=need.code, advice=need.advice)
        return Health(ok=True)

    def _failed(self, message: Outgoing, reading: Reading) -> Outcome:
        if reading.meaning is Meaning.HUMAN:
            self._needs[message.target] = reading
        return outcome_of(reading)

    async def _subscribe(self) -> None:
        """Asks for what waits at Signal, unless we can't take it now."""
        self._subscription = None
        if self._inbox.holding or not self._settings.receives:
            return
        answer = await self._client.call("subscribeReceive", {})
        self._subscription = answer if isinstance(answer, int) else None

    async def _unsubscribe(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            await self._client.call("unsubscribeReceive", {"subscription": subscription})

    async def _hold(self, hold: bool) -> None:
        try:
            await (self._unsubscribe() if hold else self._subscribe())
        except SignalFailure as error:
            # The next connection subscribes, or not, according to `holding`.
            log.warning("Signal could not be asked to wait: %s", type(error).__name__)

    async def _understand(self, received: Received) -> list[Inbound]:
        if received.exception is not None:
            self._unreadable(received)
            return []
        self._needs.pop(str(received.envelope.get("sourceUuid")), None)
        return [await self._complete(r) for r in read_envelope(received.envelope, self._own)]

    def _unreadable(self, received: Received) -> None:
        """A message we will never see: at least somebody is told."""
        log.warning("a Signal message could not be decrypted: %s", received.exception)
        refused = CallRefused(-4 if received.exception == "UntrustedIdentityException" else 0)
        reading = read_refusal(refused)
        if reading.meaning is Meaning.HUMAN:
            self._needs[str(received.envelope.get("sourceUuid"))] = reading

    async def _complete(self, read: Read) -> Inbound:
        """Adds the files, and the whole of a text too long for one message."""
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
                answer = await self._client.call("getAttachment", {"id": file.id, **place})
                return _bytes(answer)
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
