"""`/healthz`, `/readyz` and `/metrics`, on a port of their own."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web

from appservice.domain.errors import MaillageError
from appservice.domain.figures import Figures
from appservice.flows.ports import Clock
from appservice.operations.metrics import CONTENT_TYPE, Reading, exposition
from appservice.operations.readiness import DATABASE, Readiness

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Watch:
    """Opens, answers, closes. It shows states and counts; whoever reaches it may see them."""

    readiness: Readiness
    clock: Clock
    texts: Callable[[datetime], Collection[str]]  # hashes of the charters in force by then
    steps: Callable[[], Mapping[str, int]]
    keyless: Callable[[], int]
    safe: bool = False
    _runner: web.AppRunner | None = field(default=None, init=False)

    async def open(self, host: str, port: int) -> None:
        """A port that is taken is logged: alerts go out even when nobody can watch them."""
        app = web.Application()
        app.router.add_get("/healthz", self._alive)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError:
            log.exception("nobody can watch this service: port %s is taken", port)

    async def close(self) -> None:
        """Nobody is answered any more."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _alive(self, _: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def _ready(self, _: web.Request) -> web.Response:
        parts = await self.readiness.look()
        failing = {part.name: part.code for part in parts if not part.ok}
        answer = {
            "ready": not failing,
            "mode": "safe" if self.safe else "normal",
            "parts": {part.name: part.code for part in parts},
            "failing": failing,
            "advice": {part.name: part.advice for part in parts if part.advice},
        }
        return web.json_response(answer, status=503 if failing else 200)

    async def _metrics(self, _: web.Request) -> web.Response:
        parts = await self.readiness.look()
        down = any(part.name == DATABASE and not part.ok for part in parts)
        reading = Reading(
            at=self.clock(),
            safe=self.safe,
            parts=parts,
            steps=self.steps(),
            figures=None if down else await self._figures(),
            keyless=self.keyless(),
        )
        return web.Response(body=exposition(reading), headers={"Content-Type": CONTENT_TYPE})

    async def _figures(self) -> Figures | None:
        try:
            return await self.readiness.watched.read(self.texts(self.clock()))
        except MaillageError as failure:
            log.warning("no figures: %s", failure.code)
            return None
