"""Vehicles: a description ties a fact to whoever drives one like it."""

from appservice.domain.moderation.checks import plates
from appservice.domain.moderation.kinds import Kinds
from appservice.domain.moderation.policy import Rule
from appservice.domain.moderation.reading import Reading, Slice
from appservice.domain.moderation.verdict import Span


def vehicle(reading: Reading, kinds: Kinds, rule: Rule) -> tuple[Span, ...] | None:
    """Fires on a distinctive sign, and on make or colour for authors who are not trusted."""
    parts = _signs(reading, rule)
    if reading.submission.author_role not in rule.options["trusted_roles"]:
        parts += reading.free(rule.finds, rule.unless)
    parts = kinds.beside_suspicion(reading, parts)
    return reading.spans(parts) if parts else None


def _signs(reading: Reading, rule: Rule) -> list[Slice]:
    """Marks on a vehicle named in the same sentence, and what a registration tells."""
    near = {reading.tokens[start].sentence for start, _ in reading.slices(rule.options["near"])}
    marks = reading.free(rule.options["always"], rule.options["always_unless"])
    parts = [part for part in marks if reading.tokens[part[0]].sentence in near]
    # The country or the département of a plate written in full is said once, by the plate.
    if plates.found(reading):
        return parts
    return parts + reading.free(rule.options["registration"], rule.options["always_unless"])
