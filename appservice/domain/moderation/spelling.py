"""Brings the spellings of text messages back to dictionary words."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from appservice.domain.moderation.tokens import Token

_LEET = str.maketrans("0134578", "oieastb")
_SHORTEST_MENDED, _LONGEST_MENDED = 9, 24
# From this length on, a silent « e » that was not typed is put back: « menac », « vitrin ».
_SHORTEST_CLIPPED = 5
# Nobody spells more letters than this one by one: the rest of such a run says nothing.
_LONGEST_RUN = 80
# A word said over and over says nothing more; this many are kept of each run.
_LONGEST_ECHO = 12
_STRETCHED = re.compile(r"([a-z])\1{2,}")


class LongWords:
    """Words long enough for a slip to show, and those one slip away from what is typed."""

    def __init__(self, words: Iterable[str]) -> None:
        self._shelves: dict[tuple[str, int], list[str]] = {}
        for word in words:
            if len(word) >= _SHORTEST_MENDED:
                self._shelves.setdefault((word[0], len(word)), []).append(word)

    def near(self, word: str) -> list[str]:
        """The first letter is rarely mistyped; keeping it avoids far-fetched corrections."""
        lengths = (len(word) - 1, len(word), len(word) + 1)
        shelved = (other for n in lengths for other in self._shelves.get((word[0], n), ()))
        return sorted(other for other in shelved if _is_slip(word, other))


@dataclass(frozen=True, slots=True)
class Spelling:
    """Short forms and emoji, each with the words they stand for."""

    short_forms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    long_words: "LongWords" = field(default_factory=lambda: LongWords(()))
    masked: tuple[str, ...] = ()


def mend(tokens: list[Token], spelling: Spelling, known: Callable[[str], bool]) -> list[Token]:
    """Replace what is written by what is meant; offsets stay those of the original."""
    mended: list[Token] = []
    for token in _join_spaced(_without_echo(tokens), known):
        words = _meant(token.word, spelling, known)
        for rank, word in enumerate(words):
            quiet = rank > 0
            mended.append(
                token
                if word == token.word
                else replace(token, word=word, pause=token.pause and not quiet)
            )
    return mended


def _without_echo(tokens: list[Token]) -> list[Token]:
    """Leave out what only repeats the word before, beyond a dozen times."""
    kept: list[Token] = []
    run = 0
    for index, token in enumerate(tokens):
        run = run + 1 if index and token.word == tokens[index - 1].word else 0
        if run < _LONGEST_ECHO:
            kept.append(token)
    return kept


def _meant(word: str, spelling: Spelling, known: Callable[[str], bool]) -> tuple[str, ...]:
    short = spelling.short_forms.get(word)
    if short is not None:
        return short
    if "*" in word:
        return (_unmask(word, spelling.masked),)
    if known(word) or word.isdigit():
        return (word,)
    for attempt in _attempts(word, spelling):
        if attempt in spelling.short_forms:
            return spelling.short_forms[attempt]
        if known(attempt):
            return (attempt,)
    return (word,)


def _unmask(word: str, masked: tuple[str, ...]) -> str:
    """`c*nnard`: stars stand for letters of a word that people hide."""
    head, tail = word.split("*")[0], word.rsplit("*", 1)[1]
    for candidate in masked:
        fits = candidate.startswith(head) and candidate.endswith(tail)
        if fits and abs(len(candidate) - len(word)) <= 2 and len(candidate) > len(head + tail):
            return candidate
    return word.replace("*", "")


def _attempts(word: str, spelling: Spelling) -> list[str]:
    attempts = []
    if any(char.isdigit() for char in word) and sum(map(str.isalpha, word)) >= 2:
        attempts.append(word.translate(_LEET))
        attempts.append(word.replace("1", "l").translate(_LEET))
    if _STRETCHED.search(word):
        attempts.append(_STRETCHED.sub(r"\1", word))
        attempts.append(_STRETCHED.sub(r"\1\1", word))
    if len(word) >= _SHORTEST_CLIPPED and word.isalpha():
        attempts.append(word + "e")
    if _SHORTEST_MENDED <= len(word) <= _LONGEST_MENDED and word.isalpha():
        attempts.extend(spelling.long_words.near(word))
    return attempts


def _is_slip(word: str, other: str) -> bool:
    """A letter too many, missing, or misplaced; one letter for another is another word."""
    if _same_stem(word, other):
        return False
    if len(word) < len(other):
        word, other = other, word
    start = _alike(word, other)
    one, two = word[start:], other[start:]
    end = _alike(one[::-1], two[::-1])
    one, two = one[: len(one) - end], two[: len(two) - end]
    if len(word) > len(other):
        return not two and len(one) == 1
    return one[1:] + one[:1] == two or one[-1:] + one[:-1] == two


def _alike(one: str, other: str) -> int:
    """How many letters begin both."""
    count = 0
    for mine, yours in zip(one, other, strict=False):
        if mine != yours:
            break
        count += 1
    return count


def _same_stem(one: str, other: str) -> bool:
    """Another ending of the same word is no slip."""
    return one.rstrip("esx") == other.rstrip("esx")


def _join_spaced(tokens: list[Token], known: Callable[[str], bool]) -> list[Token]:
    """`v o l` is `vol`: runs of single letters that spell a known word."""
    joined: list[Token] = []
    index = 0
    while index < len(tokens):
        stop = index
        while stop < len(tokens) and len(tokens[stop].word) == 1 and tokens[stop].word.isalnum():
            stop += 1
        run = tokens[index:stop]
        if 3 <= len(run) <= _LONGEST_RUN:
            words = _apart(run)
            joined.extend(map(_glued, words) if len(words) > 1 else _spell(run, known))
            index = stop
        else:
            joined.extend(run[:_LONGEST_RUN] or tokens[index : index + 1])
            index = max(stop, index + 1)
    return joined


def _apart(run: list[Token]) -> list[list[Token]]:
    """`a u   s e c o u r s`: wider gaps part the words; where there are none, it is one run."""
    words: list[list[Token]] = [run[:1]]
    for before, letter in pairwise(run):
        if letter.start - before.end > 1 and not letter.pause:
            words.append([])
        words[-1].append(letter)
    return words


def _glued(letters: list[Token]) -> Token:
    word = "".join(token.word for token in letters)
    return replace(letters[0], word=word, end=letters[-1].end)


_LONGEST_SPELT = 16


def _spell(run: list[Token], known: Callable[[str], bool]) -> list[Token]:
    """Longest known words first, so that `v o l a r e d o n` still begins with `vol`."""
    result: list[Token] = []
    index = 0
    while index < len(run):
        for stop in range(min(len(run), index + _LONGEST_SPELT), index + 2, -1):
            word = "".join(token.word for token in run[index:stop]).translate(_LEET)
            if known(word):
                result.append(replace(run[index], word=word, end=run[stop - 1].end))
                index = stop
                break
        else:
            result.append(run[index])
            index += 1
    return result
