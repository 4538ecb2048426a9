"""Suggests a text that says the same fact lawfully, where a simple change is enough."""

import re

from appservice.domain.moderation.verdict import Span, Verdict
from appservice.domain.text import SINGLE_SMS_SEPTETS, gsm7_length, to_gsm7

# What may be cut out without changing the fact that is told.
_REMOVABLE = frozenset({"licence-plate", "contact-details"})
_MENDABLE = _REMOVABLE | {"unverified-source", "over-length-gsm7", "accusation-of-guilt"}
_REPORTED = re.compile(r"\bsignal(?P<ending>ée?s?)\b", re.IGNORECASE)
_LEFTOVERS = re.compile(
    r"\b(?:plaque|immat(?:riculation|riculée?s?)?|IBAN|tél?)\s*:?\s*(?=[.,;]|$)", re.IGNORECASE
)
_ACCUSED = re.compile(
    r"\b(?:le|la) (?:voleur|voleuse|cambrioleur|cambrioleuse|braqueur|escroc|coupable)\b",
    re.IGNORECASE,
)


def suggest(text: str, verdict: Verdict) -> str | None:
    """A better text for the rules that a change of words can satisfy, or None."""
    rules = set(verdict.rules)
    if not rules or not rules <= _MENDABLE:
        return None
    removed = [s for f in verdict.findings if f.rule in _REMOVABLE for s in f.spans]
    better = _LEFTOVERS.sub("", _without(text, removed))
    if "unverified-source" in rules:
        better = _REPORTED.sub(r"constat\g<ending> par la gendarmerie", better)
    if "accusation-of-guilt" in rules:
        better = _ACCUSED.sub("une personne mise en cause", better)
    better = _tidy(better)
    if gsm7_length(better) > SINGLE_SMS_SEPTETS:
        better = to_gsm7(better)
    fits = gsm7_length(better) <= SINGLE_SMS_SEPTETS
    return better if fits and better and better != text else None


def _without(text: str, spans: list[Span]) -> str:
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + text[end:]
    return text


def _tidy(text: str) -> str:
    text = re.sub(r"\s+([,.;])", r"\1", re.sub(r"\s+", " ", text))
    text = re.sub(r"([,;:])\s*(?=[.,;])", "", text)
    return text.strip(" ,;:")
