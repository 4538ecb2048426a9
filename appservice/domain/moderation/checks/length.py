"""Length: what one SMS can carry."""

from appservice.domain.moderation.kinds import Kinds
from appservice.domain.moderation.policy import Rule
from appservice.domain.moderation.reading import Reading
from appservice.domain.moderation.verdict import Span
from appservice.domain.text import gsm7_length


def length(reading: Reading, kinds: Kinds, rule: Rule) -> tuple[Span, ...] | None:
    """Fires beyond the number of septets of the rule."""
    limit = int(rule.options["septets"][0])
    return () if gsm7_length(reading.submission.text) > limit else None
