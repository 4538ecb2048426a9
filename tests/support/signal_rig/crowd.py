"""A trade of a town on the rig: an officer's Element on one side, people's phones on the other."""

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count

import aiohttp

from appservice.demo.people import MANTES, MANTES_LA_JOLIE, Person
from appservice.domain.room import Kind
from appservice.files.config import load_config
from appservice.files.registration import read_tokens
from appservice.matrix.api import Api, segment
from support.json_rpc import Wire
from support.signal_rig.phone import PATIENCE, Phone
from support.signal_rig.rig import SERVICE, together
from support.town import Town

OFFICER = Person(
    "perrin", "chef_de_quart", "Major Perrin", MANTES, ("matrix",),
    zone=f"commune:{MANTES_LA_JOLIE}",
)  # fmt: skip
MOMENT = 0.5  # seconds in which nothing more comes
_SIGNAL_CLI_TAKES = 3600.0  # seconds; `shown` gives up long before, when nothing moves any more


@dataclass(slots=True)
class Crowd:
    """Measures one way and the other; each returns once everybody is at rest again."""

    town: Town
    trade: str
    phones: Sequence[Phone]
    wire: Wire  # hears what is for the service
    numbers: "count[int]"

    @property
    def room(self) -> str:
        return self.town.cast.scenery.room(Kind.ECHANGES, MANTES, self.trade)

    @property
    def group(self) -> str:
        return self.town.group(Kind.ECHANGES, MANTES, self.trade)

    def text(self) -> str:
        """Words that circulate, unlike any before."""
        n = next(self.numbers)
        return f"Bonjour, réunion avec les agents en mairie demain à {8 + n // 60} h {n % 60:02d}"

    async def out(self) -> float:
        """Seconds from an officer's Element to the last phone."""
        return await self._shown_by(self.town.cast.elements[OFFICER.key].say, self.room)

    async def bare_out(self) -> tuple[float, float]:
        """The same without us: by a bare call; by a bare PUT, then the bare call, which is the
        least that any bridge does."""
        async with self._account() as api:

            async def both(text: str) -> None:
                await self._put(api, text)
                await self._send(text)

            with stopped(self.town):
                return await self._shown_by(self._send), await self._shown_by(both)

    async def back(self) -> tuple[float, float]:
        """Seconds from a phone to an officer's Element, and to signal-cli's bare event."""
        text, start = self.text(), _now()

        async def on_element() -> float:
            await self._read(text)
            return _now() - start

        async def on_wire() -> float:
            await self.wire.event(lambda event: text in str(event))
            return _now() - start

        found = asyncio.gather(on_element(), on_wire())
        await self._says(text)
        taken = await found
        await self._rest()
        return taken

    async def bare_back(self) -> float:
        """The same without us: once the bare event is there, a bare PUT, until Element has it."""
        heard, put = self.text(), self.text()
        async with self._account() as api:
            with stopped(self.town):
                start = _now()
                saying = asyncio.create_task(self._says(heard))
                await self.wire.event(lambda event: heard in str(event))
                await self._put(api, put)
                await self._read(put)
                taken = _now() - start
            await saying
        await self._read(heard)
        await self._rest()
        return taken

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """The others' phones are off: in real life they read on other machines than ours."""
        others = self.phones[1:]
        await together(phone.turns_off for phone in others)
        yield
        await together(phone.turns_on for phone in others)

    async def _shown_by(self, say: Callable[..., Awaitable[object]], *where: str) -> float:
        text, start = self.text(), _now()
        await say(*where, text)
        await shown(self.phones, text)
        taken = _now() - start
        await self._rest()
        return taken

    async def _rest(self) -> None:
        """Until the receipts of what was read have come: nothing is heard for a moment."""
        heard = -1
        while heard != len(self.wire.events):
            heard = len(self.wire.events)
            await asyncio.sleep(MOMENT)
        self.wire.events.clear()

    async def _send(self, text: str) -> None:
        await self.wire.call("send", account=SERVICE, groupId=self.group, message=text)

    async def _put(self, api: Api, text: str) -> None:
        path = f"/rooms/{segment(self.room)}/send/m.room.message/{secrets.token_hex(8)}"
        await api.call("PUT", path, {"msgtype": "m.text", "body": text})

    async def _read(self, text: str) -> None:
        await self.town.cast.elements[OFFICER.key].reads(text, PATIENCE)

    async def _says(self, text: str) -> None:
        await self.phones[0].says(text, self.group, group=True)

    @asynccontextmanager
    async def _account(self) -> AsyncIterator[Api]:
        """The service's, in Matrix."""
        homeserver = load_config(self.town.stage.config).homeserver
        tokens = read_tokens(homeserver.registration)
        async with aiohttp.ClientSession() as http:
            bot = f"@{homeserver.bot_localpart}:{homeserver.server_name}"
            yield Api(http, homeserver.url, tokens.as_token, bot)


async def shown(phones: Sequence[Phone], text: str) -> None:
    """Until each shows it; gives up once they have heard nothing at all for a while.

    At first they have much to read: each was told of everybody who came into its groups.
    """
    waiting = {
        asyncio.create_task(phone.sees(lambda note: text in note.text, _SIGNAL_CLI_TAKES))
        for phone in phones
    }
    heard = -1
    while waiting:
        done, waiting = await asyncio.wait(
            waiting, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED
        )
        before, heard = heard, sum(len(phone.envelopes) for phone in phones)
        if not done and heard == before:
            for task in waiting:
                task.cancel()
            raise AssertionError(f"{len(waiting)} phones do not show « {text} »")


@contextmanager
def stopped(town: Town) -> Iterator[int]:
    """The service stands still, connected; gives the id of its process."""
    service = town.stage.service
    assert service is not None
    service.process.send_signal(signal.SIGSTOP)
    try:
        yield service.process.pid
    finally:
        service.process.send_signal(signal.SIGCONT)


def _now() -> float:
    return asyncio.get_running_loop().time()
