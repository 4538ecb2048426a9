"""`moderate`: messages judged a second, against a bare Unicode normalisation of the same texts."""

import itertools
import statistics
import time
import unicodedata
from collections.abc import Sequence

from appservice.bench.lab import Lab
from appservice.bench.measure import in_turn
from appservice.bench.outcome import Outcome, Row
from appservice.domain.moderation.judge import judge
from appservice.domain.moderation.verdict import Submission
from appservice.files.world import load_world, shipped_paths

GOAL = 2.0  # milliseconds a message
_WHAT = (
    "Vol à l'étalage constaté ce matin rue de la République",
    "Faux billets de 50 euros remis hier soir, vérifiez les vôtres",
    "Un individu suspect rôde devant la pharmacie depuis une heure",
    "Vol par ruse constaté, un homme se présente comme plombier",
    "Bonjour à tous, le marché est déplacé place de la Mairie demain",
    "Il s'appelle Martin Dupont et roule en Clio grise AB-123-CD",
    "Cambriolage cette nuit, la vitrine a été brisée entre 2 h et 4 h",
    "Vol avec violence EN COURS au tabac, appelez le 17",
)
_MORE = (
    "",
    " Appelez le 02 99 00 00 00 si vous avez vu quelque chose.",
    " Merci de rester vigilants et de prévenir la gendarmerie.",
    " Deux personnes, vêtues de sombre, parties à pied vers la gare.",
)


def texts(count: int) -> list[str]:
    """As people write: short, long, careful, not."""
    pairs = itertools.cycle(itertools.product(_WHAT, _MORE))
    return [
        f"{what} ({number}).{more}"
        for number, (what, more) in zip(range(count), pairs, strict=False)
    ]


async def bench(lab: Lab) -> Outcome:
    """In this process, one message after the other."""
    policy = load_world(shipped_paths()).policy
    said = texts(16 if lab.quick else 1000)
    each: list[float] = []

    async def ours() -> float:
        start = time.perf_counter()
        for text in said:
            before = time.thread_time()
            judge(Submission(text, "gendarme"), policy)
            each.append((time.thread_time() - before) * 1000)
        return len(said) / (time.perf_counter() - start)

    async def floor() -> float:
        return _normalised(said)

    rounds = 2 if lab.quick else 7
    mine, others = await in_turn(rounds, ours, floor)
    median = statistics.median(each)
    slow = statistics.quantiles(each, n=100)[94]
    parts = {"ms CPU/message": median, "ms CPU au 95e centile": slow}
    row = Row(f"{len(said)} messages", mine, others, rounds, parts=parts)
    goals = {f"médiane ≤ {GOAL:g} ms CPU par message": median <= GOAL}
    return Outcome("moderate", "messages/s", "normalisation Unicode seule", [row], goals)


def _normalised(said: Sequence[str]) -> float:
    start = time.perf_counter()
    for text in said:
        unicodedata.normalize("NFKC", text).casefold()
    return len(said) / (time.perf_counter() - start)
