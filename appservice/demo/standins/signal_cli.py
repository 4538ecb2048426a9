"""A server that speaks signal-cli's JSON-RPC over TCP, with phones behind it."""

import asyncio
import contextlib
import itertools
import json
import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from aiohttp import web

from appservice.demo.standins.drawer import Drawer
from appservice.demo.standins.signal_methods import Faults, Methods, RpcError
from appservice.demo.standins.signal_world import SignalWorld

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
_MAX_LINE = 32 * 1024 * 1024


class Clock(Protocol):
    """Aware, UTC."""

    def __call__(self) -> datetime: ...


class SignalCliStandIn:
    """`daemon --tcp --http --receive-mode manual` with one account.

    `world` is the control: people, groups, what they say and see. `faults` is what goes wrong.
    """

    def __init__(
        self, account: str, clock: Clock, *, port: int = 0, state: Path | None = None
    ) -> None:
        self.account = account
        self.port = port
        self.world = SignalWorld(account, lambda: int(clock().timestamp() * 1000), Drawer(state))
        self.world.wake = self._hand_over
        self.faults = Faults()
        self._methods = Methods(self.world, self.faults)
        self._server: asyncio.Server | None = None
        self._check: web.AppRunner | None = None
        self._check_port = 0
        self._connections: set[_Connection] = set()
        self._subscriptions = itertools.count()

    @property
    def check_url(self) -> str:
        """Where its readiness is asked; valid once started."""
        return f"http://{LOOPBACK}:{self._check_port}/api/v1/check"

    async def start(self) -> None:
        """Listens; the same port again after a `stop()`."""
        self._server = await asyncio.start_server(
            self._serve, LOOPBACK, self.port, limit=_MAX_LINE
        )
        self.port = self._server.sockets[0].getsockname()[1]
        app = web.Application()
        app.router.add_get("/api/v1/check", _ready)
        self._check = web.AppRunner(app, access_log=None)
        await self._check.setup()
        await web.TCPSite(self._check, LOOPBACK, self._check_port).start()
        self._check_port = self._check.addresses[0][1]

    async def stop(self) -> None:
        """As if the daemon were killed: phones keep what they have."""
        if self._server is None or self._check is None:
            return
        self._server.close()
        await self.hang_up()
        await self._check.cleanup()
        self._server = None

    async def hang_up(self) -> None:
        """Breaks every connection."""
        for connection in list(self._connections):
            await connection.close()

    def unlink(self) -> None:
        """The account's owner takes this device off: whoever listens hears nothing more."""
        self.faults.account.missing = True
        for connection in self._connections:
            connection.subscription = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(writer)
        self._connections.add(connection)
        try:
            while line := await reader.readline():
                await self._answer(connection, line)
        except (OSError, ValueError):
            pass  # a broken connection, or a line beyond the limit
        finally:
            self._connections.discard(connection)
            await connection.close()

    async def _answer(self, connection: "_Connection", line: bytes) -> None:
        try:
            request = json.loads(line)
            call_id, method = request["id"], str(request["method"])
            params = request.get("params") or {}
        except (ValueError, TypeError, KeyError):
            connection.write({"error": _error(-32700, "Parse error"), "id": None})
            return
        if self.faults.silent:
            return
        answer = self._result(connection, method, params)
        if self.faults.drop_next and method == "send":
            self.faults.drop_next = False
            await connection.close()
            return
        connection.write({**answer, "id": call_id})
        self._hand_over()

    def _result(
        self, connection: "_Connection", method: str, params: Mapping[str, object]
    ) -> dict[str, object]:
        if method == "subscribeReceive" and self.faults.account.missing:
            return {"error": _error(-32602, "Specified account does not exist")}
        if method == "subscribeReceive":
            connection.subscription = next(self._subscriptions)
            return {"result": connection.subscription}
        if method == "unsubscribeReceive":
            connection.subscription = None
            return {"result": {}}
        try:
            return {"result": self._methods.call(method, params)}
        except RpcError as error:
            return {"error": error.as_json(self.world.next_stamp())}

    def _hand_over(self) -> None:
        """What waits goes to the one who subscribed, once."""
        for connection in self._connections:
            if connection.subscription is not None and connection.alive:
                for envelope in self.world.take_waiting():
                    event: dict[str, object] = {"envelope": envelope, "account": self.account}
                    if "exception" in envelope:
                        event["exception"] = envelope.pop("exception")
                    params = {"subscription": connection.subscription, "result": event}
                    connection.write({"method": "receive", "params": params})
                return


class _Connection:
    """One client of the daemon."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.subscription: int | None = None

    @property
    def alive(self) -> bool:
        return not self._writer.is_closing()

    def write(self, message: Mapping[str, object]) -> None:
        if self.alive:
            line = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False)
            self._writer.write(line.encode() + b"\n")

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


async def _ready(request: web.Request) -> web.Response:
    return web.Response()


def _error(code: int, message: str) -> dict[str, object]:
    return {"code": code, "message": message, "data": None}
