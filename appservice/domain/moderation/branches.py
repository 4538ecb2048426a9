"""The patterns of a level as one tree: what begins alike is read once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Self, TypeVar, cast

from appservice.domain.moderation.pattern import Step

# For each word, the notions that begin there and where they may end (word index, excluded).
Edges = list[dict[str, set[int]]]


_Way = TypeVar("_Way")
# Most branches have few ways on, so they share one empty table: thousands are not made.
_NONE: Final[dict[str, Any]] = {}


def _own(table: Mapping[str, _Way]) -> dict[str, _Way]:
    return {} if table is _NONE else cast(dict[str, _Way], table)


def _opened(
    table: Mapping[str, tuple[_Way, ...]], keys: Collection[str], way: _Way
) -> Mapping[str, tuple[_Way, ...]]:
    """The table with a way more under each key."""
    if not keys:
        return table
    own = _own(table)
    for key in keys:
        own[key] = (*own.get(key, ()), way)
    return own


class Branch:
    """A place in the tree: the notions whose pattern ends here, and the ways on.

    A way on is found by the next word, by its stem, by a notion that begins there, or, for
    what is not a plain word (gaps, anchors, refusals), by trying it.
    """

    __slots__ = ("_stem_lengths", "ends", "made", "others", "phrases", "stems", "tags", "words")

    def __init__(self) -> None:
        self.ends: tuple[str, ...] = ()
        self.words: Mapping[str, tuple[Self, ...]] = _NONE
        self.stems: Mapping[str, tuple[Self, ...]] = _NONE
        self.tags: Mapping[str, tuple[Self, ...]] = _NONE
        self.phrases: Mapping[str, tuple[tuple[tuple[str, ...], Self], ...]] = _NONE
        self.others: tuple[tuple[Step, Self], ...] = ()
        self.made: Mapping[str, Self] = _NONE  # every way on, by how its step is written
        self._stem_lengths: tuple[int, ...] = ()

    def add(self, steps: Iterable[Step], notion: str) -> None:
        """Grow the tree by one pattern."""
        branch = self
        for step in steps:
            branch = branch._towards(step)
        if notion not in branch.ends:
            branch.ends += (notion,)

    def _towards(self, step: Step) -> Self:
        known = self.made.get(step.source)
        if known is not None:
            return known
        made = type(self)()
        ways = _own(self.made)
        ways[step.source] = made
        self.made = ways
        if not step.plain:
            self.others += ((step, made),)
            return made
        self.words = _opened(self.words, step.words, made)
        self.stems = _opened(self.stems, step.stems, made)
        self.tags = _opened(self.tags, step.tags, made)
        for phrase in step.phrases:
            self.phrases = _opened(self.phrases, phrase[:1], (phrase, made))
        if step.stems:
            self._stem_lengths = tuple(sorted({len(stem) for stem in self.stems}))
        return made

    def by_word(self, word: str) -> Sequence[Self]:
        """Ways on that the word alone opens."""
        found: tuple[Self, ...] = self.words.get(word, ())
        for length in self._stem_lengths:
            if length <= len(word):
                found = (*found, *self.stems.get(word[:length], ()))
        return found


class Walk:
    """One reading of a message: its words, where their sentences end, what is known so far."""

    __slots__ = ("_edges", "_limits", "_pauses", "_words")

    def __init__(
        self, words: Sequence[str], pauses: Sequence[bool], limits: Sequence[int], edges: Edges
    ) -> None:
        self._words = words
        self._pauses = pauses
        self._limits = limits
        self._edges = edges

    def begin(self, root: Branch, opened: Sequence[Branch], start: int) -> None:
        """Follow every way from a word; `opened` is what that word alone opens."""
        here = self._edges[start]
        limit = self._limits[start]
        reached: dict[Branch, set[int]] = {branch: {start + 1} for branch in opened}
        self._tagged(root, start, reached)
        if root.phrases:
            self._phrased(root, start, limit, reached)
        self._tried(root, {start}, limit, reached)
        while reached:
            branch, places = reached.popitem()
            for notion in branch.ends:
                here.setdefault(notion, set()).update(places)
            if branch.made:
                self._on(branch, places, limit, reached)

    def _on(
        self, branch: Branch, places: set[int], limit: int, reached: dict[Branch, set[int]]
    ) -> None:
        for place in places:
            if place >= limit:
                continue
            if branch.words or branch.stems:
                for way in branch.by_word(self._words[place]):
                    reached.setdefault(way, set()).add(place + 1)
            if branch.tags:
                self._tagged(branch, place, reached)
            if branch.phrases:
                self._phrased(branch, place, limit, reached)
        if branch.others:
            self._tried(branch, places, limit, reached)

    def _tagged(self, branch: Branch, place: int, reached: dict[Branch, set[int]]) -> None:
        tags = branch.tags
        for tag, ends in self._edges[place].items():
            for way in tags.get(tag, ()):
                reached.setdefault(way, set()).update(ends)

    def _phrased(
        self, branch: Branch, place: int, limit: int, reached: dict[Branch, set[int]]
    ) -> None:
        for phrase, way in branch.phrases.get(self._words[place], ()):
            if self._says(phrase, place, limit):
                reached.setdefault(way, set()).add(place + len(phrase))

    def _says(self, phrase: tuple[str, ...], place: int, limit: int) -> bool:
        after = place + len(phrase)
        return after <= limit and tuple(self._words[place:after]) == phrase

    def _tried(
        self, branch: Branch, places: set[int], limit: int, reached: dict[Branch, set[int]]
    ) -> None:
        for step, way in branch.others:
            after = self._advance(step, places, limit)
            if after:
                reached.setdefault(way, set()).update(after)

    def _advance(self, step: Step, places: set[int], limit: int) -> set[int]:
        if step.anchor:
            return {place for place in places if self._anchored(step.anchor, place, limit)}
        if step.gap:
            return self._stretch(step, places, limit)
        if step.refused:
            return {p for p in places if p >= limit or not self._one(step, p, limit)}
        after = set(places)  # what is left is optional
        for place in places:
            if place < limit:
                after.update(self._one(step, place, limit))
        return after

    def _anchored(self, anchor: str, place: int, limit: int) -> bool:
        if anchor == "^":
            return place < len(self._words) and (
                place == 0 or self._limits[place - 1] != self._limits[place]
            )
        if anchor == "$":
            return place == limit
        return place == limit or (place > 0 and self._pauses[place])

    def _stretch(self, step: Step, places: set[int], limit: int) -> set[int]:
        after: set[int] = set()
        for place in places:
            for further in range(place, min(place + step.gap, limit) + 1):
                if not step.across and further < limit and self._pauses[further]:
                    break
                after.add(further)
        return after

    def _one(self, step: Step, place: int, limit: int) -> Collection[int]:
        """Where a plain step may end."""
        word = self._words[place]
        found: set[int] = set()
        if word in step.words or (step.stems and word.startswith(step.stems)):
            found.add(place + 1)
        here = self._edges[place]
        for tag in step.tags:
            found.update(here.get(tag, ()))
        for phrase in step.phrases:
            if self._says(phrase, place, limit):
                found.add(place + len(phrase))
        return found
