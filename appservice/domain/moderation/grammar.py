"""Finds every notion of the lexicons in a list of words, level after level."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from appservice.domain.moderation.pattern import Pattern, PatternError, Step
from appservice.domain.moderation.tokens import Token

# For each word, the notions that begin there and where they may end (word index, excluded).
Edges = list[dict[str, set[int]]]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A pattern of a notion, with the level at which it can be tried."""

    notion: str
    steps: tuple[Step, ...]
    level: int


@dataclass(frozen=True, slots=True)
class _Start:
    """What a word may begin: notions it is by itself, and patterns to try."""

    alone: tuple[str, ...]
    entries: tuple[_Entry, ...]


def _start(word: str, found: list[_Entry], level: int) -> _Start:
    at_level = [entry for entry in found if entry.level == level]
    alone = [e for e in at_level if len(e.steps) == 1 and _is_word(e.steps[0], word)]
    rest = tuple(entry for entry in at_level if entry not in alone or entry.steps[0].phrases)
    return _Start(tuple(sorted({entry.notion for entry in alone})), rest)


def _is_word(step: Step, word: str) -> bool:
    return word in step.words or bool(step.stems and word.startswith(step.stems))


def _consuming(steps: tuple[Step, ...]) -> int:
    for index, step in enumerate(steps):
        if not (step.anchor or step.refused):
            return index
    raise PatternError("motif sans mot")


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


class Grammar:
    """All the patterns of a policy, indexed by what they can begin with."""

    __slots__ = ("_by_stem", "_by_tag", "_by_word", "_cache", "_depth", "_stem_lengths", "words")

    def __init__(self, lexicons: Mapping[str, Iterable[Pattern]]) -> None:
        self._by_word: dict[str, list[_Entry]] = {}
        self._by_stem: dict[str, list[_Entry]] = {}
        self._by_tag: dict[tuple[str, int], list[_Entry]] = {}
        self._cache: dict[str, tuple[_Start, ...]] = {}
        frozen = {name: tuple(patterns) for name, patterns in lexicons.items()}
        depths = levels({n: frozenset().union(*(p.tags for p in ps)) for n, ps in frozen.items()})
        self._depth = 1 + max(depths.values(), default=0)
        vocabulary: set[str] = set()
        for name, patterns in frozen.items():
            for pattern in patterns:
                self._index(name, pattern, depths[name])
                vocabulary.update(word for step in pattern.steps for word in step.words)
        self.words = frozenset(vocabulary)
        self._stem_lengths = sorted({len(stem) for stem in self._by_stem})

    def _index(self, notion: str, pattern: Pattern, level: int) -> None:
        first = pattern.steps[_consuming(pattern.steps)]
        if first.gap:
            raise PatternError(f"« {pattern.source} » commence par un écart")
        entry = _Entry(notion, pattern.steps, level)
        for word in {*first.words, *(phrase[0] for phrase in first.phrases)}:
            self._by_word.setdefault(word, []).append(entry)
        for stem in first.stems:
            self._by_stem.setdefault(stem, []).append(entry)
        for tag in first.tags:
            self._by_tag.setdefault((tag, level), []).append(entry)

    def _starting(self, word: str) -> tuple[_Start, ...]:
        """What may begin with this word, per level."""
        known = self._cache.get(word)
        if known is not None:
            return known
        found = list(self._by_word.get(word, ()))
        for length in self._stem_lengths:
            if length > len(word):
                break
            found.extend(self._by_stem.get(word[:length], ()))
        result = tuple(_start(word, found, level) for level in range(self._depth))
        if len(self._cache) < 20_000:
            self._cache[word] = result
        return result

    def is_known(self, word: str) -> bool:
        """Whether some pattern begins with the word, or names it."""
        if word in self.words or word in self._by_word:
            return True
        return any(word[:length] in self._by_stem for length in self._stem_lengths)

    def edges(self, tokens: list[Token], given: Callable[[Token], Iterable[str]]) -> Edges:
        """Every notion found; `given` names the notions a single word has by its shape."""
        edges: Edges = [{tag: {i + 1} for tag in given(t)} for i, t in enumerate(tokens)]
        starts = [self._starting(token.word) for token in tokens]
        limits = _sentence_limits(tokens)
        for level in range(self._depth):
            for position in range(len(tokens)):
                self._try_at(level, position, tokens, starts, limits, edges)
        return edges

    def _try_at(
        self,
        level: int,
        position: int,
        tokens: list[Token],
        starts: list[tuple[_Start, ...]],
        limits: list[int],
        edges: Edges,
    ) -> None:
        here = edges[position]
        start = starts[position][level]
        for notion in start.alone:
            here.setdefault(notion, set()).add(position + 1)
        entries = list(start.entries)
        for tag in here:
            entries.extend(self._by_tag.get((tag, level), ()))
        for entry in entries:
            ends = _match(entry.steps, position, tokens, limits[position], edges)
            if ends:
                here.setdefault(entry.notion, set()).update(ends)


def _sentence_limits(tokens: list[Token]) -> list[int]:
    limits = [len(tokens)] * len(tokens)
    for index in range(len(tokens) - 2, -1, -1):
        same = tokens[index].sentence == tokens[index + 1].sentence
        limits[index] = limits[index + 1] if same else index + 1
    return limits


def _match(
    steps: tuple[Step, ...], start: int, tokens: list[Token], limit: int, edges: Edges
) -> set[int]:
    """Positions where the steps may end when they begin at `start`."""
    ends = {start}
    for step in steps:
        if step.plain:
            after: set[int] = set()
            for end in ends:
                if end < limit:
                    after.update(_one(step, end, tokens, limit, edges))
            ends = after
        else:
            ends = _advance(step, ends, tokens, limit, edges)
        if not ends:
            break
    return ends


def _advance(
    step: Step, ends: set[int], tokens: list[Token], limit: int, edges: Edges
) -> set[int]:
    if step.anchor:
        return {end for end in ends if _anchored(step.anchor, end, tokens, limit)}
    if step.gap:
        return _stretch(step, ends, tokens, limit)
    if step.refused:
        return {end for end in ends if end >= limit or not _one(step, end, tokens, limit, edges)}
    after = set(ends) if step.optional else set()
    for end in ends:
        if end < limit:
            after.update(_one(step, end, tokens, limit, edges))
    return after


def _anchored(anchor: str, end: int, tokens: list[Token], limit: int) -> bool:
    if anchor == "^":
        if end >= len(tokens):
            return False
        return end == 0 or tokens[end].sentence != tokens[end - 1].sentence
    if anchor == "$":
        return end == limit
    return end == limit or (end > 0 and tokens[end].pause)


def _stretch(step: Step, ends: set[int], tokens: list[Token], limit: int) -> set[int]:
    after: set[int] = set()
    for end in ends:
        for further in range(end, min(end + step.gap, limit) + 1):
            if not step.across and further < limit and tokens[further].pause:
                break
            after.add(further)
    return after


def _one(step: Step, end: int, tokens: list[Token], limit: int, edges: Edges) -> Collection[int]:
    word = tokens[end].word
    said = word in step.words or (step.stems and word.startswith(step.stems))
    tagged = step.tags and not step.tags.isdisjoint(edges[end])
    if not (tagged or step.phrases):
        # Nearly always: no set is made for it.
        return (end + 1,) if said else ()
    found = {end + 1} if said else set()
    if tagged:
        here = edges[end]
        for tag in step.tags:
            if tag in here:
                found |= here[tag]
    for phrase in step.phrases:
        after = end + len(phrase)
        if after <= limit and all(tokens[end + k].word == w for k, w in enumerate(phrase)):
            found.add(after)
    return found
