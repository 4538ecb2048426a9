"""Reads a rating: « note S12 4 », « note 4, rapide et clair », « 4/5 »."""

import re

from appservice.domain.commands.nouns import RateReport
from appservice.domain.commands.words import EDGES, Line, read_reference
from appservice.domain.ids import ReportId

_VERBS = frozenset({"note", "notes", "noter"})
_OUT_OF_FIVE = r"(?:\s*(?:/|sur)\s*5)"
_SCORE = re.compile(rf"(?P<score>[1-5]){_OUT_OF_FIVE}?(?!\w|[.,/]\d)(?P<rest>.*)", re.S | re.I)
_ALONE = re.compile(rf"[1-5]{_OUT_OF_FIVE}\W*", re.I)
_NUMBERS = re.compile(r"\d+(?:[.,/]\d+)?\W*")
_ANOTHER = re.compile(
    rf"(?:n[°o]\s*)?(?P<report>\d{{1,9}})\s+(?P<score>[1-5]){_OUT_OF_FIVE}?\W*", re.I
)


def read_rating(line: Line, text: str) -> RateReport | None:
    """None for a sentence that only begins like one: « note de 20 € contrefaite » is a report.

    A score that can't be read is None in what is returned: whoever answers looks for a danger in
    the words before saying so.
    """
    text = text.strip()
    if _ALONE.fullmatch(text):
        return RateReport(None, int(text[0]), "", text)
    if line.verb not in _VERBS:
        return None
    rest = line.rest.strip(EDGES)
    named = read_reference(rest)
    if named is not None and named.letter == "S":
        score, comment = _scored(named.after)
        return RateReport(ReportId(named.number), score, comment, text)
    return _unnamed(rest, text, called=line.called)


def _unnamed(rest: str, text: str, *, called: bool) -> RateReport | None:
    another = _ANOTHER.fullmatch(rest)
    if another is not None:  # « note 12 4 »
        return RateReport(ReportId(int(another["report"])), int(another["score"]), "", text)
    score, comment = _scored(rest)
    if score is None and rest and not called and not _NUMBERS.fullmatch(rest):
        return None
    return RateReport(None, score, comment if score is not None else "", text)


def _scored(text: str) -> tuple[int | None, str]:
    """The score, and the words; all of them are words when there is none."""
    found = _SCORE.match(text)
    if found is None:
        return None, text
    return int(found["score"]), found["rest"].strip(EDGES)
