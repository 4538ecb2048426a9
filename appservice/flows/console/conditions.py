"""How each channel is, for whoever opens the console."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from appservice.domain.console.conditions import Condition
from appservice.domain.member import Channel
from appservice.flows.ports import Clock
from bridges.protocol import Bridge, Health

_KEPT = timedelta(seconds=10)
_PATIENCE = timedelta(seconds=2)  # nobody waits longer for a page because a channel is silent


@dataclass(slots=True)
class Conditions:
    """Channels are asked once in ten seconds at most, however many people look.

    It says what is wrong and never whose telephone it is: that stands in the postes.
    """

    bridges: Mapping[Channel, Bridge]
    clock: Clock
    _found: Sequence[Condition] = ()
    _at: datetime | None = None
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self) -> Sequence[Condition]:
        """What does not work as it should. Never raises."""
        async with self._alone:
            now = self.clock()
            if self._at is None or not self._at <= now < self._at + _KEPT:
                asked = (_of(channel, bridge) for channel, bridge in self.bridges.items())
                self._found = [one for found in await asyncio.gather(*asked) for one in found]
                self._at = now
        return self._found


async def _of(channel: Channel, bridge: Bridge) -> Sequence[Condition]:
    try:
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            health = await bridge.health()
    except Exception:
        health = Health(False, f"{channel}_down")
    codes = [trouble.code for trouble in health.troubles]
    if not health.ok and not codes:
        codes = [health.code]
    return [Condition(channel, code) for code in dict.fromkeys(codes)]
