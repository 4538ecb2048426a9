"""Attachments: nothing but the text is broadcast without a human eye."""

from appservice.domain.moderation.kinds import Kinds
from appservice.domain.moderation.policy import Rule
from appservice.domain.moderation.reading import Reading
from appservice.domain.moderation.verdict import Span


def attachment(reading: Reading, kinds: Kinds, rule: Rule) -> tuple[Span, ...] | None:
    """Fires on any attachment."""
    return () if reading.submission.attachments else None
