"""Many alerts while everything breaks down at random; `make soak` makes it ten thousand."""

import asyncio
import os
import random
from collections.abc import Callable

import pytest
from support.breakdowns import BREAKDOWNS, any_of_them, service_killed
from support.fault_stage import Town

ALERTS = int(os.environ.get("MAILLAGE_ALERTS", "100"))
SEED = int(os.environ.get("MAILLAGE_SEED", random.SystemRandom().randrange(1_000_000)))
AT_ONCE, A_ROUND = 5, 100

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(max(900, ALERTS * 6))]


async def test_alerts_survive_whatever_breaks(
    town: Town, record_property: Callable[[str, object], None]
) -> None:
    record_property("repeat", f"MAILLAGE_SEED={SEED} MAILLAGE_ALERTS={ALERTS}")
    chance = random.Random(SEED)
    # Each kind of trouble once a round; then at random.
    for start in range(0, ALERTS, A_ROUND):
        count = min(A_ROUND, ALERTS - start)
        troubles = [*BREAKDOWNS, service_killed, service_killed]
        chance.shuffle(troubles)
        texts = []
        for batch in range(0, count, AT_ONCE):
            texts += [await town.publishes() for _ in range(min(AT_ONCE, count - batch))]
            await asyncio.sleep(chance.uniform(0, 1.5))
            if batch % 10 == 0:
                trouble = troubles.pop() if troubles else any_of_them(chance)
                await trouble(town, chance)
            assert town.stage.service is not None
            assert town.stage.service.running, f"seed {SEED}"
        await town.all_have_it_or_an_officer_knows(texts)
        await town.plan_is_empty()
        town.wipe()
