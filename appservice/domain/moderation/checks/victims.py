"""Victims: who can be recognised as the one that was stolen from."""

from appservice.domain.moderation.kinds import Kinds
from appservice.domain.moderation.policy import Rule
from appservice.domain.moderation.reading import Reading, Slice
from appservice.domain.moderation.verdict import Span


def victim(reading: Reading, kinds: Kinds, rule: Rule) -> tuple[Span, ...] | None:
    """Fires on a definite trade, a sign, a numbered address, a state of health, a signature."""
    parts = reading.free(rule.finds, rule.unless)
    parts += reading.free(rule.options["state"], rule.options["state_unless"])
    parts += _signs(reading, rule)
    if reading.submission.author_role in rule.options["signing_roles"]:
        parts += _signature(reading)
    return reading.spans(parts) if parts else None


def _signs(reading: Reading, rule: Rule) -> list[Slice]:
    """A trade followed by a capitalised word: `bijouterie Lemoine`."""
    found = []
    for start, end in reading.free(rule.options["trades"], rule.unless):
        if end >= len(reading.tokens):
            continue
        after = reading.tokens[end]
        linked = after.sentence == reading.tokens[start].sentence and not after.pause
        if linked and after.capital and not after.shout and not _is_place(reading, end):
            found.append((start, end + 1))
    return found


def _is_place(reading: Reading, index: int) -> bool:
    commune = reading.submission.commune.lower()
    here = reading.edges[index]
    return "lieu" in here or reading.tokens[index].word in commune.split()


def _signature(reading: Reading) -> list[Slice]:
    """A first name that ends the message, alone or before the name of the shop."""
    tokens = reading.tokens
    for start in range(max(1, len(tokens) - 7), len(tokens)):
        token = tokens[start]
        opens = token.pause or token.sentence != tokens[start - 1].sentence
        if opens and token.capital and token.word in reading.policy.names.first:
            rest = tokens[start + 1 :]
            if all(other.capital or len(other.word) <= 3 or other.pause for other in rest):
                return [(start, len(tokens))]
    return []
