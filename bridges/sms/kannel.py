"""Kannel's sendsms over HTTP: one POST a message, our own id in the callback's address."""

from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote

import aiohttp

from bridges.protocol import Accepted, Outcome, Rejected, Sink, Throttled, Unknown
from bridges.sms.segments import Encoding, Sms
from bridges.sms.server import CallbackServer
from bridges.sms.settings import KannelSettings
from bridges.sms.transport import LATER, NOT_WRITTEN, Submission

_MASK = 1 + 2 + 16  # delivered, failed, refused by the SMSC: the final states
_CODING = {Encoding.GSM7: "0", Encoding.UCS2: "2"}


class Kannel:
    """The default transport: submits, and is called back. Implements `Transport`."""

    def __init__(self, settings: KannelSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._server = CallbackServer(
            settings.host, settings.port, settings.secret, settings.region, now
        )
        self._http: aiohttp.ClientSession | None = None

    @property
    def callback(self) -> str:
        """Where Kannel must send inbound SMS: this, `/mo?` and `inbound.GET_URL`."""
        base = self._settings.callback or self._server.address
        return f"{base.rstrip('/')}/{self._settings.secret}"

    async def open(self, sink: Sink) -> None:
        await self._server.start(sink)
        limit = aiohttp.ClientTimeout(total=self._settings.timeout, connect=5)
        # A kept connection that Kannel closes meanwhile would look like a lost answer.
        connector = aiohttp.TCPConnector(force_close=True)
        self._http = aiohttp.ClientSession(timeout=limit, connector=connector)

    async def close(self) -> None:
        await self._server.stop()
        if self._http is not None:
            await self._http.close()
            self._http = None

    def wording(self, sms: Sms) -> str:
        return sms.padded  # it cuts long texts itself, and knows escapes but not surrogate pairs

    async def submit(self, submission: Submission) -> Outcome:
        """`submission.id` comes back with the delivery report."""
        if self._http is None:
            return Throttled(LATER, "not_started")
        body, headers = self.wording(submission.sms).encode(), self._headers(submission)
        try:
            async with self._http.post(self._settings.url, data=body, headers=headers) as answer:
                return _read(answer.status, await answer.read(), submission.id)
        except NOT_WRITTEN:
            return Throttled(LATER, "gateway_down")
        except (aiohttp.ClientError, TimeoutError, OSError):
            return Unknown("no_answer")

    def _headers(self, submission: Submission) -> dict[str, str]:
        """Password and number travel in headers: addresses end up in logs."""
        report = f"{self.callback}/dlr?id={quote(submission.id)}&state=%d&at=%T"
        validity = submission.validity(self._now(), self._settings.validity_minutes)
        return {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-Kannel-Username": self._settings.username,
            "X-Kannel-Password": self._settings.password,
            "X-Kannel-From": self._settings.sender,
            "X-Kannel-To": submission.number,
            "X-Kannel-Coding": _CODING[submission.sms.encoding],
            "X-Kannel-Validity": str(validity),
            "X-Kannel-DLR-Mask": str(_MASK),
            "X-Kannel-DLR-Url": report,
        }

    async def alive(self) -> bool:
        """Whether somebody answers there; a refusal of an empty request is an answer."""
        if self._http is None:
            return False
        url = self._settings.check_url or self._settings.url
        try:
            async with self._http.get(url) as answer:
                return answer.status < 500
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False


def _read(status: int, said: bytes, message_id: str) -> Outcome:
    """Kannel says `0: Accepted for delivery` or `3: Queued for later delivery`, with 202."""
    if status == 202 and said.startswith((b"0:", b"3:")):
        return Accepted(message_id)
    if status in (429, 503):
        return Throttled(LATER)
    if status in (401, 403):
        # Wrong credentials: somebody mends the configuration, the message waits.
        return Throttled(LATER, "gateway_refuses_us")
    if 400 <= status < 500:
        return Rejected(f"gateway_{status}")
    return Unknown(f"gateway_{status}")
