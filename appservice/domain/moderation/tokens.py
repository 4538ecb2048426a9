"""Cuts a folded text into words and sentences."""

import re
from dataclasses import dataclass

from appservice.domain.moderation.characters import Folded

_WORD = re.compile(r"\d+(?:[.,]\d+)+|[a-z0-9]+(?:\*+[a-z0-9]*)*")
_ENDING = re.compile(r"[.!?;\n]")
# A full stop after these does not end a sentence.
_SHORT_FORMS = frozenset(
    "m mm mr mme mmes mlle me dr st ste av bd bld rte env tel no n cf ex etc p j vs min h".split()
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word: its folded form, its place in the original and in the folded text."""

    word: str
    start: int
    end: int
    capital: bool
    shout: bool
    sentence: int
    pause: bool
    quoted: bool = False


def _ends_sentence(gap: str, previous: str, following: bool) -> bool:
    if not _ENDING.search(gap):
        return False
    if gap.startswith(".") and gap.strip() == "." and following:
        glued = gap == "."
        return not glued and previous not in _SHORT_FORMS
    return True


def tokenise(folded: Folded) -> list[Token]:
    """Words in order, each knowing its sentence and whether a pause stands before it."""
    tokens: list[Token] = []
    sentence, last, previous = 0, 0, ""
    for match in _WORD.finditer(folded.text):
        start, end = match.span()
        gap = folded.text[last:start]
        if previous and _ends_sentence(gap, previous, following=True):
            sentence += 1
        place = folded.span(start, end)
        written = folded.original[place[0] : place[1]]
        tokens.append(
            Token(
                word=match.group(),
                start=place[0],
                end=place[1],
                capital=written[:1].isupper(),
                shout=len(written) > 1 and written.isupper(),
                sentence=sentence,
                pause=bool(gap.strip(" '\"-")) or " - " in gap or "\n" in gap,
                quoted='"' in gap,
            )
        )
        last, previous = end, match.group()
    return tokens
