"""An alert and its stages: each stage holds only the data that exists then."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from appservice.domain.audience import Audience
from appservice.domain.errors import InvalidTransition, NotAllowed
from appservice.domain.ids import AlertId, MemberId


@dataclass(frozen=True, slots=True)
class Held:
    """Waits for a second person (levée de doute before broadcast)."""

    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Turned:
    """A second person said no."""

    by: MemberId
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Published:
    """On its way to the audience. `revision` grows with each correction."""

    at: datetime
    approved_by: MemberId | None
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Taken back: removed where it can be, announced where it can't."""

    by: MemberId
    at: datetime
    revision: int


Stage = Held | Turned | Published | Cancelled
StageName = Literal["held", "turned", "published", "cancelled"]


def name_of(stage: Stage) -> StageName:
    """The stage as the database spells it."""
    match stage:
        case Held():
            return "held"
        case Turned():
            return "turned"
        case Published():
            return "published"
        case Cancelled():
            return "cancelled"


@dataclass(frozen=True, slots=True)
class Alert:
    """A short text of established facts, from the forces to the merchants."""

    id: AlertId  # 0 until the store has numbered it
    author: MemberId
    territory: str
    audience: Audience
    text: str  # sealed at rest
    submitted_at: datetime
    policy_hash: str
    stage: Stage
    urgent: bool = False  # its texts leave in quiet hours too

    @property
    def reference(self) -> str:
        """What people write to name it; a draft has no number yet."""
        return f"A{self.id}" if self.id else "A…"


def approve(alert: Alert, by: MemberId, at: datetime) -> Alert:
    """A second person, who is not the author, lets it through."""
    if not isinstance(alert.stage, Held):
        raise InvalidTransition(f"{alert.reference} n'attend plus de validation.")
    if by == alert.author:
        raise NotAllowed("L'auteur d'une alerte ne peut pas la valider lui-même.")
    return replace(alert, stage=Published(at=at, approved_by=by))


def turn_down(alert: Alert, by: MemberId, at: datetime, reason: str) -> Alert:
    """A second person stops it (the author may withdraw their own)."""
    if not isinstance(alert.stage, Held):
        raise InvalidTransition(f"{alert.reference} n'attend plus de validation.")
    return replace(alert, stage=Turned(by=by, at=at, reason=reason))


def correct(alert: Alert, text: str, policy_hash: str) -> Alert:
    """Replaces the text everywhere; the revision says which text a phone shows."""
    if not isinstance(alert.stage, Published):
        raise InvalidTransition(f"{alert.reference} n'est pas en diffusion.")
    stage = replace(alert.stage, revision=alert.stage.revision + 1)
    return replace(alert, text=text, policy_hash=policy_hash, stage=stage)


def cancel(alert: Alert, by: MemberId, at: datetime) -> Alert:
    """Takes a published alert back."""
    if not isinstance(alert.stage, Published):
        raise InvalidTransition(f"{alert.reference} n'est pas en diffusion.")
    return replace(alert, stage=Cancelled(by=by, at=at, revision=alert.stage.revision))
