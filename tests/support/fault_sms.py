"""The town's telephones on the real Kannel instead of its stand-in."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest_asyncio

from appservice.bench.beneath.operator import Faults
from appservice.demo.standins.kannel import Text
from support.fault_stage import FaultStage, Town
from support.real_sms import RealGateway, gateway_of_the_session

__all__ = ["gateway_of_the_session", "real_town"]
_SECRETS = ("password", "secret")


@dataclass(slots=True)
class RealTelephones:
    """What the stage asks of its telephones, answered by those of the operator behind Kannel."""

    gateway: RealGateway
    _speaking: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return self.gateway.kannel.url

    def inbox(self, number: str) -> Sequence[Text]:
        read = self.gateway.operator.read(number)
        return [Text(number, text, 0.0, sender=sender) for text, sender in read]

    def say(self, number: str, text: str) -> None:
        """The operator insists until Kannel has taken it."""
        task = asyncio.create_task(self.gateway.operator.say(number, text))
        self._speaking.add(task)
        task.add_done_callback(self._speaking.discard)

    async def said(self) -> None:
        """Kannel has taken everything. Raises what went wrong."""
        await asyncio.gather(*self._speaking)

    async def silence(self) -> None:
        for task in list(self._speaking):
            task.cancel()
        await asyncio.gather(*self._speaking, return_exceptions=True)


@asynccontextmanager
async def on_real_kannel(town: Town, gateway: RealGateway) -> AsyncIterator[Town]:
    """The same town and service, whose texts take another way meanwhile."""
    stage, real = town.stage, RealTelephones(gateway)
    standin, port = stage.kannel, stage.ports["retours SMS"]
    kept = {name: (stage.state / f"kannel.{name}").read_text("ascii") for name in _SECRETS}
    theirs = {name: gateway.kannel.secret(name) for name in _SECRETS}
    await _change(stage, real, gateway.port, theirs)
    try:
        yield town
        await stage.settle()
    finally:
        await real.silence()
        await _change(stage, standin, port, kept)


async def _change(
    stage: FaultStage, telephones: object, port: int, secrets: dict[str, str]
) -> None:
    await stage.stop_service()
    stage.kannel = telephones  # type: ignore[assignment] # the part of it that the stage uses
    stage.ports["retours SMS"] = port
    for name, secret in secrets.items():
        (stage.state / f"kannel.{name}").write_text(secret, "ascii")
    stage._write_config()
    await stage.restart_service()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def real_town(busy_town: Town, gateway_of_the_session: RealGateway) -> AsyncIterator[Town]:
    """No other homeserver: the town's service is started once more, with another gateway."""
    gateway_of_the_session.operator.faults = Faults()
    busy_town.stage.order()
    async with on_real_kannel(busy_town, gateway_of_the_session):
        yield busy_town
