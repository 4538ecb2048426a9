"""`plan`: what must be, compared with what is, for 36,000 communes and 100,000 members."""

import gc
import time
from datetime import UTC, datetime

from appservice.bench.country import country, settled
from appservice.bench.lab import Lab
from appservice.bench.measure import alone, peak_mib
from appservice.bench.outcome import Outcome, Row
from appservice.domain.membership import Step, desired_by_territory, in_order, plan
from appservice.files.world import load_world, shipped_paths

COMMUNES, MEMBERS = 36_000, 100_000
SECONDS, MEBIBYTES, LINEAR = 10.0, 1024.0, 1.25
TENTH = 10
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


async def bench(lab: Lab) -> Outcome:
    """The floor of a linear plan is ten times what a tenth of the land takes."""
    communes, members = (400, 800) if lab.quick else (COMMUNES, MEMBERS)
    rows = []
    rounds = 1  # of the processor's time: what else runs changes it little
    for name, empty in (("rien n'est fait", True), ("tout est fait", False)):
        mine, tenth = [], []
        for _ in range(rounds):
            lab.say(f"{communes} communes, {name}")
            mine.append(alone(measure, communes, members, empty))
            tenth.append(alone(measure, communes // TENTH, members // TENTH, empty))
        ours, floor = min(mine), min(tenth)
        size = f"{communes} communes × 5 métiers, {members} membres, {name}"
        parts = {
            "pas": ours[2],
            "désirer": ours[3],
            "comparer": ours[4],
            "Mio du registre": ours[5],
        }
        rows.append(Row(size, ours[0], floor[0] * TENTH, rounds, parts=parts))
        rows.append(Row(size, ours[1], floor[1] * TENTH, rounds, "MiB"))
    rows = [rows[1], rows[3], rows[0], rows[2]]
    goals = {
        f"≤ {SECONDS:g} s CPU": all(row.ours <= SECONDS for row in rows[2:]),
        f"≤ {MEBIBYTES:g} MiB": all(row.ours <= MEBIBYTES for row in rows[:2]),
        "linéaire": all(row.ratio <= LINEAR for row in rows[2:]),
    }
    return Outcome("plan", "s CPU", "dix fois un dixième du pays", rows, goals)


def measure(
    communes: int, members: int, empty: bool
) -> tuple[float, float, int, float, float, float]:
    """CPU seconds, MiB at the peak, steps, seconds of each half, MiB of the register.

    One territory after the other, as `flows.membership` walks; what the homeserver says of one
    is an input, so that making it up counts in the memory and not in the seconds.
    """
    land = country(load_world(shipped_paths()), communes, members, NOW)
    gc.collect()
    gc.disable()  # as the flow does
    register = peak_mib()
    wishing = comparing = 0.0
    found: list[Step] = []
    territories = desired_by_territory(land.world, land.members, land.signatures, NOW)
    while True:
        start = time.process_time()
        wanted = next(territories, None)
        wishing += time.process_time() - start
        if wanted is None:
            break
        known, actual = ([], {}) if empty else settled(wanted.rooms, NOW)
        start = time.process_time()
        found += plan(wanted, known, actual, None)
        comparing += time.process_time() - start
    start = time.process_time()
    steps = in_order(found)
    comparing += time.process_time() - start
    return wishing + comparing, peak_mib(), len(steps), wishing, comparing, register
