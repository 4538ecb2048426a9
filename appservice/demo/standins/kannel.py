"""A server that speaks Kannel's sendsms over HTTP, with basic phones behind it."""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import quote_plus

import aiohttp
from aiohttp import web

from appservice.demo.standins.drawer import Drawer
from appservice.demo.standins.signal_cli import LOOPBACK, Clock

log = logging.getLogger(__name__)

_TRIES = 100
_ANSWERS: Mapping[int, str] = {
    202: "0: Accepted for delivery",
    400: "Bad request",
    403: "Authorization failed for sendsms",
    503: "Temporal failure, try again later.",
}


@dataclass(slots=True)
class Text:
    """One SMS on a phone. `at` is in seconds."""

    number: str
    text: str
    at: float
    mine: bool = False  # sent by the phone
    coding: str = "0"
    sender: str = ""  # the name or number it comes from


@dataclass(slots=True)
class Faults:
    """What goes wrong next."""

    throttled: bool = False
    silent: bool = False  # takes the request, delivers, and never answers
    mute: bool = False  # no delivery reports
    report: str = "1"  # %d of the reports: 1 delivered, 2 failed, 16 refused
    unreachable: set[str] = field(default_factory=set)  # refused with 400


class KannelStandIn:
    """`/cgi-bin/sendsms` in; delivery reports and inbound SMS out.

    `inbound_url` is where inbound SMS go (the bridge's `callback` + `/mo`).
    """

    def __init__(
        self,
        clock: Clock,
        *,
        port: int = 0,
        username: str = "maillage",
        password: str = "maillage",  # noqa: S107 # of a stand-in on loopback
        state: Path | None = None,
        delay: float = 0.05,
    ) -> None:
        self.port = port
        self.faults = Faults()
        self.inbound_url = ""
        self._clock = clock
        self._user = (username, password)
        self._drawer = Drawer(state)
        self._delay = delay
        self._texts = _texts(self._drawer.load())
        self._runner: web.AppRunner | None = None
        self._http: aiohttp.ClientSession | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self.refused = 0  # callbacks that nobody took, each tried again later

    @property
    def url(self) -> str:
        """Where to submit; valid once started."""
        return f"http://{LOOPBACK}:{self.port}/cgi-bin/sendsms"

    async def start(self) -> None:
        """Listens; the same port again after a `stop()`."""
        app = web.Application()
        app.router.add_post("/cgi-bin/sendsms", self._submit)
        app.router.add_get("/cgi-bin/sendsms", _forbidden)
        # A client that waits for an answer that never comes does not keep us from stopping.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self.port).start()
        self.port = self._runner.addresses[0][1]
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))

    async def stop(self) -> None:
        """As if it were killed: phones keep what they have, calls in hand are forgotten."""
        for call in list(self._calls):
            call.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await call
        if self._runner is not None and self._http is not None:
            await self._runner.cleanup()
            await self._http.close()

    def inbox(self, number: str) -> Sequence[Text]:
        """Every SMS of that phone, oldest first."""
        return [text for text in self._texts if text.number == number]

    def say(self, number: str, text: str) -> None:
        """The phone writes to the service; Kannel insists until it is taken."""
        now = self._clock().timestamp()
        self._keep(Text(number, text, now, mine=True))
        query = {
            "from": number,
            "to": "38999",
            "text": text,
            "coding": "0",
            "charset": "UTF-8",
            "at": str(int(now)),
            "id": secrets.token_hex(16),
        }
        pairs = (f"{name}={quote_plus(value)}" for name, value in query.items())
        self._call(f"{self.inbound_url}?{'&'.join(pairs)}", 0)

    async def _submit(self, request: web.Request) -> web.StreamResponse:
        headers = request.headers
        status = self._status(headers)
        if status == 202:
            number, text = headers["X-Kannel-To"], (await request.read()).decode()
            coding = headers.get("X-Kannel-Coding", "0")
            at, sender = self._clock().timestamp(), headers.get("X-Kannel-From", "")
            self._keep(Text(number, text, at, coding=coding, sender=sender))
            if self.faults.silent:
                await asyncio.Event().wait()
            self._report(headers.get("X-Kannel-DLR-Url", ""))
        return web.Response(status=status, text=_ANSWERS[status])

    def _status(self, headers: Mapping[str, str]) -> int:
        user = headers.get("X-Kannel-Username"), headers.get("X-Kannel-Password")
        if user != self._user:
            return 403
        if self.faults.throttled:
            return 503
        number = headers.get("X-Kannel-To")
        return 400 if not number or number in self.faults.unreachable else 202

    def _report(self, url: str) -> None:
        if url and not self.faults.mute:
            at = str(int(self._clock().timestamp()))
            filled = url.replace("%d", self.faults.report).replace("%T", at)
            self._call(filled, self._delay)

    def _call(self, url: str, delay: float) -> None:
        call = asyncio.create_task(self._insist(url, delay))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _insist(self, url: str, delay: float) -> None:
        await asyncio.sleep(delay)
        for attempt in range(_TRIES):
            if await self._get(url):
                return
            self.refused += 1
            await asyncio.sleep(min(0.05 * 2**attempt, 2.0))
        log.warning("nobody took a callback of the SMS stand-in")

    async def _get(self, url: str) -> bool:
        if self._http is None:
            return False
        try:
            async with self._http.get(url) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    def _keep(self, text: Text) -> None:
        self._texts.append(text)
        self._drawer.save({"texts": [asdict(one) for one in self._texts]})


def _texts(kept: Mapping[str, object]) -> list[Text]:
    found = kept.get("texts")
    try:
        return [Text(**record) for record in found] if isinstance(found, list) else []
    except TypeError:
        return []


async def _forbidden(request: web.Request) -> web.Response:
    return web.Response(status=403, text=_ANSWERS[403])
