"""Reads the words of a typed line: without case, accents or punctuation, and forgiving."""

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

EDGES = " \t\r\n.,;:!?…«»\"'()[]-–—"
_REFERENCE = re.compile(r"(?P<letter>[as])?\s*(?:n[°o])?\s*-?\s*(?P<number>\d{1,9})(?!\d)", re.I)


def plain(text: str) -> str:
    """Lower case, no accent, straight apostrophes, single spaces."""
    text = text.replace("’", "'").replace("œ", "oe").replace("Œ", "oe")
    folded = unicodedata.normalize("NFKD", text.lower())
    letters = "".join(char for char in folded if not unicodedata.combining(char))
    return " ".join(letters.split())


@dataclass(frozen=True, slots=True)
class Line:
    """A typed line: whether it calls us by `!` or `/`, its first word, and what follows."""

    called: bool
    verb: str
    rest: str  # as it was typed


def read_line(text: str) -> Line:
    """Cuts off the call and the first word. « levée de doute » counts as one word."""
    stripped = text.strip()
    bare = stripped.lstrip("!/ \t")
    called = bare != stripped
    parts = bare.split(maxsplit=1)
    first = parts[0] if parts else ""
    rest = parts[1] if len(parts) > 1 else ""
    head, colon, tail = first.partition(":")
    if colon:  # « alerte: vol … » is typed as often as « alerte : vol … »
        first, rest = head, f":{tail} {rest}"
    return Line(called, plain(first.strip(EDGES)), rest.strip())


@dataclass(frozen=True, slots=True)
class Reference:
    """`A7` or `S12`; the letter is empty when only a number was typed."""

    letter: str
    number: int
    after: str  # what follows it, as it was typed


def read_reference(text: str) -> Reference | None:
    """The reference that the text begins with: `A7`, `a 7`, `A-7`, `n° 7`, `7`."""
    match = _REFERENCE.match(text.lstrip(EDGES + "#"))
    if match is None:
        return None
    after = text.lstrip(EDGES + "#")[match.end() :]
    if after[:1].isalnum():
        return None
    return Reference((match["letter"] or "").upper(), int(match["number"]), after.lstrip(EDGES))


def read_rule(rest: str) -> str | None:
    """Which rule « règle 12 » or « règles » asks for; None when it goes on like a sentence."""
    words = plain(rest).strip(EDGES).split()
    if len(words) > 1:
        return None
    return words[0] if words else ""


def closest(word: str, known: Iterable[str], cutoff: float = 0.7) -> str | None:
    """The known word that was probably meant."""
    found = difflib.get_close_matches(word, sorted(known), n=1, cutoff=cutoff)
    return found[0] if found else None
