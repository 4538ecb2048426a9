"""Source: who may state a fact, and with which words it counts as established."""

from appservice.domain.moderation.kinds import Kinds
from appservice.domain.moderation.policy import Rule
from appservice.domain.moderation.reading import Reading, covering
from appservice.domain.moderation.verdict import Span


def source(reading: Reading, kinds: Kinds, rule: Rule) -> tuple[Span, ...] | None:
    """Fires on a fact that its author cannot establish, or does not."""
    if not kinds.facts:
        return None
    role = reading.submission.author_role
    if role in rule.options["never_trusted"]:
        return reading.spans(kinds.facts)
    hedges = reading.free(rule.finds, rule.unless)
    if hedges:
        return reading.spans(hedges)
    if role in rule.options["on_attestation"] and not attested(reading, rule):
        return reading.spans(kinds.facts)
    return None


def attested(reading: Reading, rule: Rule) -> bool:
    """Whether words of attestation stand outside their denied forms."""
    denied = covering(reading.slices(rule.options["denied"]))
    found = reading.slices(rule.options["attestation"])
    return any(not denied.intersection(range(*part)) for part in found)
