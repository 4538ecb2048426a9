"""The SMS bridge on its other two gateways, in the words of the contract."""

from collections.abc import Awaitable, Callable, Sequence

import pytest_asyncio

from bridges.protocol import Bridge
from bridges.sms.bridge import SmsBridge
from bridges.sms.gammu import Gammu
from bridges.sms.ovh import OvhSms
from bridges.sms.settings import GammuSettings, OvhSettings
from support.bridge_worlds import SmsWorld, ticking
from support.bridges import RecordingSink
from support.gammu_standin import Modem, Wire, make_tables, socket_of
from support.ovh_standin import APPLICATION, CONSUMER, SECRET, SERVICE, OvhStandIn


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gammu_tables(fresh_database: Callable[[], Awaitable[str]]) -> str:
    """The address of a database with gammu-smsd's tables; each world empties them."""
    dsn = await fresh_database()
    await make_tables(dsn)
    return dsn


class OvhWorld(SmsWorld):
    """On a stand-in written from the public documentation: a contract only."""

    def __init__(self) -> None:
        self.ovh = OvhStandIn(ticking())
        self.ovh.faults.unreachable = {self.nobody}
        self.sink = RecordingSink()

    async def start(self) -> None:
        await self.ovh.start()
        self.account = OvhSettings(
            service=SERVICE,
            application_key=APPLICATION,
            application_secret=SECRET,
            consumer_key=CONSUMER,
            url=self.ovh.url,
            sender="MANTES",
            secret="s3cret",
            timeout=0.5,
            throttle=0.05,
            poll=0.02,
        )
        self.bridge: Bridge = SmsBridge(OvhSms(self.account, ticking()), self.account)
        await self.bridge.start(self.sink)

    async def stop(self) -> None:
        await self.bridge.stop()
        await self.ovh.stop()

    async def break_down(self) -> None:
        await self.ovh.stop()

    async def mend(self) -> None:
        await self.ovh.start()

    async def lose_next_answer(self) -> None:
        self.ovh.faults.silent = True

    async def throttle(self, on: bool) -> None:
        self.ovh.faults.throttled = on

    def shown(self, target: str) -> Sequence[str]:
        return [sent.message for sent in self.ovh.phones if sent.receiver == target]

    async def says(self, text: str, group: str | None = None) -> object:
        self.ovh.say(self.sender, text)
        return text


class GammuWorld(SmsWorld):
    """On the tables of gammu-smsd, with a modem in memory behind them."""

    nobody = "+33140205050"  # a fixed line: a modem knows nobody else who can't be reached

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.modem = Modem(dsn)
        self.wire = Wire(socket_of(dsn))
        self.sink = RecordingSink()

    async def start(self) -> None:
        await self.modem.start()
        await self.wire.start()
        name = self.dsn.removeprefix("postgresql://").partition("@")[0]
        self.tables = GammuSettings(
            dsn=f"postgresql://{name}@127.0.0.1:{self.wire.port}/{name}",
            sender="MANTES",
            secret="s3cret",
            timeout=0.7,
            throttle=0.05,
            poll=0.02,
        )
        self.bridge: Bridge = SmsBridge(Gammu(self.tables, ticking()), self.tables)
        await self.bridge.start(self.sink)

    async def stop(self) -> None:
        await self.bridge.stop()
        await self.wire.stop()
        await self.modem.stop()

    async def break_down(self) -> None:
        await self.wire.stop()

    async def mend(self) -> None:
        await self.wire.start()

    async def lose_next_answer(self) -> None:
        self.wire.swallow = self.target.encode()

    async def throttle(self, on: bool) -> None:
        await self.modem.fill(on)

    def shown(self, target: str) -> Sequence[str]:
        return [text for number, text in self.modem.shown if number == target]

    async def says(self, text: str, group: str | None = None) -> object:
        await self.modem.say(self.sender, text)
        return text
