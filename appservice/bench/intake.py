"""`intake`: transactions written down a second, against the same door that writes nothing."""

import asyncio
import itertools
import sys
from collections.abc import Collection, Sequence
from datetime import datetime

from appservice.app import clock
from appservice.bench.lab import Lab
from appservice.bench.measure import in_turn
from appservice.bench.outcome import Outcome, Row
from appservice.demo.ports import LOOPBACK, any_free_port
from appservice.flows.ports import Journal
from appservice.matrix.server import Door

GOAL = 0.5
TOKEN = "hs"  # noqa: S105 - of a door that lives for a minute on loopback
HANDS = (1, 32)  # Synapse pushes one transaction after the other; several say what is left


class NoJournal:
    """Forgets all that it is given."""

    async def write(self, source: str, key: str, payload: bytes, at: datetime) -> bool:
        return True

    async def pending(
        self, source: str, limit: int, besides: Collection[int] = ()
    ) -> Sequence[tuple[int, bytes]]:
        return ()

    async def done(self, *entries: int) -> None:
        """Nothing was written."""


async def bench(lab: Lab) -> Outcome:
    """The same door twice; another process pushes."""
    counts, rounds = ((50, 100), 2) if lab.quick else ((600, 3000), 5)
    postgres = await lab.postgres("maillage")
    store = await lab.store(postgres.dsn("maillage"))
    ours, floor = await _door(lab, store.journal), await _door(lab, NoJournal())
    words = itertools.count(1)
    rows = []
    for hands, count in zip(HANDS, counts, strict=True):
        lab.say(f"{count} transactions, {hands} à la fois")

        async def mine(hands: int = hands, count: int = count) -> float:
            return await _push(ours, f"t{next(words)}-", count, hands)

        async def bare(hands: int = hands, count: int = count) -> float:
            return await _push(floor, f"t{next(words)}-", count, hands)

        rates = await in_turn(rounds, mine, bare)
        rows.append(Row(f"{count} transactions, {hands} à la fois", *rates, rounds))
    goals = {f"rapport ≥ {GOAL:g} à plusieurs": rows[-1].ratio >= GOAL}
    return Outcome("intake", "transactions/s", "la même porte, sans base de données", rows, goals)


async def _door(lab: Lab, journal: Journal) -> int:
    """Its port."""
    port = any_free_port()
    door = Door(journal, TOKEN, clock, lambda: None)
    await door.open(LOOPBACK, port)
    lab.stack.push_async_callback(door.close)
    return port


async def _push(port: int, word: str, count: int, hands: int) -> float:
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "appservice.bench.beneath.pusher",
            str(port),
            word,
            str(count),
            str(hands),
        ),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate(f"{TOKEN}\n".encode())
    if process.returncode != 0:
        raise ConnectionError("a transaction was refused")
    return float(out)
