"""The checks a rule of the policy may ask for, by the name used in the files."""

from collections.abc import Callable

from appservice.domain.moderation.checks import (
    attached,
    contacts,
    kinds,
    length,
    people,
    plates,
    source,
    vehicles,
    victims,
    words,
)
from appservice.domain.moderation.kinds import Kinds
from appservice.domain.moderation.policy import Rule
from appservice.domain.moderation.reading import Reading
from appservice.domain.moderation.verdict import Span

# A check answers where it found what it looks for, or None when it found nothing.
Check = Callable[[Reading, Kinds, Rule], tuple[Span, ...] | None]

CHECKS: dict[str, Check] = {
    "notions": words.notions,
    "regex": words.regex,
    "no-offence": kinds.no_offence,
    "topic": kinds.topic,
    "chatter": kinds.chatter,
    "prevention": kinds.prevention,
    "unread": kinds.unread,
    "source": source.source,
    "identity": people.identity,
    "victim": victims.victim,
    "vehicle": vehicles.vehicle,
    "plate": plates.plate,
    "contact": contacts.contact,
    "length": length.length,
    "attachment": attached.attachment,
}
