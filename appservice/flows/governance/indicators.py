"""The indicators of a visitor's land, for those who may read counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from appservice.domain.console import Right, Visitor
from appservice.domain.console.indicators import Indicators
from appservice.domain.console.openly import OVER
from appservice.domain.errors import NotAllowed
from appservice.domain.rating.given import month_of
from appservice.domain.rating.periods import Period, periods
from appservice.domain.world import World
from appservice.flows.ports import Clock, Counted


@dataclass(frozen=True, slots=True)
class Watching:
    """Totals of each territory that is the visitor's."""

    counted: Counted
    clock: Clock
    world: World

    async def of(self, visitor: Visitor) -> Mapping[str, Indicators]:
        """By territory. Raises NotAllowed, TemporaryFailure."""
        if not visitor.may(Right.READ_COUNTS):
            raise NotAllowed
        now = self.clock()
        found = await self.counted.indicators(self.world.texts_in_force(now), now, now - OVER)
        lands = [land for land in self.world.territories if visitor.covers(land)]
        return {land: found.get(land, Indicators()) for land in lands}

    async def ratings(self, visitor: Visitor) -> Mapping[str, Sequence[Period]]:
        """By territory, as far as they may be shown. Raises NotAllowed, TemporaryFailure."""
        if not visitor.may(Right.READ_COUNTS):
            raise NotAllowed
        found, current = await self.counted.ratings(), month_of(self.clock())
        lands = [land for land in self.world.territories if visitor.covers(land)]
        return {land: periods(found.get(land, {}), current) for land in lands}
