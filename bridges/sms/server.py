"""What Kannel calls: delivery reports and inbound SMS, answered once they are written down."""

import logging
from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from bridges.protocol import Inbound, Sink
from bridges.sms.inbound import raw_fields, read_message
from bridges.sms.reports import read_report

log = logging.getLogger(__name__)

_LAST_CALLS = 2.0  # seconds for calls in hand to end


class CallbackServer:
    """`/{secret}/dlr` and `/{secret}/mo`. Any answer but 200 makes Kannel call again."""

    def __init__(
        self,
        host: str,
        port: int,
        secret: str,
        region: str,
        now: Callable[[], datetime],
    ) -> None:
        self._host, self._port = host, port
        self._secret = secret
        self._region = region
        self._now = now
        self._sink: Sink | None = None
        self._runner: web.AppRunner | None = None
        self._address: str | None = None

    @property
    def address(self) -> str:
        """Where it listens, or did: a text may leave as it stops. Raises RuntimeError before
        `start()`."""
        if self._address is None:
            raise RuntimeError("the callback server has not been started")
        return self._address

    async def start(self, sink: Sink) -> None:
        """Begins to listen. Raises OSError when the port is taken."""
        self._sink = sink
        app = web.Application(client_max_size=64 * 1024)
        app.router.add_get(f"/{self._secret}/dlr", self._report)
        app.router.add_get(f"/{self._secret}/mo", self._message)
        # No access log: it would keep numbers and texts. A caller who connected and says nothing
        # does not keep us from stopping.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_LAST_CALLS)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self._address = f"http://{self._host}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Lets the calls in hand end, then stops listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _report(self, request: web.Request) -> web.Response:
        raw = raw_fields(request.rel_url.raw_query_string)
        fields = {name: value.decode("utf-8", "replace") for name, value in raw.items()}
        receipt = read_report(fields)
        return await self._hand_over(receipt)

    async def _message(self, request: web.Request) -> web.Response:
        query = request.rel_url.raw_query_string
        return await self._hand_over(read_message(query, self._region, self._now))

    async def _hand_over(self, thing: Inbound | None) -> web.Response:
        """An empty body: Kannel would send what we write back to the phone."""
        if thing is None or self._sink is None:
            return web.Response()  # nothing that another call would say better
        try:
            await self._sink(thing)
        except Exception as error:
            log.warning("the sink refused an SMS event: %s", type(error).__name__)
            return web.Response(status=503)
        return web.Response()
