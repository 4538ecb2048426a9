"""Whether each part works now: the database, the homeserver, every bridge."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from appservice.domain.errors import MaillageError
from appservice.domain.member import Channel
from appservice.flows.ports import Watched
from bridges.protocol import Bridge, Health

DATABASE = "database"
PATIENCE = timedelta(seconds=8)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the service. `code` is stable and free of personal data."""

    name: str
    ok: bool
    code: str
    advice: str = ""  # French, what to do


@dataclass(frozen=True, slots=True)
class Readiness:
    """Asks every part at once; one that does not answer in time is not ready."""

    watched: Watched
    channels: Mapping[Channel, Bridge]
    patience: timedelta = PATIENCE

    async def look(self) -> Sequence[Part]:
        """The database first, then the channels. Never raises."""
        bridges = [ask(name, bridge, self.patience) for name, bridge in self.channels.items()]
        return await asyncio.gather(self._database(), *bridges)

    async def _database(self) -> Part:
        try:
            async with asyncio.timeout(self.patience.total_seconds()):
                await self.watched.now()
        except (MaillageError, TimeoutError):
            return Part(DATABASE, False, "unreachable", "La base de données ne répond pas.")
        return Part(DATABASE, True, "ok")


async def ask(channel: Channel, bridge: Bridge, patience: timedelta = PATIENCE) -> Part:
    """How one channel is. Never raises."""
    try:
        async with asyncio.timeout(patience.total_seconds()):
            health = await bridge.health()
    except TimeoutError:
        health = Health(False, "silent", f"{channel.label} ne répond pas à temps.")
    except Exception as failure:
        # By name only: what an error says may hold an address.
        health = Health(False, type(failure).__name__, f"{channel.label} ne répond pas.")
    return Part(channel.value, health.ok, health.code, health.advice)
