"""`signal`: messages to and from phones through the real signal-cli, against its bare calls.

Signal's mock server is no part of what ships: the bench stands with the tests, in a checkout.
"""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from appservice.bench.lab import Lab
from appservice.bench.outcome import Outcome, Row
from appservice.domain.errors import PermanentFailure

GOAL = 1.3
MEMORY = 16  # MiB: what the journal opens at once; 2,000 messages of a photo each are 10,000
ROOT = Path(__file__).parents[2]
RIG = "support.signal_rig.bench"
WHERE = (
    "« maillage bench signal » a besoin du banc d'essai de Signal, qui n'est pas livré : "
    "lancez-le dans une copie des sources, après « make test »."
)


async def bench(lab: Lab) -> Outcome:
    """The rig says what it measured, a row a line. Raises PermanentFailure without a checkout."""
    if not (ROOT / "tests" / "support" / "signal_rig").is_dir():
        raise PermanentFailure(WHERE)
    lab.say("signal-cli, le serveur d'essai de Signal et toute une ville : quelques minutes")
    rig = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", RIG, *(["--quick"] if lab.quick else [])),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}{os.pathsep}{ROOT}"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert rig.stdout is not None  # noqa: S101 - asked for
    rows = []
    async for line in rig.stdout:
        rows.append(Row(**json.loads(line)))
        lab.say(rows[-1].size)
    if await rig.wait() != 0 or not rows:
        raise PermanentFailure("Le banc d'essai de Signal s'est arrêté : voir plus haut.")
    what = "l'appel JSON-RPC « send » nu, ou l'événement nu, au même signal-cli"
    return Outcome("signal", "ms", what, rows, _goals(rows))


def _goals(rows: Sequence[Row]) -> dict[str, bool]:
    """Every way is asked to take little longer than without us, and a queue no memory."""
    asked = {f"{row.size} : rapport ≤ {GOAL:g}": row.ratio <= GOAL for row in _timed(rows)}
    return asked | {
        f"{row.size} : au plus {MEMORY} Mio de plus": grown <= MEMORY
        for row in rows
        for grown in row.parts.values()
    }


def _timed(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.unit == "ms"]
