"""One long-lived connection to signal-cli: calls, their answers, and what is received."""

import asyncio
import contextlib
import itertools
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping

import aiohttp

from bridges.signal.codec import Garbage, LineDecoder, Received, Refusal, Result, Said, encode
from bridges.signal.errors import CallRefused, NoAnswer, NotSent, SignalDown, SignalFailure
from bridges.signal.settings import SignalSettings

log = logging.getLogger(__name__)

_CHUNK = 256 * 1024
_READY_TIMEOUT = 5.0
_AT_ONCE = getattr(socket, "TCP_QUICKACK", None)  # Linux
DEFAULT = -1.0  # seconds: what the settings say


class SignalClient:
    """Connects, stays connected, and pairs answers with calls.

    `received` is called in order with each event; nothing more is read until it returns.
    `connected` runs at each new connection before anybody else's call. `window` is how many
    bytes may be on their way to us unread.
    """

    def __init__(
        self,
        settings: SignalSettings,
        received: Callable[[Received], Awaitable[None]] | None = None,
        connected: Callable[[], Awaitable[None]] | None = None,
        *,
        window: int = _CHUNK,
    ) -> None:
        self._settings = settings
        self._received = received
        self._connected = connected
        self._writer: asyncio.StreamWriter | None = None
        self._pending: dict[str, asyncio.Future[object]] = {}
        self._ids = itertools.count(1)
        self._task: asyncio.Task[None] | None = None
        self._attempted = asyncio.Event()
        self._wait = settings.retry_first
        self._out_of_reach = False
        self._window = window
        self._finishing = False
        self.ready = False

    async def start(self) -> None:
        """Begins to connect; returns after the first attempt, whatever came of it."""
        self._attempted.clear()
        self._finishing = False
        self._task = asyncio.create_task(self._stay_connected(), name="signal-client")
        await self._attempted.wait()

    async def stop(self) -> None:
        """Hangs up; calls without an answer end as NoAnswer."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def finish(self, patience: float) -> None:
        """Hangs up politely: what the other side has already said is heard, for so long."""
        self._finishing = True
        if self.ready and self._writer is not None and self._task is not None:
            with contextlib.suppress(OSError):
                self._writer.write_eof()
            await asyncio.wait({self._task}, timeout=patience)
        await self.stop()

    def hang_up(self) -> None:
        """Breaks this connection; the next one is tried a little later."""
        if self._writer is not None:
            self._writer.close()

    async def call(
        self,
        method: str,
        params: Mapping[str, object],
        seconds: float | None = DEFAULT,
        *,
        bare: bool = False,
    ) -> object:
        """The result of one call, waited for `seconds`; None waits as long as it takes.

        `bare` calls are about signal-cli and not about our account.

        Raises NotSent (nothing was written), NoAnswer (it may have been done), CallRefused.
        """
        if not self.ready:
            raise NotSent("not connected")
        limit = self._settings.call_timeout if seconds == DEFAULT else seconds
        whole = params if bare else {"account": self._settings.account, **params}
        return await self._call(method, whole, limit)

    async def _call(
        self, method: str, params: Mapping[str, object], seconds: float | None
    ) -> object:
        writer = self._writer
        if writer is None or writer.is_closing():
            raise NotSent("not connected")
        call_id = str(next(self._ids))
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._pending[call_id] = answer
        try:
            writer.write(encode(call_id, method, params))
            async with asyncio.timeout(seconds):
                await writer.drain()
                return await answer
        except (TimeoutError, OSError) as error:
            if isinstance(error, SignalDown):
                raise
            raise NoAnswer(method) from error
        finally:
            self._pending.pop(call_id, None)

    async def _stay_connected(self) -> None:
        while True:
            try:
                await self._once()
            except (OSError, SignalFailure, TimeoutError, aiohttp.ClientError) as error:
                # Once an outage: it is tried again every few seconds.
                level = logging.DEBUG if self._out_of_reach else logging.WARNING
                log.log(level, "signal-cli is out of reach: %s", type(error).__name__)
                self._out_of_reach = True
            finally:
                self._attempted.set()
            if self._finishing:
                return
            await asyncio.sleep(self._wait)
            self._wait = min(self._wait * 2, self._settings.retry_last)

    async def _once(self) -> None:
        """One connection, from the readiness check to its end."""
        await self._wait_ready()
        reader, self._writer = await self._open()
        raw = self._writer.get_extra_info("socket")
        reading = asyncio.create_task(self._read(reader, raw), name="signal-reader")
        try:
            if self._settings.check_url is None:
                await self._call("version", {}, _READY_TIMEOUT)
            self.ready = True
            if self._connected is not None:
                await self._connected()
            log.info("signal-cli is connected")
            self._attempted.set()
            self._wait = self._settings.retry_first
            self._out_of_reach = False
            await reading
        finally:
            self.ready = False
            await _end(reading)
            self._writer.close()
            self._writer = None

    async def _wait_ready(self) -> None:
        """The HTTP check: a bare connect to the RPC port disturbs signal-cli while it starts."""
        if self._settings.check_url is None:
            return
        limit = aiohttp.ClientTimeout(total=_READY_TIMEOUT)
        async with (
            aiohttp.ClientSession(timeout=limit) as http,
            http.get(self._settings.check_url) as answer,
        ):
            if answer.status != 200:
                raise NotSent("not ready")

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._settings.socket is not None:
            path = self._settings.socket
            reader, writer = await asyncio.open_unix_connection(path, limit=self._window)
        else:
            host, port = self._settings.host, self._settings.port
            reader, writer = await asyncio.open_connection(host, port, limit=self._window)
        raw: socket.socket = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._window)
        return reader, writer

    async def _read(self, reader: asyncio.StreamReader, raw: socket.socket) -> None:
        decoder = LineDecoder()
        try:
            while data := await reader.read(self._window):
                acknowledge(raw)
                for said in decoder.feed(data):
                    await self._take(said)
        finally:
            self.ready = False
            self._give_up_calls()

    async def _take(self, said: Said) -> None:
        match said:
            case Result(id=call_id, value=value):
                if (answer := self._pending.get(call_id)) and not answer.done():
                    answer.set_result(value)
            case Refusal(id=call_id):
                self._take_refusal(said)
            case Received():
                if self._received is not None:
                    await self._received(said)
            case Garbage(reason=reason):
                log.warning("signal-cli said something odd: %s", reason)

    def _take_refusal(self, said: Refusal) -> None:
        answer = self._pending.get(said.id) if said.id is not None else None
        if answer is not None and not answer.done():
            answer.set_exception(CallRefused(said.code, said.message, said.data))

    def _give_up_calls(self) -> None:
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(NoAnswer("connection lost"))
        self._pending.clear()


def acknowledge(raw: socket.socket) -> None:
    """Now. signal-cli writes a line, and its end only once the line is acknowledged (Nagle), for
    which Linux takes 40 ms, again and again unless it is told after each read."""
    if _AT_ONCE is not None:
        with contextlib.suppress(OSError):  # a unix socket, which never waits, or a closed one
            raw.setsockopt(socket.IPPROTO_TCP, _AT_ONCE, 1)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, OSError):
        await task
