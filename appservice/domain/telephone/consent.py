"""Who may be texted: a number is asked once, agrees by answering, and may say STOP any time."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, assert_never

from appservice.domain.ids import MemberId

REMINDED_AFTER = timedelta(days=3)
"""Without an answer, one reminder; then nothing more is ever sent."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One text has left, and one reminder at most."""

    at: datetime
    reminded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Agreed:
    """The number answered OUI."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Stopped:
    """The number said STOP: for every territory, whoever holds it."""

    at: datetime


Stage = Asked | Agreed | Stopped
StageName = Literal["asked", "agreed", "stopped"]


@dataclass(frozen=True, slots=True)
class Consent:
    """Of one number. `member` held it then; None is a stranger, who can only say STOP.

    `words` are the answer as it was written, the proof; sealed at rest.
    """

    member: MemberId | None
    stage: Stage
    words: str = ""

    def allows(self, member: MemberId) -> bool:
        """Whether alerts may go to that number for that member: a number may change hands."""
        return isinstance(self.stage, Agreed) and self.member == member

    def concerns(self, member: MemberId) -> bool:
        """Whether it holds for that member: their own answer, or anybody's STOP."""
        return self.refuses or self.member == member

    @property
    def refuses(self) -> bool:
        """STOP outlives whoever said it."""
        return isinstance(self.stage, Stopped)


def name_of(stage: Stage) -> StageName:
    """The stage as the database spells it."""
    match stage:
        case Asked():
            return "asked"
        case Agreed():
            return "agreed"
        case Stopped():
            return "stopped"
        case _:
            assert_never(stage)


def needs_asking(known: Consent | None, member: MemberId) -> bool:
    """Nobody asked this member at this number yet, and the number never said STOP."""
    return known is None or not known.concerns(member)


def remind(consent: Consent, now: datetime) -> Consent | None:
    """The consent once reminded; None when it is too early, or was done."""
    match consent.stage:
        case Asked(at=at, reminded_at=None) if now - at >= REMINDED_AFTER:
            return replace(consent, stage=Asked(at, now))
        case _:
            return None
