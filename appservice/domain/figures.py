"""What an installation can be watched by: counts and ages, never content, names or numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

LAPS = tuple(
    timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 240, 720, 1440)
)
"""Upper bounds of the classes in which waits are counted."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits, and since when the oldest of it does."""

    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Waits:
    """How long something took: how many times in all and within each of LAPS, and their sum."""

    count: int = 0
    total: timedelta = timedelta(0)
    within: tuple[int, ...] = (0,) * len(LAPS)


@dataclass(frozen=True, slots=True)
class Figures:
    """One reading. Keys are names of channels, states, stages, decisions and rules."""

    queued: Mapping[str, Backlog] = field(default_factory=dict)  # by channel
    deliveries: Mapping[tuple[str, str], int] = field(default_factory=dict)  # channel, state
    journal: Mapping[str, Backlog] = field(default_factory=dict)  # by source
    alerts: Mapping[str, int] = field(default_factory=dict)  # by stage
    reports: Mapping[str, int] = field(default_factory=dict)  # by stage
    emergencies: int = 0
    verdicts: Mapping[str, int] = field(default_factory=dict)  # by decision
    rules: Mapping[tuple[str, str], int] = field(default_factory=dict)  # decision, rule
    charters: Mapping[str, int] = field(default_factory=dict)  # members by standing
    taken: Waits = Waits()  # from receipt of a report until somebody takes it
    cleared: Waits = Waits()  # from receipt until the doubt is lifted
