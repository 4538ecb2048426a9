"""Folds a text to plain lower-case letters while keeping where each one came from."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

# Letters that no decomposition brings back to Latin ones, and signs typed for others.
_LOOKALIKES = {
    "œ": "oe", "æ": "ae", "ø": "o", "ß": "ss", "ł": "l", "đ": "d", "ı": "i",
    "’": "'", "‘": "'", "ʼ": "'", "´": "'", "`": "'", "′": "'", "“": '"', "”": '"', "„": '"',
    "«": '"', "»": '"', "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "•": "-", "·": "-",
    "а": "a", "е": "e", "о": "o", "р": "p", "с": "c", "у": "y", "х": "x", "і": "i", "к": "k",
    "м": "m", "т": "t", "в": "b", "н": "h", "ο": "o", "α": "a", "ν": "v", "ρ": "p", "τ": "t",
}  # fmt: skip
_INVISIBLE = frozenset({"Mn", "Me", "Cf", "Cc", "Co", "Cn"})


@dataclass(frozen=True, slots=True)
class Folded:
    """Folded characters, and for each the index of its origin; `origins[-1]` is the end."""

    text: str
    origins: tuple[int, ...]
    original: str

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Translate a slice of the folded text into a slice of the original."""
        if start >= end:
            return self.origins[start], self.origins[start]
        return self.origins[start], self.origins[end - 1] + 1


@lru_cache(maxsize=4096)
def _fold_char(char: str) -> str:
    if char in "\n\r\u2028\u2029":
        return "\n"
    decomposed = unicodedata.normalize("NFKD", char)
    kept = (part for part in decomposed if unicodedata.category(part) not in _INVISIBLE)
    lowered = "".join(_LOOKALIKES.get(part, part) for low in kept for part in low.lower())
    return lowered if char == " " or not char.isspace() else " "


def fold(text: str, pictures: Mapping[str, str]) -> Folded:
    """Fold the text; `pictures` gives the words an emoji stands for."""
    letters: list[str] = []
    origins: list[int] = []
    for index, char in enumerate(text):
        words = pictures.get(char)
        piece = f" {words} " if words is not None else _fold_char(char)
        letters.append(piece)
        origins.extend([index] * len(piece))
    origins.append(len(text))
    return Folded("".join(letters), tuple(origins), text)
