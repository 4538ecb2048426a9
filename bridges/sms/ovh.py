"""OVHcloud's SMS API: one job a message, our id as its tag; receipts and answers are asked for.

Nobody calls us, so the service needs no address of its own. What was read is deleted over
there: texts and numbers stay no longer than they must.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import aiohttp

from bridges.protocol import (
    Accepted,
    Message,
    Outcome,
    Receipt,
    ReceiptState,
    Rejected,
    Sink,
    Throttled,
    Unknown,
)
from bridges.sms.numbers import e164
from bridges.sms.ovh_api import Answer, OvhApi
from bridges.sms.polling import Polling
from bridges.sms.segments import Encoding, Sms
from bridges.sms.settings import OvhSettings
from bridges.sms.transport import LATER, NOT_WRITTEN, Submission

_CODING = {Encoding.GSM7: "7bit", Encoding.UCS2: "8bit"}
_TAG = re.compile(r"[0-9a-f]{20}")
_FORGOTTEN = timedelta(days=2)  # how far back receipts are looked for
_LOST = (aiohttp.ClientError, TimeoutError, OSError)


class OvhSms:
    """The transport of one SMS account; implements `Transport`."""

    def __init__(self, settings: OvhSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._path = f"/sms/{settings.service}"
        self._api: OvhApi | None = None
        self._sink: Sink | None = None
        self._polling = Polling(self._look, settings.poll)
        self._looked: dict[int, None] = {}  # messages without a receipt, last looked at last

    async def open(self, sink: Sink) -> None:
        self._api, self._sink = OvhApi(self._settings, self._now), sink
        self._polling.start()

    async def close(self) -> None:
        await self._polling.stop()
        if self._api is not None:
            await self._api.close()
            self._api = None

    def wording(self, sms: Sms) -> str:
        return sms.text

    async def submit(self, submission: Submission) -> Outcome:
        if self._api is None:
            return Throttled(LATER, "not_started")
        try:
            await self._api.agree_on_time()
        except (*_LOST, ValueError):
            return Throttled(LATER, "gateway_down")
        try:
            answer = await self._api.post(f"{self._path}/jobs", self._job(submission))
        except NOT_WRITTEN:
            return Throttled(LATER, "gateway_down")
        except _LOST:
            return Unknown("no_answer")
        return _read(answer, submission)

    def _job(self, submission: Submission) -> dict[str, object]:
        """Not an advertisement: no STOP clause, which would also hold it back at night."""
        settings, sms = self._settings, submission.sms
        validity = submission.validity(self._now(), settings.validity_minutes)
        job: dict[str, object] = {
            "charset": "UTF-8",
            "class": "phoneDisplay",
            "coding": _CODING[sms.encoding],
            "message": sms.text,
            "noStopClause": True,
            "priority": "high",
            "receivers": [submission.number],
            "tag": submission.id,
            "validityPeriod": validity,
        }
        return job | (
            {"senderForResponse": True} if settings.replies else {"sender": settings.sender}
        )

    async def alive(self) -> bool:
        """Whether the account answers to our keys."""
        if self._api is None:
            return False
        try:
            status, _ = await self._api.get(self._path)
        except (*_LOST, ValueError):
            return False
        return status == 200

    async def _look(self) -> None:
        if self._api is not None and self._sink is not None:
            await self._receipts(self._api, self._sink)
            await self._answers(self._api, self._sink)

    async def _receipts(self, api: OvhApi, sink: Sink) -> None:
        """A batch at a time, those that were not looked at for longest first."""
        since = (self._now() - _FORGOTTEN).astimezone(UTC).isoformat(timespec="seconds")
        there = _ids(await api.get(f"{self._path}/outgoing", **{"creationDatetime.from": since}))
        known = [number for number in self._looked if number in there]
        fresh = [number for number in there if number not in self._looked]
        self._looked = dict.fromkeys([*fresh, *known])
        for number in list(self._looked)[: self._settings.batch]:
            self._looked.pop(number)
            self._looked[number] = None
            path = f"{self._path}/outgoing/{number}"
            receipt = await self._receipt(api, await api.get(path))
            if receipt is not None:
                await sink(receipt)
                await api.delete(path)
                self._looked.pop(number)

    async def _receipt(self, api: OvhApi, answer: Answer) -> Receipt | None:
        """None while it is on its way, and for what somebody else sent from this account."""
        sent = _object(answer)
        tag = str(sent.get("tag") or "")
        if not _TAG.fullmatch(tag):
            return None
        if sent.get("deliveredAt"):
            return Receipt(tag, ReceiptState.DELIVERED)
        code = sent.get("ptt")
        if not code:
            return None
        # Their table says which codes are final.
        meaning = _object(await api.get("/sms/ptts", ptt=str(code)))
        if meaning.get("duration") != "permanent":
            return None
        return Receipt(tag, ReceiptState.FAILED, code=f"ptt_{code}")

    async def _answers(self, api: OvhApi, sink: Sink) -> None:
        for number in _ids(await api.get(f"{self._path}/incoming")):
            path = f"{self._path}/incoming/{number}"
            message = self._message(number, _object(await api.get(path)))
            if message is not None:
                await sink(message)
                await api.delete(path)

    def _message(self, number: int, said: Mapping[str, object]) -> Message | None:
        sender = str(said.get("sender") or "")
        if not sender:
            return None
        phone = e164(sender, self._settings.region)
        text, at = str(said.get("message") or ""), str(said.get("creationDatetime") or "")
        return Message(f"ovh-{number}", phone or sender, text, self._time(at), sender_number=phone)

    def _time(self, at: str) -> datetime:
        try:
            told = datetime.fromisoformat(at)
        except ValueError:
            return self._now()
        return told if told.tzinfo else told.replace(tzinfo=UTC)


def _read(answer: Answer, submission: Submission) -> Outcome:
    status, _ = answer
    if status == 429:
        return Throttled(LATER)
    if status in (401, 402, 403, 404):
        # Keys, rights, credit or the account's name: somebody mends it, the message waits.
        return Throttled(LATER, "gateway_refuses_us")
    if 400 <= status < 500:
        return Rejected(f"gateway_{status}")
    report = _object(answer)
    if status == 200 and report.get("invalidReceivers"):
        return Rejected("invalid_number")
    if status == 200 and report.get("ids"):
        return Accepted(submission.id)
    return Unknown(f"gateway_{status}")


def _ids(answer: Answer) -> Sequence[int]:
    status, said = answer
    if status != 200 or not isinstance(said, list):
        raise ConnectionError(f"OVHcloud answers {status}")
    return sorted(number for number in said if isinstance(number, int))


def _object(answer: Answer) -> Mapping[str, object]:
    status, said = answer
    return said if status == 200 and isinstance(said, dict) else {}
