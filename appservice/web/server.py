"""The console's own server, on a port of its own."""

import logging
from dataclasses import dataclass, field

from aiohttp import web

from appservice.web.admission import admitted, explained
from appservice.web.desk import DESK, Desk
from appservice.web.pages.start import TILES
from appservice.web.protection import SECURE, with_headers
from appservice.web.routes import ROUTES

log = logging.getLogger(__name__)


def application(desk: Desk) -> web.Application:
    """Every route of the table behind admission, and nothing else."""
    app = web.Application(middlewares=[with_headers, explained])
    app[DESK] = desk
    app[SECURE] = desk.is_secure
    app[TILES] = tuple(route for route in ROUTES if route.title)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, admitted(route))
    return app


@dataclass(slots=True)
class ConsoleServer:
    """Opens, answers, closes."""

    desk: Desk
    _runner: web.AppRunner | None = field(default=None, init=False)

    async def open(self, host: str, port: int) -> None:
        """A port that is taken is logged: alerts go out even when nobody can use the console."""
        # No access log: addresses hold the tokens of links.
        self._runner = web.AppRunner(application(self.desk), access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError:
            log.exception("the console is closed: port %s is taken", port)

    async def close(self) -> None:
        """Nobody is answered any more."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
