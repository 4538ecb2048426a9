"""The door: what the homeserver pushes is written to the journal before it is answered.

Plain aiohttp, not mautrix's AppService: that one answers 200 even when a handler raised, keeps
transaction ids in memory only, and parses events before anything is saved. We need three routes.
"""

import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from appservice.domain.errors import TemporaryFailure
from appservice.flows.ports import Journal

log = logging.getLogger(__name__)

SOURCE = "matrix"
LARGEST_TRANSACTION = 64 * 1024 * 1024  # bytes; 100 events of 64 KiB and their wrapping fit well


class Door:
    """The application service API (Matrix spec, Application Service API)."""

    def __init__(
        self,
        journal: Journal,
        hs_token: str,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._journal = journal
        self._hs_token = hs_token.encode()
        self._clock = clock
        self._wake = wake
        self.ready = False
        self._runner: web.AppRunner | None = None

    async def open(self, host: str, port: int) -> None:
        """Raises OSError when the port is taken."""
        app = web.Application(
            client_max_size=LARGEST_TRANSACTION, middlewares=[self._only_the_homeserver]
        )
        app.router.add_put("/_matrix/app/v1/transactions/{txn}", self._transaction)
        app.router.add_post("/_matrix/app/v1/ping", self._ping)
        app.router.add_get("/_matrix/app/v1/{thing:users|rooms}/{id}", self._unknown)
        app.router.add_get("/health", self._health)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()

    async def close(self) -> None:
        """Answers what is under way, then stops listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _only_the_homeserver(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path == "/health":
            response: web.StreamResponse = await handler(request)
            return response
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        if not given:
            return _error(401, "M_UNAUTHORIZED")
        if not hmac.compare_digest(given, self._hs_token):
            return _error(403, "M_FORBIDDEN")
        try:
            answer: web.StreamResponse = await handler(request)
        except web.HTTPRequestEntityTooLarge:
            return _error(413, "M_TOO_LARGE")
        except web.HTTPException as refusal:
            return _error(refusal.status, "M_UNRECOGNIZED")
        return answer

    async def _transaction(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            events = _event_ids(body)
        except ValueError:
            return _error(400, "M_NOT_JSON")
        if events is None:
            return _error(400, "M_BAD_JSON")
        # A homeserver that was rebuilt counts transactions from one again; a resend has the same
        # events but other ages.
        key = f"{request.match_info['txn']}:{hashlib.sha256(events).hexdigest()[:16]}"
        try:
            await self._journal.write(SOURCE, key, body, self._clock())
        except TemporaryFailure:
            log.warning("transaction refused: the journal can't be written")
            return _error(503, "M_LIMIT_EXCEEDED")
        except Exception as failure:
            # Whatever went wrong, nothing was written: the homeserver must send it again.
            log.exception("transaction refused: %s", type(failure).__name__)
            return _error(503, "M_UNKNOWN")
        self._wake()
        return web.json_response({})

    async def _ping(self, _: web.Request) -> web.Response:
        return web.json_response({})

    async def _unknown(self, _: web.Request) -> web.Response:
        # Users and rooms of ours exist before anybody asks for them.
        return _error(404, "M_NOT_FOUND")

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"ready": self.ready}, status=200 if self.ready else 503)


def _event_ids(body: bytes) -> bytes | None:
    """What tells this transaction from another; None without events. Raises ValueError."""
    try:
        content = json.loads(body)
    except RecursionError:
        # It is kept, so that the homeserver goes on; the intake will say what it is.
        return body
    events = content.get("events") if isinstance(content, dict) else None
    if not isinstance(events, list):
        return None
    ids = [event.get("event_id") if isinstance(event, dict) else None for event in events]
    return json.dumps(ids).encode()


def _error(status: int, errcode: str) -> web.Response:
    return web.json_response({"errcode": errcode, "error": errcode}, status=status)
