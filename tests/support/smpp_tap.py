"""A wire between Kannel and the operator that is read: the server library hides what it says."""

import asyncio
import contextlib
from datetime import UTC, datetime

import smpp34

from appservice.demo.ports import LOOPBACK

_LENGTH = 4


class Tap:
    """Carries every byte as it is.

    Of each number's last text: `until` is when it ends, if it says so; `senders` the sender's
    address, type of number and numbering plan.
    """

    def __init__(self, port: int) -> None:
        self._operator = port
        self.port = 0
        self.until: dict[str, datetime] = {}
        self.senders: dict[str, tuple[str, int, int]] = {}
        self._server: asyncio.Server | None = None
        self._ways: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._carry, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for way in list(self._ways):
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, here = await asyncio.open_connection(LOOPBACK, self._operator)
        except OSError:
            writer.close()
            return
        ways = {
            asyncio.create_task(self._pump(reader, here, read=True)),
            asyncio.create_task(self._pump(there, writer, read=False)),
        }
        self._ways |= ways
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        self._ways -= ways
        for end in (writer, here):
            end.close()

    async def _pump(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, read: bool
    ) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await source.readexactly(_LENGTH)
                said = head + await source.readexactly(int.from_bytes(head) - _LENGTH)
                if read:
                    self._note(said)
                target.write(said)

    def _note(self, said: bytes) -> None:
        told = smpp34.decode(said)
        if not isinstance(told, smpp34.SubmitSm):
            return
        number = "+" + told.destination_addr.removeprefix("+")
        plan = told.source_addr_ton, told.source_addr_npi
        self.senders[number] = (told.source_addr, *map(int, plan))
        if told.validity_period:
            self.until[number] = _absolute(told.validity_period)


def _absolute(period: str) -> datetime:
    """SMPP 3.4, 7.1.1: YYMMDDhhmmss, tenths, quarters of an hour from UTC, and their sign."""
    if period[13:] != "00+":
        raise ValueError(f"a validity in another zone than UTC: {period}")
    return datetime.strptime(period[:12], "%y%m%d%H%M%S").replace(tzinfo=UTC)
