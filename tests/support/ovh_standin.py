"""OVHcloud's SMS API as its public documentation describes it: a contract, never seen live."""

import asyncio
import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web
from aiohttp.typedefs import Handler

LOOPBACK = "127.0.0.1"
SERVICE = "sms-ma12345-1"
APPLICATION, SECRET, CONSUMER = "application", "secret of the application", "consumer"
AHEAD = 1000  # seconds that its clock is ahead of everybody's
TOLERANCE = 120
FINAL = {"21": "permanent", "31": "temporary"}


@dataclass(slots=True)
class Sent:
    """One row of /outgoing."""

    id: int
    receiver: str
    message: str
    sender: str
    tag: str
    coding: str
    at: datetime
    ptt: int = 1
    delivered: bool = True

    def as_json(self) -> dict[str, object]:
        row: dict[str, object] = {
            "id": self.id, "receiver": self.receiver, "message": self.message,
            "sender": self.sender, "tag": self.tag, "creationDatetime": self.at.isoformat(),
            "credits": 1.0, "deliveryReceipt": int(self.delivered), "differedDelivery": 0,
            "messageLength": len(self.message), "numberOfSms": 1, "ptt": self.ptt,
        }  # fmt: skip
        return row | ({"deliveredAt": self.at.isoformat()} if self.delivered else {})


@dataclass(slots=True)
class Faults:
    """What goes wrong next."""

    throttled: bool = False
    silent: bool = False  # takes the job and never answers
    status: int = 0  # of every answer, when it is not 0
    ptt: int = 0  # of what is sent from now on: not delivered, and why
    unreachable: set[str] = field(default_factory=set)


class OvhStandIn:
    """One account: `sent` is its history, `phones` what phones got, `incoming` their answers."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.port = 0
        self.faults = Faults()
        self.sent: dict[int, Sent] = {}
        self.phones: list[Sent] = []
        self.jobs: list[dict[str, object]] = []
        self.incoming: dict[int, dict[str, object]] = {}
        self.asked: list[str] = []
        self._clock = clock
        self._ids = itertools.count(1)
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}/1.0"

    async def start(self) -> None:
        app = web.Application(middlewares=[self._guard])
        sms = f"/1.0/sms/{SERVICE}"
        app.router.add_get("/1.0/auth/time", self._time)
        app.router.add_get("/1.0/sms/ptts", self._ptts)
        app.router.add_get(sms, self._account)
        app.router.add_post(f"{sms}/jobs", self._jobs)
        for kind in ("outgoing", "incoming"):
            app.router.add_get(f"{sms}/{kind}", self._list)
            app.router.add_get(f"{sms}/{kind}/{{id}}", self._one)
            app.router.add_delete(f"{sms}/{kind}/{{id}}", self._forget)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def say(self, number: str, text: str) -> None:
        """A phone answers."""
        id, at = next(self._ids), self._clock().isoformat()
        self.incoming[id] = {
            "id": id, "sender": number, "message": text, "creationDatetime": at,
            "credits": 0.0, "tag": "",
        }  # fmt: skip

    def _now(self) -> int:
        return int(self._clock().timestamp()) + AHEAD

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/1.0/auth/time":
            return await handler(request)
        self.asked.append(f"{request.method} {request.path}")
        refusal = await self._refusal(request)
        if refusal:
            return web.json_response({"message": refusal, "errorCode": refusal}, status=403)
        if self.faults.status:
            return web.json_response({"message": "no"}, status=self.faults.status)
        return await handler(request)

    async def _refusal(self, request: web.Request) -> str:
        """The signature is made again here, from the words of the documentation."""
        headers = request.headers
        if headers.get("X-Ovh-Application") != APPLICATION:
            return "INVALID_KEY"
        if headers.get("X-Ovh-Consumer") != CONSUMER:
            return "INVALID_CREDENTIAL"
        stamp = headers.get("X-Ovh-Timestamp", "0")
        if abs(int(stamp) - self._now()) > TOLERANCE:
            return "QUERY_TIME_OUT"
        url = f"http://{LOOPBACK}:{self.port}{request.raw_path}"
        parts = (SECRET, CONSUMER, request.method, url, (await request.read()).decode(), stamp)
        wanted = hashlib.sha1("+".join(parts).encode()).hexdigest()
        right = headers.get("X-Ovh-Signature") == f"$1${wanted}"
        return "" if right else "INVALID_SIGNATURE"

    async def _time(self, _: web.Request) -> web.Response:
        return web.json_response(self._now())

    async def _account(self, _: web.Request) -> web.Response:
        return web.json_response({"name": SERVICE, "status": "enable", "creditsLeft": 100.0})

    async def _ptts(self, request: web.Request) -> web.Response:
        code = request.query["ptt"]
        known = {"comment": "", "description": code, "duration": FINAL.get(code, "indeterminated")}
        return web.json_response(known)

    async def _jobs(self, request: web.Request) -> web.Response:
        if self.faults.throttled:
            return web.json_response({"message": "Too many requests"}, status=429)
        job = await request.json()
        self.jobs.append(job)
        good = [number for number in job["receivers"] if number not in self.faults.unreachable]
        ids = [self._send(job, number) for number in good]
        if self.faults.silent:
            await asyncio.Event().wait()
        bad = [number for number in job["receivers"] if number not in good]
        report = {"ids": ids, "validReceivers": good, "invalidReceivers": bad}
        return web.json_response(report | {"totalCreditsRemoved": len(ids)})

    def _send(self, job: dict[str, str], number: str) -> int:
        sent = Sent(
            next(self._ids), number, job["message"], job.get("sender", "38200"), job["tag"],
            job["coding"], self._clock(), self.faults.ptt or 1, delivered=not self.faults.ptt,
        )  # fmt: skip
        self.sent[sent.id] = sent
        self.phones.append(sent)
        return sent.id

    async def _list(self, request: web.Request) -> web.Response:
        if request.path.endswith("/incoming"):
            return web.json_response(list(self.incoming))
        since = datetime.fromisoformat(
            request.query.get(
                "creationDatetime.from", datetime.min.replace(tzinfo=UTC).isoformat()
            )
        )
        return web.json_response([sent.id for sent in self.sent.values() if sent.at >= since])

    async def _one(self, request: web.Request) -> web.Response:
        id = int(request.match_info["id"])
        if "/incoming/" in request.path:
            found = self.incoming.get(id)
        else:
            found = self.sent[id].as_json() if id in self.sent else None
        if found is None:
            return web.json_response({"message": "not found"}, status=404)
        return web.json_response(found)

    async def _forget(self, request: web.Request) -> web.Response:
        id = int(request.match_info["id"])
        (self.incoming if "/incoming/" in request.path else self.sent).pop(id, None)
        return web.json_response(None)
