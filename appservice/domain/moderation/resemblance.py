"""How much a text resembles labelled examples: what neither a word nor a rule says alone.

The words and the letters of a text, weighed by how rare they are (tf-idf), and a linear support
vector machine over them, learnt by dual coordinate descent (Hsieh et al., ICML 2008). Nothing is
drawn at random: the same examples give the same weights on every machine.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from appservice.domain.moderation.characters import Folded, fold

LEARNER = 1  # counts the ways of learning: what another one learnt is not read

_WORD = re.compile(r"\w+")
_RUNS = (1, 2, 3)  # words
_SLICES = (3, 4, 5)  # letters, the space before and after a word among them
_LEAST = (2, 3)  # examples that must have a run, a slice
_ROUNDS, _STRICTNESS = 12, 0.3
_DIGITS = 4
_LETTERS = "/"  # before a slice: no word has it

Pieces = Counter[str]
Vector = list[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Resemblance:
    """`pieces`: how rare each known piece is among the examples, and what it weighs."""

    pieces: Mapping[str, Sequence[float]]
    bias: float

    def score(self, folded: str) -> float:
        """Above 0: rather one of them; beyond 1 or -1: surely, or surely not."""
        total, known = self.bias, self.pieces
        for block in _pieces(folded):
            pull = square = 0.0
            for piece, count in block.items():
                if (found := known.get(piece)) is not None:
                    value = found[0] if count == 1 else found[0] * (1 + math.log(count))
                    square += value * value
                    pull += value * found[1]
            if square:
                total += pull / math.sqrt(square)
        return total

    def telling(self, folded: Folded, most: int = 3) -> tuple[tuple[int, int], ...]:
        """The words that weigh most, as spans of the original text."""
        found = []
        for run, start, end in _runs(folded.text):
            rarity, weight = self.pieces.get(run, (0.0, 0.0))
            if weight > 0:
                found.append((-rarity * weight, start, end))
        spans: list[tuple[int, int]] = []
        for _, start, end in sorted(found):
            if len(spans) < most and all(end <= a or start >= b for a, b in spans):
                spans.append((start, end))
        return tuple(folded.span(*span) for span in sorted(spans))


def learn(examples: Iterable[tuple[str, bool]]) -> Resemblance:
    """From texts as they were written, each with whether it is one of those to be found.

    Raises ValueError unless there are some of both.
    """
    labelled = [(_pieces(fold(text, {}).text), 1 if found else -1) for text, found in examples]
    if {side for _, side in labelled} != {1, -1}:
        raise ValueError("examples of both sides are needed")
    rarity = _rarity([blocks for blocks, _ in labelled])
    numbers = {piece: number for number, piece in enumerate(rarity)}
    rows = [
        ([(numbers[piece], value) for piece, value in _vector(blocks, rarity)], side)
        for blocks, side in labelled
    ]
    weights = _separate(rows, len(numbers))
    return Resemblance(
        {
            piece: (round(rare, _DIGITS), round(weights[number], _DIGITS))
            for (piece, rare), number in zip(rarity.items(), numbers.values(), strict=True)
        },
        round(weights[-1], _DIGITS),
    )


def _runs(text: str) -> Iterator[tuple[str, int, int]]:
    """Words and runs of words, with where they are."""
    words = [(match.group(), *match.span()) for match in _WORD.finditer(text)]
    for size in _RUNS:
        for run in zip(*(words[shift:] for shift in range(size)), strict=False):
            yield " ".join([word for word, _, _ in run]), run[0][1], run[-1][2]


def _pieces(text: str) -> tuple[Pieces, Pieces]:
    """Runs of words, and slices of letters."""
    words = _WORD.findall(text)
    runs, slices = list(words), []
    for size in _RUNS[1:]:
        runs += [" ".join(words[i : i + size]) for i in range(len(words) - size + 1)]
    for word in words:
        padded = f" {word} "
        for size in _SLICES:
            slices += [
                _LETTERS + padded[i : i + size] for i in range(max(1, len(padded) - size + 1))
            ]
            if size >= len(padded):
                break
    return Counter(runs), Counter(slices)


def _rarity(texts: Sequence[tuple[Pieces, Pieces]]) -> dict[str, float]:
    """The inverse of how many texts have a piece; those of too few are left out."""
    rarity: dict[str, float] = {}
    for block, least in enumerate(_LEAST):
        seen = Counter(piece for blocks in texts for piece in blocks[block])
        for piece, count in sorted(seen.items()):
            if count >= least:
                rarity[piece] = math.log((1 + len(texts)) / (1 + count)) + 1
    return rarity


def _vector(blocks: tuple[Pieces, Pieces], rarity: Mapping[str, float]) -> Vector:
    """Runs and slices count the same, whatever the length of the text."""
    vector: Vector = []
    for block in blocks:
        values = [
            (piece, (1 + math.log(count)) * rarity[piece])
            for piece, count in block.items()
            if piece in rarity
        ]
        norm = math.sqrt(sum(value * value for _, value in values))
        vector += [(piece, value / norm) for piece, value in values]
    return vector


def _separate(rows: Sequence[tuple[list[tuple[int, float]], int]], size: int) -> list[float]:
    """Weights, and the bias last. Both sides count the same, however many they are."""
    weights = [0.0] * (size + 1)
    sides = Counter(side for _, side in rows)
    slack = {side: count / (len(rows) * _STRICTNESS) for side, count in sides.items()}
    pulls = [0.0] * len(rows)
    squares = [1 + sum(value * value for _, value in row) for row, _ in rows]
    for _ in range(_ROUNDS):
        for at in _scattered(len(rows)):
            row, side = rows[at]
            total = weights[size] + sum([weights[number] * value for number, value in row])
            slope = side * total - 1 + slack[side] * pulls[at]
            former, pulls[at] = (
                pulls[at],
                max(pulls[at] - slope / (squares[at] + slack[side]), 0.0),
            )
            if move := (pulls[at] - former) * side:
                for number, value in row:
                    weights[number] += move * value
                weights[size] += move
    return weights


def _scattered(count: int) -> Iterator[int]:
    """Every number below `count` once, neighbours far apart."""
    step = max(1, int(count * 0.618))
    while math.gcd(step, count) != 1:
        step += 1
    return (turn * step % count for turn in range(count))
