"""gammu-smsd's tables under a modem in memory, and a wire to them that can be cut."""

import asyncio
import contextlib
import os
from pathlib import Path

import asyncpg
import pytest

from support.programs import TOOLS

_SCHEMA = "usr/share/doc/gammu-smsd/examples/pgsql.sql"
_SENT = """
INSERT INTO sentitems ("DestinationNumber", "Text", "TextDecoded", "UDH", "Coding", "SenderID",
    "CreatorID", "ID", "SequencePosition", "Status")
VALUES ($1, '', $2, '', 'Default_No_Compression', '', $3, $4, 1, $5)
"""
_SAID = """
INSERT INTO inbox ("SenderNumber", "TextDecoded", "UDH", "Text", "RecipientID")
VALUES ($1, $2, $3, '', '')
"""
_EMPTY = "TRUNCATE inbox, outbox, outbox_multipart, sentitems, phones"
_PHONE = """
INSERT INTO phones ("ID", "IMEI", "IMSI", "Client", "Send", "TimeOut")
VALUES ('', '1', '', 'stand-in', true, LOCALTIMESTAMP(0) + INTERVAL '1 hour')
"""
_FULL = """
INSERT INTO outbox ("DestinationNumber", "TextDecoded", "CreatorID")
SELECT '+33639980003', 'avant', 'somebody' FROM generate_series(1, 20)
"""


async def make_tables(dsn: str) -> None:
    """As the Debian package makes them."""
    places = [path for path in (TOOLS / _SCHEMA, Path("/") / _SCHEMA) if path.is_file()]
    if not places:
        pytest.fail("gammu-smsd's schema is missing: make tools", pytrace=False)
    connection = await asyncpg.connect(dsn)
    await connection.execute(places[0].read_text().replace("CREATE LANGUAGE plpgsql;", ""))
    await connection.close()


class Modem:
    """Takes what is in `outbox` to phones; `shown` is what they read."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.shown: list[tuple[str, str]] = []
        self.state = "DeliveryOK"
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.connection = await asyncpg.connect(self._dsn)
        await self.connection.execute(_EMPTY)
        await self.connection.execute(_PHONE)
        self._lock = asyncio.Lock()
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self.connection.close()

    async def say(self, number: str, text: str, header: str = "") -> None:
        async with self._lock:
            await self.connection.execute(_SAID, number, text, header)

    async def fill(self, full: bool) -> None:
        """Others have filled the outbox, or not."""
        async with self._lock:
            await self.connection.execute(_FULL if full else "TRUNCATE outbox")

    async def _run(self) -> None:
        while True:
            async with self._lock, self.connection.transaction():
                await self._round()
            await asyncio.sleep(0.01)

    async def _round(self) -> None:
        rows = await self.connection.fetch(
            """SELECT * FROM outbox WHERE "CreatorID" <> 'somebody'
            AND "SendingDateTime" <= LOCALTIMESTAMP ORDER BY "ID" """
        )
        for row in rows:
            more = await self.connection.fetch(
                'SELECT "TextDecoded" FROM outbox_multipart WHERE "ID" = $1'
                ' ORDER BY "SequencePosition"',
                row["ID"],
            )
            text = row["TextDecoded"] + "".join(part["TextDecoded"] for part in more)
            number = row["DestinationNumber"]
            await self.connection.execute(
                _SENT, number, text, row["CreatorID"], row["ID"], self.state
            )
            await self.connection.execute('DELETE FROM outbox WHERE "ID" = $1', row["ID"])
            await self.connection.execute(
                'DELETE FROM outbox_multipart WHERE "ID" = $1', row["ID"]
            )
            self.shown.append((number, text))


class Wire:
    """Carries a database's connections; may be cut, and may swallow an answer."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self.port = 0
        self.swallow = b""  # whose answer never comes, nor any after it on that connection
        self._server: asyncio.Server | None = None
        self._pumps: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        while self._pumps:
            for pump in list(self._pumps):
                pump.cancel()
            await asyncio.sleep(0)
        await self._server.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_unix_connection(self._socket)
        mute = asyncio.Event()
        pumps = {
            asyncio.create_task(self._pump(reader, here, mute, hears=True)),
            asyncio.create_task(self._pump(there, writer, mute, hears=False)),
        }
        self._pumps |= pumps
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        await asyncio.wait(pumps)
        self._pumps -= pumps
        for end in (writer, here):
            end.transport.abort()

    async def _pump(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        mute: asyncio.Event,
        *,
        hears: bool,
    ) -> None:
        while data := await source.read(65536):
            if hears and self.swallow and self.swallow in data:
                mute.set()
                self.swallow = b""
            if hears or not mute.is_set():
                target.write(data)


def socket_of(dsn: str) -> str:
    """The socket that a DSN of the embedded PostgreSQL names."""
    folder = dsn.partition("host=")[2].partition("&")[0]
    return os.path.join(folder, ".s.PGSQL.5432")  # noqa: PTH118 # a socket, not a file
