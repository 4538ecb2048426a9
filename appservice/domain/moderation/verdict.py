"""What is judged and what comes out of it: submission, findings, verdict."""

from dataclasses import dataclass
from enum import StrEnum

Span = tuple[int, int]


class Decision(StrEnum):
    """What happens to a message, the strongest first."""

    EMERGENCY = "emergency"
    REJECT = "reject"
    REVISE = "revise"
    HOLD = "hold"
    PUBLISH = "publish"


_STRENGTH = {decision: rank for rank, decision in enumerate(Decision)}

ROLES = ("merchant", "municipal_police", "gendarme", "chef_de_quart", "opp", "mairie")


def strongest(decisions: tuple[Decision, ...]) -> Decision:
    """Precedence: emergency > reject > revise > hold > publish."""
    return min(decisions, key=_STRENGTH.__getitem__, default=Decision.PUBLISH)


@dataclass(frozen=True, slots=True)
class Submission:
    """A message as its author handed it in; attachments are MIME types."""

    text: str
    author_role: str
    trade: str = ""
    commune: str = ""
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that fired; spans are code points of the original text."""

    rule: str
    decision: Decision
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision, why, and under which policy it was taken."""

    decision: Decision
    findings: tuple[Finding, ...]
    policy_hash: str

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of the rules that fired, sorted."""
        return tuple(sorted(finding.rule for finding in self.findings))
