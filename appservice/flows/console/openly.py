"""What the public page counts: once a day, whoever asks and however often."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from appservice.domain.console.openly import EVERY, OVER, LandCounts, OpenCounts, opened
from appservice.domain.world import World
from appservice.flows.ports import Clock, Counted


@dataclass(slots=True)
class Openly:
    """Nobody asks the database by asking for the page; `at` is when it was last asked."""

    counted: Counted
    clock: Clock
    world: World
    at: datetime | None = None
    _kept: Mapping[str, OpenCounts] = field(default_factory=dict)
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def counts(self) -> Mapping[str, OpenCounts]:
        """By territory. Raises TemporaryFailure when they were never counted and can't be."""
        async with self._alone:
            now = self.clock()
            if self.at is None or now >= self.at + EVERY:
                texts = self.world.texts_in_force(now)
                found = await self.counted.by_territory(texts, now, now - OVER)
                self._kept = {
                    land: opened(found.get(land, LandCounts())) for land in self.world.territories
                }
                self.at = now
        return self._kept
