"""Finds every notion of the lexicons in a list of words, level after level."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from appservice.domain.moderation.branches import Branch, Edges, Walk
from appservice.domain.moderation.pattern import Pattern, PatternError, Step
from appservice.domain.moderation.tokens import Token

__all__ = ["Edges", "Grammar", "levels"]

# Words whose beginnings are remembered: enough for a language, bounded for a flood.
_REMEMBERED = 20_000


def levels(references: Mapping[str, frozenset[str]]) -> dict[str, int]:
    """Depth of each notion over the notions it is made of; a circle is an error."""
    known: dict[str, int] = {}

    def depth(name: str, path: tuple[str, ...]) -> int:
        if name in path:
            raise PatternError("cercle entre lexiques : " + " → ".join((*path, name)))
        if name not in known:
            below = (depth(other, (*path, name)) for other in sorted(references.get(name, ())))
            known[name] = 1 + max(below, default=-1)
        return known[name]

    for name in references:
        depth(name, ())
    return known


def _first(pattern: Pattern) -> Step:
    """The first step that reads a word."""
    for step in pattern.steps:
        if step.gap:
            raise PatternError(f"« {pattern.source} » commence par un écart")
        if not (step.anchor or step.refused):
            return step
    raise PatternError("motif sans mot")


class Grammar:
    """All the patterns of a policy: one tree for each level."""

    __slots__ = ("_known", "_opened", "_roots", "_stem_lengths", "_stems", "words")

    def __init__(self, lexicons: Mapping[str, Iterable[Pattern]]) -> None:
        frozen = {name: tuple(patterns) for name, patterns in lexicons.items()}
        depths = levels({n: frozenset().union(*(p.tags for p in ps)) for n, ps in frozen.items()})
        self._roots = [Branch() for _ in range(1 + max(depths.values(), default=0))]
        self._opened: dict[str, tuple[Sequence[Branch], ...]] = {}
        words: list[frozenset[str]] = []
        beginnings: set[str] = set()
        stems: set[str] = set()
        for name, patterns in frozen.items():
            root = self._roots[depths[name]]
            for pattern in patterns:
                first = _first(pattern)
                root.add(pattern.steps, name)
                beginnings.update(phrase[0] for phrase in first.phrases)
                stems.update(first.stems)
                words.extend(step.words for step in pattern.steps if step.words)
        self.words = frozenset().union(*words)
        self._known = self.words | beginnings
        self._stems = frozenset(stems)
        self._stem_lengths = sorted({len(stem) for stem in stems})

    def is_known(self, word: str) -> bool:
        """Whether some pattern begins with the word, or names it."""
        if word in self._known:
            return True
        return any(word[:length] in self._stems for length in self._stem_lengths)

    def edges(self, tokens: list[Token], given: Callable[[Token], Iterable[str]]) -> Edges:
        """Every notion found; `given` names the notions a single word has by its shape."""
        edges: Edges = [{tag: {i + 1} for tag in given(t)} for i, t in enumerate(tokens)]
        opened = [self._opening(token.word) for token in tokens]
        walk = Walk(
            [token.word for token in tokens],
            [token.pause for token in tokens],
            _sentence_limits(tokens),
            edges,
        )
        for level, root in enumerate(self._roots):
            for position in range(len(tokens)):
                walk.begin(root, opened[position][level], position)
        return edges

    def _opening(self, word: str) -> tuple[Sequence[Branch], ...]:
        """What the word alone opens, per level."""
        known = self._opened.get(word)
        if known is None:
            known = tuple(root.by_word(word) for root in self._roots)
            if len(self._opened) < _REMEMBERED:
                self._opened[word] = known
        return known


def _sentence_limits(tokens: list[Token]) -> list[int]:
    limits = [len(tokens)] * len(tokens)
    for index in range(len(tokens) - 2, -1, -1):
        same = tokens[index].sentence == tokens[index + 1].sentence
        limits[index] = limits[index + 1] if same else index + 1
    return limits
