"""People: anyone named, or made unique by a tie, a nickname, a birth date, an address."""

import re
from itertools import pairwise

from appservice.domain.moderation.checks.spelt import is_nato
from appservice.domain.moderation.kinds import Kinds
from appservice.domain.moderation.policy import Rule
from appservice.domain.moderation.reading import Reading, Slice, covering
from appservice.domain.moderation.tokens import Token
from appservice.domain.moderation.verdict import Span

# Ranks in the lists of names: below, a word is a name first of all.
_COMMON_FIRST = 1500
_COMMON_LAST = 12_000
# Followed by this a word is part of an address of the network.
_GLUED = re.compile(r"[@_]|\.\w")
_BEFORE_A_PLACE = frozenset(
    "a vers entre sur depuis secteur commune bourg d en canton gare".split()
)


def identity(reading: Reading, kinds: Kinds, rule: Rule) -> tuple[Span, ...] | None:
    """Fires on whoever can be told apart from all others."""
    excepted = covering(reading.slices(rule.unless))
    parts = [part for part in reading.slices(rule.finds) if part[0] not in excepted]
    parts += reading.slices(rule.options["always"])
    parts += _named(reading, rule, excepted) + _initialled(reading, excepted)
    return reading.spans(parts) if parts else None


def _initialled(reading: Reading, excepted: set[int]) -> list[Slice]:
    """« D. Kermarec »: an initial, a full stop and a surname."""
    tokens, text = reading.tokens, reading.submission.text
    found = []
    for index, (first, after) in enumerate(pairwise(tokens)):
        apart = index in excepted or not (first.capital and after.capital) or after.shout
        if apart or len(first.word) != 1 or not first.word.isalpha() or len(after.word) < 3:
            continue
        dotted = text[first.end : after.start] in {". ", "."}
        if dotted and not reading.policy.grammar.is_known(after.word):
            found.append((index, index + 2))
    return found


def _named(reading: Reading, rule: Rule, excepted: set[int]) -> list[Slice]:
    found: list[Slice] = []
    ambiguous = covering(reading.slices(rule.options["ambiguous"]))
    signature = _signature_start(reading)
    for index, token in enumerate(reading.tokens):
        if index in excepted or index >= signature:
            continue
        end = _full_name(reading, index, excepted, index in ambiguous)
        if end:
            found.append((index, end))
        elif index not in ambiguous and _is_lone_name(reading, index, token):
            found.append((index, index + 1))
    return found


def _rank(names: object, word: str) -> int:
    return names.get(word, 1_000_000) if isinstance(names, dict) else 1_000_000


def _full_name(reading: Reading, index: int, excepted: set[int], ambiguous: bool) -> int:
    """A first name and a surname side by side; where they end, or 0."""
    tokens, names = reading.tokens, reading.policy.names
    if index + 1 >= len(tokens) or index + 1 in excepted:
        return 0
    first, after = tokens[index], tokens[index + 1]
    if _rank(names.first, first.word) > _COMMON_FIRST * 2 or after.pause:
        return 0
    if after.sentence != first.sentence:
        return 0
    end = index + 1
    while end < len(tokens) - 1 and tokens[end].word in {"le", "la", "de", "du", "d", "el", "ben"}:
        end += 1
    last = tokens[end]
    known = _rank(names.last, last.word) <= _COMMON_LAST
    written = first.capital and last.capital and not (first.shout and last.shout)
    if written and len(last.word) == 1:
        return end + 1
    if written and (known or not reading.policy.grammar.is_known(last.word)):
        return end + 1
    plain = known and not ambiguous and not reading.policy.grammar.is_known(last.word)
    return end + 1 if plain and len(last.word) > 3 else 0


def _is_lone_name(reading: Reading, index: int, token: Token) -> bool:
    if _rank(reading.policy.names.first, token.word) > _COMMON_FIRST or len(token.word) < 4:
        return False
    if token.word in reading.submission.commune.lower().replace("-", " ").split():
        return False
    if is_nato(token.word) or (index and _announces_a_place(reading, index - 1)):
        return False
    text = reading.submission.text
    if _GLUED.match(text[token.end : token.end + 2]) or text[max(0, token.start - 1)] in "@_":
        return False
    return not reading.policy.grammar.is_known(token.word)


def _announces_a_place(reading: Reading, index: int) -> bool:
    """Whether the next word names a commune or a shop rather than a person."""
    return reading.tokens[index].word in _BEFORE_A_PLACE or "commerce" in reading.edges[index]


def _signature_start(reading: Reading) -> int:
    """Index from which the message is only its author's signature."""
    tokens = reading.tokens
    for start in range(max(1, len(tokens) - 7), len(tokens)):
        token = tokens[start]
        opens = token.pause or token.sentence != tokens[start - 1].sentence
        if opens and token.capital and token.word in reading.policy.names.first:
            return start
    return len(tokens)
