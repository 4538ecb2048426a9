"""A JSON-RPC client that understands nothing: lines out, lines in."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from bridges.signal.client import acknowledge

CHUNK = 256 * 1024
PATIENCE = 60.0


class Refused(Exception):
    """The other side answered with an error, kept as it came."""

    def __init__(self, method: str, error: dict[str, Any]) -> None:
        super().__init__(f"{method}: {error}")
        self.error = error


class Wire:
    """One connection. `events` keeps what nobody asked for; `heard` is told of each."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._ids = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._news = asyncio.Event()
        self.events: list[Any] = []
        self.heard: Callable[[Any], None] = lambda _: None
        self._task = asyncio.create_task(self._read(reader))

    @classmethod
    async def open(cls, port: int) -> "Wire":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def answer(self, method: str, **params: object) -> Any:
        """The result, or the error, as it came."""
        call_id = str(next(self._ids))
        future = self._waiting[call_id] = asyncio.get_running_loop().create_future()
        request = {"jsonrpc": "2.0", "id": call_id, "method": method, "params": params}
        self._writer.write(json.dumps(request).encode() + b"\n")
        async with asyncio.timeout(PATIENCE):
            said = await future
        return said["result"] if "result" in said else said["error"]

    async def call(self, method: str, **params: object) -> Any:
        """The result. Raises Refused."""
        found = await self.answer(method, **params)
        if isinstance(found, dict) and {"code", "message"} <= found.keys():
            raise Refused(method, found)
        return found

    async def event(self, wanted: Callable[[Any], object]) -> Any:
        """The first event like that, come or to come."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for event in self.events:
                    if wanted(event):
                        return event
                self._news.clear()
                await self._news.wait()

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._task

    async def _read(self, reader: asyncio.StreamReader) -> None:
        async for line in self._lines(reader):
            said = json.loads(line)
            if said.get("method"):
                self.events.append(said["params"])
                self.heard(said["params"])
                self._news.set()
            else:
                future = self._waiting.pop(str(said["id"]), None)
                if future is not None and not future.done():
                    future.set_result(said)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("the other side hung up"))

    async def _lines(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        """Acknowledged as the bridge does: what is measured against this waits no longer."""
        line, raw = bytearray(), self._writer.get_extra_info("socket")
        while data := await reader.read(CHUNK):
            acknowledge(raw)
            first, *others = data.split(b"\n")
            line += first
            for other in others:
                yield bytes(line)
                line = bytearray(other)
