"""A wall between a client and a server, with a door that tests open and close."""

import asyncio
import contextlib


class Wall:
    """Passes bytes through, on a port of its own; `close` breaks everything, `open` mends it."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.swallow: bytes | None = None  # hang up on whoever writes this, once it has passed

    @property
    def connections(self) -> int:
        """How many pass now."""
        return len(self._writers) // 2

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner, outer = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, outer}
        answers = asyncio.create_task(self._answers(inner, writer))
        with contextlib.suppress(OSError):
            if await self._requests(reader, outer):
                outer.write_eof()
                await answers
        answers.cancel()
        for one in (writer, outer):
            self._writers.discard(one)
            one.close()

    async def _requests(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> bool:
        """Until the client has said all; False when its connection must break."""
        while data := await source.read(256 * 1024):
            sink.write(data)
            await sink.drain()
            if self.swallow is not None and self.swallow in data:
                self.swallow = None
                return False
        return True

    async def _answers(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(256 * 1024):
                sink.write(data)
                await sink.drain()
        sink.close()
