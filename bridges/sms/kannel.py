"""Kannel's sendsms over HTTP: one POST a message, our own id in the callback's address."""

import re
from collections.abc import Mapping
from urllib.parse import quote

import aiohttp

from bridges.protocol import Accepted, Outcome, Receipt, ReceiptState, Rejected, Throttled, Unknown
from bridges.sms.segments import Encoding, Sms
from bridges.sms.settings import SmsSettings

_MASK = 1 + 2 + 16  # delivered, failed, refused by the SMSC: the final states
_STATES: Mapping[str, tuple[ReceiptState, str]] = {
    "1": (ReceiptState.DELIVERED, ""),
    "2": (ReceiptState.FAILED, "undelivered"),
    "16": (ReceiptState.FAILED, "smsc_rejected"),
}
_CODING = {Encoding.GSM7: "0", Encoding.UCS2: "2"}
# Nothing of the request has left when these are raised.
_NOT_WRITTEN = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Kannel:
    """The transport: submits, and reads delivery reports."""

    def __init__(self, settings: SmsSettings, callback: str) -> None:
        self._settings = settings
        self._callback = callback
        self._http: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Makes the pool of connections; connects to nothing yet."""
        limit = aiohttp.ClientTimeout(total=self._settings.timeout, connect=5)
        # A kept connection that Kannel closes meanwhile would look like a lost answer.
        connector = aiohttp.TCPConnector(force_close=True)
        self._http = aiohttp.ClientSession(timeout=limit, connector=connector)

    async def close(self) -> None:
        """Closes the pool."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def submit(self, number: str, sms: Sms, message_id: str) -> Outcome:
        """Submits once; `message_id` comes back with the delivery report."""
        if self._http is None:
            return Throttled(self._settings.throttle, "not_started")
        headers = self._headers(number, sms, message_id)
        body = sms.text.encode()
        try:
            async with self._http.post(self._settings.url, data=body, headers=headers) as answer:
                return self._read(answer.status, await answer.text(), message_id, sms)
        except _NOT_WRITTEN:
            return Throttled(self._settings.throttle, "gateway_down")
        except (aiohttp.ClientError, TimeoutError, OSError):
            return Unknown("no_answer")

    def _headers(self, number: str, sms: Sms, message_id: str) -> dict[str, str]:
        """Password and number travel in headers: addresses end up in logs."""
        report = f"{self._callback}/dlr?id={quote(message_id)}&state=%d&at=%T"
        return {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-Kannel-Username": self._settings.username,
            "X-Kannel-Password": self._settings.password,
            "X-Kannel-From": self._settings.sender,
            "X-Kannel-To": number,
            "X-Kannel-Coding": _CODING[sms.encoding],
            "X-Kannel-Validity": str(self._settings.validity_minutes),
            "X-Kannel-DLR-Mask": str(_MASK),
            "X-Kannel-DLR-Url": report,
        }

    def _read(self, status: int, text: str, message_id: str, sms: Sms) -> Outcome:
        """Kannel says `0: Accepted for delivery` or `3: Queued for later delivery`, with 202."""
        if status == 202 and text.startswith(("0:", "3:")):
            return Accepted(message_id, detail=sms.detail)
        if status in (429, 503):
            return Throttled(self._settings.throttle)
        if status in (401, 403):
            # Wrong credentials: somebody mends the configuration, the message waits.
            return Throttled(self._settings.throttle, "gateway_refuses_us")
        if 400 <= status < 500:
            return Rejected(f"gateway_{status}")
        return Unknown(f"gateway_{status}")

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


def read_report(fields: Mapping[str, str]) -> Receipt | None:
    """A delivery report; None for the states on the way (buffered, submitted)."""
    message_id, state = fields.get("id", ""), fields.get("state", "")
    if state not in _STATES or not _ID.fullmatch(message_id):
        return None
    meaning, code = _STATES[state]
    return Receipt(message_id, meaning, code=code)
