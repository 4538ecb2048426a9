"""Each bridge with its other side, in the same words: what the contract suite is written in."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from appservice.app import clock
from appservice.demo.standins.kannel import KannelStandIn
from appservice.demo.standins.signal_cli import SignalCliStandIn
from bridges.protocol import (
    Bridge,
    Deleted,
    Edited,
    Health,
    Message,
    Receipt,
    ReceiptState,
    Unknown,
)
from bridges.signal.bridge import SignalBridge
from bridges.signal.settings import SignalSettings
from bridges.sms.bridge import SmsBridge
from bridges.sms.kannel import Kannel
from bridges.sms.settings import KannelSettings
from support.bridges import FakeBridge, RecordingSink

PATIENCE = 10.0
SERVICE = "+33639980000"


def ticking(start: datetime = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)) -> Callable[[], datetime]:
    """A clock that moves one second at each look."""
    seconds = itertools.count(int(start.timestamp()))
    return lambda: datetime.fromtimestamp(next(seconds), UTC)


def _ago(days: int) -> int:
    """Unix time in milliseconds."""
    return int((clock() - timedelta(days=days)).timestamp() * 1000)


async def eventually(true: Callable[[], object], what: str = "it") -> None:
    """Looks again and again until a deadline."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 # the other side has no event to wait for
            await asyncio.sleep(0.01)


async def unhealthy(bridge: Bridge) -> Health:
    """Asks until the answer is bad, and gives it."""
    async with asyncio.timeout(PATIENCE):
        health = await bridge.health()
        while health.ok:
            await asyncio.sleep(0.01)
            health = await bridge.health()
    return health


class World(Protocol):
    """A bridge, the sink it writes to, and the phones behind it."""

    bridge: Bridge
    sink: RecordingSink
    target: str  # somebody who can be reached
    sender: str  # the name under which that person's messages arrive
    nobody: str  # a well-formed address without anybody
    nonsense: str  # not an address at all

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def break_down(self) -> None: ...
    async def mend(self) -> None: ...
    async def lose_next_answer(self) -> None: ...
    async def throttle(self, on: bool) -> None: ...
    def shown(self, target: str) -> Sequence[str]: ...
    async def says(self, text: str, group: str | None = None) -> object: ...
    async def edits(self, said: object, text: str) -> None: ...
    async def takes_back(self, said: object) -> None: ...


class FakeWorld:
    """The bridge in memory."""

    target, sender, nobody, nonsense = "paul", "paul", "nobody", ""

    def __init__(self) -> None:
        self.fake = FakeBridge()
        self.fake.unreachable = {"nobody", ""}
        self.bridge: Bridge = self.fake
        self.sink = RecordingSink()
        self._keys = (f"key-{n}" for n in itertools.count(1))
        self._now = ticking()

    async def start(self) -> None:
        await self.fake.start(self.sink)

    async def stop(self) -> None:
        await self.fake.stop()

    async def break_down(self) -> None:
        self.fake.down = True

    async def mend(self) -> None:
        self.fake.down = False

    async def lose_next_answer(self) -> None:
        self.fake.will(Unknown("no_answer"))

    async def throttle(self, on: bool) -> None:
        self.fake.down = on

    def shown(self, target: str) -> Sequence[str]:
        return self.fake.texts(target)

    async def says(self, text: str, group: str | None = None) -> object:
        key = next(self._keys)
        await self.fake.inbound(Message(key, self.sender, text, self._now(), group))
        while self.fake.kept:
            await self.fake.hand_over()
        return key

    async def edits(self, said: object, text: str) -> None:
        await self.fake.inbound(
            Edited(next(self._keys), self.sender, str(said), text, self._now())
        )

    async def takes_back(self, said: object) -> None:
        await self.fake.inbound(Deleted(next(self._keys), self.sender, str(said), self._now()))

    async def confirm(self, provider_id: str) -> None:
        await self.fake.inbound(Receipt(provider_id, ReceiptState.DELIVERED, self.sender))


class SignalWorldUnderTest:
    """The Signal bridge on the stand-in of signal-cli."""

    nobody = "11111111-2222-4333-8444-555555555555"
    nonsense = "not a person"

    def __init__(self, state: Path | None = None) -> None:
        self.standin = SignalCliStandIn(SERVICE, ticking(), state=state)
        self.sink = RecordingSink()
        self.target = self.sender = self.standin.world.person("+33639980001", "Paul")

    async def start(self) -> None:
        await self.standin.start()
        settings = SignalSettings(
            account=SERVICE,
            port=self.standin.port,
            check_url=self.standin.check_url,
            call_timeout=2,
            retry_first=0.01,
            retry_last=0.05,
        )
        self.signal = SignalBridge(settings)
        self.bridge: Bridge = self.signal
        await self.bridge.start(self.sink)

    async def stop(self) -> None:
        await self.bridge.stop()
        await self.standin.stop()

    async def break_down(self) -> None:
        await self.standin.stop()
        await eventually(lambda: not self.signal.connected, "the bridge to see it")

    async def mend(self) -> None:
        await self.standin.start()

    async def lose_next_answer(self) -> None:
        self.standin.faults.drop_next = True

    async def throttle(self, on: bool) -> None:
        self.standin.faults.rate_limit = 413 if on else None

    async def outage(self, on: bool) -> None:
        self.standin.faults.network_down = on

    async def challenge(self) -> None:
        self.standin.faults.rate_limit = 428

    async def new_phone(self) -> None:
        self.standin.world.who(self.target).new_phone = True

    @property
    def daemon_port(self) -> int:
        return self.standin.port

    async def scan(self, uri: str) -> None:
        assert uri.startswith("sgnl://linkdevice")

    async def says_to(self, number: str, text: str) -> None:
        await self.says(text)

    async def absent(self, number: str, days: int) -> None:
        self.standin.faults.account.seen = {1: _ago(0), 2: _ago(days)}

    async def unlink(self, number: str) -> None:
        self.standin.unlink()

    def shown(self, target: str) -> Sequence[str]:
        world = self.standin.world
        if target in world.register.circles:
            notes = [note for note in world.register.notes if note.group == target]
        else:
            notes = [note for note in world.inbox(target) if note.group is None]
        return [n.text for n in notes if n.author == world.service and not n.deleted]

    async def says(self, text: str, group: str | None = None) -> object:
        return self.standin.world.say(self.sender, text, group=group)

    async def edits(self, said: object, text: str) -> None:
        self.standin.world.edit(self.sender, int(str(said)), text)

    async def takes_back(self, said: object) -> None:
        self.standin.world.take_back(self.sender, int(str(said)))


class SmsWorld:
    """The SMS bridge on the stand-in of Kannel."""

    target = sender = "+33639980001"
    nobody = "+33639980002"
    nonsense = "123"

    def __init__(self, state: Path | None = None) -> None:
        self.standin = KannelStandIn(ticking(), state=state, delay=0.0)
        self.standin.faults.unreachable = {self.nobody}
        self.sink = RecordingSink()

    async def start(self) -> None:
        await self.standin.start()
        self.settings = KannelSettings(
            url=self.standin.url,
            username="maillage",
            password="maillage",
            sender="MANTES",
            secret="s3cret",
            timeout=0.5,
            throttle=0.05,
        )
        self.kannel = Kannel(self.settings, ticking())
        self.bridge: Bridge = SmsBridge(self.kannel, self.settings)
        await self.bridge.start(self.sink)
        self.standin.inbound_url = f"{self.kannel.callback}/mo"

    async def stop(self) -> None:
        await self.standin.stop()
        await self.bridge.stop()

    async def break_down(self) -> None:
        await self.standin.stop()

    async def mend(self) -> None:
        await self.standin.start()

    async def lose_next_answer(self) -> None:
        self.standin.faults.silent = True

    async def throttle(self, on: bool) -> None:
        self.standin.faults.throttled = on

    def shown(self, target: str) -> Sequence[str]:
        return [text.text for text in self.standin.inbox(target) if not text.mine]

    async def says(self, text: str, group: str | None = None) -> object:
        self.standin.say(self.sender, text)
        return text

    async def edits(self, said: object, text: str) -> None:
        raise AssertionError("an SMS can't be edited")

    async def takes_back(self, said: object) -> None:
        raise AssertionError("an SMS can't be taken back")
