"""The SMS bridge on Debian's Kannel, bound by SMPP to an operator in small."""

import signal
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pytest
import pytest_asyncio

from appservice.bench.beneath.kannel import KannelProcess
from appservice.bench.beneath.operator import Faults, Operator
from appservice.demo.ports import any_free_port
from bridges.protocol import Bridge
from bridges.sms.bridge import SmsBridge
from bridges.sms.kannel import Kannel
from bridges.sms.settings import KannelSettings
from support.bridge_worlds import SmsWorld, eventually, ticking
from support.bridges import RecordingSink
from support.programs import program
from support.smpp_tap import Tap

# Only waits are shorter than those of a deployment.
SOONER = {
    "reconnect-delay = 10": "reconnect-delay = 1",
    "sms-resend-freq = 5": "sms-resend-freq = 1",
    "http-queue-delay = 10": "http-queue-delay = 1",
}


@dataclass(slots=True)
class RealGateway:
    """The gateway, the operator, and where the gateway calls us."""

    kannel: KannelProcess
    operator: Operator
    tap: Tap  # on the wire between both
    port: int

    def settings(self, **more: object) -> KannelSettings:
        given: dict[str, object] = {
            "url": self.kannel.url,
            "username": "maillage",
            "password": self.kannel.secret("password"),
            "secret": self.kannel.secret("secret"),
            "sender": "MANTES",
            "port": self.port,
            "throttle": 0.05,
        }
        return KannelSettings(**(given | more))  # type: ignore[arg-type] # any field

    def bridge(self, now: Callable[[], datetime] | None = None, **more: object) -> SmsBridge:
        settings = self.settings(**more)
        return SmsBridge(Kannel(settings, now or ticking()), settings)

    async def turn_on(self, number: str, at: datetime) -> None:
        """That phone is on again; its operator kept each text for as long as it was told."""
        await self.operator.turned_on(number, in_time=at < self.tap.until[number])

    async def bound(self) -> None:
        await eventually(lambda: self.operator.bound, "the bind")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gateway_of_the_session(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[RealGateway]:
    """Started once: a second."""
    program("bearerbox")
    operator, port = Operator(), any_free_port()
    await operator.start()
    tap = Tap(operator.port)
    await tap.start()
    kannel = KannelProcess(
        tmp_path_factory.mktemp("kannel"),
        tap.port,
        port,
        SOONER,
    )
    await kannel.prepare()
    await kannel.start()
    gateway = RealGateway(kannel, operator, tap, port)
    await gateway.bound()
    yield gateway
    await kannel.stop()
    await tap.stop()
    await operator.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def gateway(gateway_of_the_session: RealGateway) -> RealGateway:
    """The same, with phones that are empty and an operator that does nothing wrong."""
    operator = gateway_of_the_session.operator
    operator.faults = Faults()
    operator.parts.clear()
    operator.asked = 0
    gateway_of_the_session.tap.until.clear()
    gateway_of_the_session.tap.senders.clear()
    return gateway_of_the_session


class RealSmsWorld(SmsWorld):
    """The world of the contract, with nothing that we wrote between the bridge and SMPP."""

    nobody = "+33140205050"  # a fixed line: Kannel itself takes every number

    def __init__(self, gateway: RealGateway) -> None:
        self.gateway = gateway
        self.stopped = self.broken = False
        self.sink = RecordingSink()

    async def start(self) -> None:
        self.bridge: Bridge = self.gateway.bridge(timeout=1.5)
        await self.bridge.start(self.sink)

    async def stop(self) -> None:
        await self.bridge.stop()
        if self.stopped:
            self.gateway.kannel.signal_smsbox(signal.SIGCONT)
            await self.gateway.kannel.ready()
        if self.broken:
            await self.mend()

    async def break_down(self) -> None:
        self.broken = True
        await self.gateway.kannel.kill()

    async def mend(self) -> None:
        self.broken = False
        await self.gateway.kannel.start()
        await self.gateway.bound()

    async def lose_next_answer(self) -> None:
        """It hears, and is stopped before it can answer."""
        self.stopped = True
        self.gateway.kannel.signal_smsbox(signal.SIGSTOP)

    async def throttle(self, on: bool) -> None:
        """smsbox alone, without bearerbox, says that it can't for now."""
        if on:
            await self.gateway.kannel.stop_bearerbox()
        else:
            await self.gateway.kannel.kill()
            await self.mend()

    def shown(self, target: str) -> Sequence[str]:
        return self.gateway.operator.shown(target)

    async def says(self, text: str, group: str | None = None) -> object:
        await self.gateway.operator.say(self.sender, text)
        return text
