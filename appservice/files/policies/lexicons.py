"""Reads the lexicons of a policy: lists of word patterns, short forms and emoji."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from appservice.domain.moderation.pattern import Pattern, PatternError, parse
from appservice.domain.moderation.spelling import LongWords, Spelling
from appservice.files.yaml_source import Line, ProblemList, Table

# Words of this lexicon are looked for behind stars.
_MASKED = "insulte"


@dataclass(frozen=True, slots=True)
class Use:
    """A place where a lexicon is named by another."""

    name: str
    path: str
    line: int


@dataclass(slots=True)
class Lexicons:
    """Patterns by notion, and where notions are used."""

    patterns: dict[str, list[Pattern]] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)


# A comma, but not inside brackets: `vol[s,eur]` is one word.
_COMMA = re.compile(r",(?![^\[\]]*\])")


def _pieces(line: str) -> list[str]:
    """The patterns of a line; `#` opens a comment."""
    stripped = (piece.strip() for piece in _COMMA.split(line.partition("#")[0]))
    return [piece for piece in stripped if piece]


def _whole(lines: Iterable[Line]) -> Iterator[Line]:
    """A line that ends with `|` goes on below, so that long choices can be read."""
    begun: Line | None = None
    for line in lines:
        text = line.text.strip()
        if begun is not None:
            line = Line(begun.text + text, begun.line)
        begun = line if text.endswith("|") else None
        if begun is None:
            yield line
    if begun is not None:
        yield begun


def read_lexicons(tables: Iterable[Table], problems: ProblemList) -> Lexicons:
    """Every lexicon of every file; the same name in two files is one lexicon."""
    lexicons = Lexicons()
    for table in tables:
        words = table.table("lexicons", required=False)
        for name in words.keys() if words else ():
            patterns = lexicons.patterns.setdefault(name, [])
            for line in _whole(words.block(name)) if words else ():
                _read_line(line, name, words, patterns, lexicons, problems)
    return lexicons


def _read_line(
    line: Line,
    name: str,
    table: Table | None,
    patterns: list[Pattern],
    lexicons: Lexicons,
    problems: ProblemList,
) -> None:
    path = str(table.path) if table else ""
    for piece in _pieces(line.text):
        try:
            pattern = parse(piece)
        except PatternError as error:
            problems.add(path, line.line, f"{name} : {error}")
            continue
        patterns.append(pattern)
        if pattern.tags:
            lexicons.uses.extend(Use(tag, path, line.line) for tag in sorted(pattern.tags))


def read_spelling(tables: Iterable[Table], problems: ProblemList, lexicons: Lexicons) -> Spelling:
    """Short forms and emoji, written `form = words`."""
    short: dict[str, tuple[str, ...]] = {}
    pictures: dict[str, str] = {}
    for table in tables:
        for form, words in _pairs(table, "short_forms", problems):
            short[form] = tuple(words.split())
        pictures.update(_pairs(table, "emoji", problems))
    return Spelling(short, pictures, _long_words(lexicons), _masked(lexicons))


def _pairs(table: Table, key: str, problems: ProblemList) -> Iterable[tuple[str, str]]:
    if key not in table:
        return
    for line in table.block(key):
        for piece in _pieces(line.text):
            form, equals, words = piece.partition("=")
            if not equals or not form.strip():
                problems.add(table.path, line.line, f"« {piece} » : écrire « forme = mots »")
                continue
            yield form.strip(), words.strip()


def _masked(lexicons: Lexicons) -> tuple[str, ...]:
    patterns = lexicons.patterns.get(_MASKED, [])
    single = {word for p in patterns if len(p.steps) == 1 for word in p.steps[0].words}
    return tuple(sorted(single, key=lambda word: (len(word), word)))


def _long_words(lexicons: Lexicons) -> LongWords:
    steps = (s for found in lexicons.patterns.values() for p in found for s in p.steps)
    return LongWords(sorted({word for step in steps for word in step.words}))
