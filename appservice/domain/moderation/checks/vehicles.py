"""Vehicles: a description ties a fact to whoever drives one like it."""

from appservice.domain.moderation.kinds import Kinds
from appservice.domain.moderation.policy import Rule
from appservice.domain.moderation.reading import Reading
from appservice.domain.moderation.verdict import Span


def vehicle(reading: Reading, kinds: Kinds, rule: Rule) -> tuple[Span, ...] | None:
    """Fires on a distinctive sign, and on make or colour for authors who are not trusted."""
    parts = reading.free(rule.options["always"], rule.options.get("always_unless", ()))
    if reading.submission.author_role not in rule.options["trusted_roles"]:
        parts += reading.free(rule.finds, rule.unless)
    return reading.spans(parts) if parts else None
