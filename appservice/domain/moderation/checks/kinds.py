"""Kinds: rules that follow from what the sentences are about."""

from appservice.domain.moderation.kinds import Kinds
from appservice.domain.moderation.policy import Rule
from appservice.domain.moderation.reading import Reading
from appservice.domain.moderation.verdict import Span


def no_offence(reading: Reading, kinds: Kinds, rule: Rule) -> tuple[Span, ...] | None:
    """Fires on a security topic when no fact stands beside it."""
    parts = kinds.places["K5"]
    if not parts or kinds.has("K1", "K3"):
        return None
    return reading.spans(parts)


def topic(reading: Reading, kinds: Kinds, rule: Rule) -> tuple[Span, ...] | None:
    """Fires on sentences of a kind that has no place here, whatever stands beside them."""
    parts = [part for kind in rule.options["kinds"] for part in kinds.places[kind]]
    return reading.spans(parts) if parts else None


def unread(reading: Reading, kinds: Kinds, rule: Rule) -> tuple[Span, ...] | None:
    """Fires beside a fact or advice on a sentence of no known kind about people or plans."""
    if not kinds.has("K1", "K2", "K3"):
        return None
    parts = [
        part
        for part in reading.free(rule.finds, rule.unless)
        if not kinds.sentences[reading.tokens[part[0]].sentence]
    ]
    return reading.spans(parts) if parts else None


def prevention(reading: Reading, kinds: Kinds, rule: Rule) -> tuple[Span, ...] | None:
    """Fires on advice alone, unless its author is the national operator."""
    if reading.submission.author_role in rule.options.get("trusted_roles", ()):
        return None
    if not kinds.has("K2") or kinds.has("K1", "K3", "K4", "K5", "K6", "K7"):
        return None
    return reading.spans(kinds.places["K2"])


def chatter(reading: Reading, kinds: Kinds, rule: Rule) -> tuple[Span, ...] | None:
    """Fires when nothing but talk is left; service news from some roles is talk."""
    if kinds.has("K1", "K2", "K4", "K5", "K6", "K7"):
        return None
    if kinds.has("K3"):
        role = reading.submission.author_role
        return () if role in rule.options.get("service_is_talk_for", ()) else None
    return reading.spans(kinds.places["K8"]) if kinds.has("K8") else None
