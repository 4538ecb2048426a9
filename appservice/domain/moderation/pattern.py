"""The small language of word patterns that lexicons are written in, and its reader."""

from dataclasses import dataclass, field
from functools import lru_cache

from appservice.domain.moderation.characters import fold
from appservice.domain.moderation.tokens import tokenise

# Endings of the regular verbs in -er, once accents are folded away.
_ENDINGS = {
    "er": "e es ons ez ent er ant ais ait ions iez aient a ai as erent era erai eras erons erez "
    "eront erait erais eraient ee ees",
    "present": "e es ons ez ent",
    "pp": "e es ee ees",
    "inf": "er",
    "imp": "ez ons",
    "futur": "era eront erez erons erai",
    "cond": "erait eraient erais",
    "s": "_ s",
    "es": "_ e s es",
    "x": "_ x",
    "nt": "_ nt",
    "z": "_ z",
    "me": "_ me",
}


_NO_TAGS: frozenset[str] = frozenset()


class PatternError(ValueError):
    """A pattern that cannot be read; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a pattern: what the next words may be."""

    words: frozenset[str] = frozenset()
    stems: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    phrases: tuple[tuple[str, ...], ...] = ()
    gap: int = 0
    across: bool = False
    optional: bool = False
    refused: bool = False
    anchor: str = ""
    source: str = ""
    # Whether it simply asks for the next words.
    plain: bool = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        plain = not (self.anchor or self.gap or self.refused or self.optional)
        object.__setattr__(self, "plain", plain)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A sequence of steps read from left to right."""

    steps: tuple[Step, ...]
    source: str
    tags: frozenset[str] = field(default_factory=frozenset)


def _expand(word: str) -> list[str]:
    if "[" not in word:
        return [word]
    stem, _, rest = word.partition("[")
    name, closed, tail = rest.partition("]")
    if not closed or tail:
        raise PatternError(f"crochet mal fermé dans « {word} »")
    endings = _ENDINGS.get(name)
    if endings is None and "," not in name:
        known = ", ".join(sorted(_ENDINGS))
        raise PatternError(f"terminaison inconnue « [{name}] » (connues : {known})")
    parts = endings.split() if endings else name.split(",")
    return [stem + ("" if part == "_" else part.strip()) for part in parts]


def _plain(word: str) -> tuple[str, ...]:
    if word.isascii() and word.isalpha():
        return (word.lower(),)
    return tuple(token.word for token in tokenise(fold(word, {})))


def _alternatives(piece: str, body: str, *, optional: bool, refused: bool) -> Step:
    words: set[str] = set()
    stems: list[str] = []
    tags: set[str] = set()
    phrases: list[tuple[str, ...]] = []
    for part in body.split("|"):
        if part.startswith("@"):
            tags.add(part[1:])
            continue
        if part.endswith("*"):
            stem = _plain(part[:-1])
            if len(stem) != 1 or len(stem[0]) < 3:
                raise PatternError(f"radical trop court « {part} » (trois lettres au moins)")
            stems.append(stem[0])
            continue
        for word in _expand(part):
            plain = _plain(word)
            if not plain:
                raise PatternError(f"mot vide dans « {body} »")
            if len(plain) == 1:
                words.add(plain[0])
            else:
                phrases.append(plain)
    return Step(
        words=frozenset(words),
        stems=tuple(stems),
        tags=frozenset(tags),
        phrases=tuple(phrases),
        optional=optional,
        refused=refused,
        source=piece,
    )


# The same pieces come back all over the lexicons.
@lru_cache(maxsize=32_768)
def _step(piece: str) -> Step:
    if piece.isascii() and piece.isalpha():
        return Step(words=frozenset((piece.lower(),)), source=piece)
    if piece in {"^", "$", "//"}:
        return Step(anchor=piece, source=piece)
    for mark, across in (("..", True), ("_", False)):
        if piece.startswith(mark) and piece[len(mark) :].isdigit():
            width = int(piece[len(mark) :])
            if not 1 <= width <= 12:
                raise PatternError(f"écart « {piece} » : de 1 à 12 mots")
            return Step(gap=width, across=across, source=piece)
    refused = piece.startswith("!")
    body = piece[1:] if refused else piece
    optional = body.endswith("?")
    body = body[:-1] if optional else body
    if not body:
        raise PatternError(f"élément vide « {piece} »")
    return _alternatives(piece, body, optional=optional, refused=refused)


def parse(source: str) -> Pattern:
    """Read one pattern, for instance `aucun|pas d|de _2 @infraction`."""
    steps = tuple(map(_step, source.split()))
    if not steps:
        raise PatternError("motif vide")
    if not steps[0].plain:
        _must_begin_with_a_word(source, steps)
    tagged = [step.tags for step in steps if step.tags]
    return Pattern(steps, source, frozenset().union(*tagged) if tagged else _NO_TAGS)


def _must_begin_with_a_word(source: str, steps: tuple[Step, ...]) -> None:
    if all(step.gap or step.optional or step.anchor or step.refused for step in steps):
        raise PatternError(f"« {source} » ne contient aucun mot obligatoire")
    if next(step for step in steps if not (step.anchor or step.refused)).optional:
        raise PatternError(f"« {source} » commence par un mot facultatif : écrire deux motifs")
