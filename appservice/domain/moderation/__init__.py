"""The judge of messages: what may circulate, what must be rewritten, held or refused."""

from appservice.domain.moderation.judge import judge
from appservice.domain.moderation.policy import Policy, Rule
from appservice.domain.moderation.verdict import (
    ROLES,
    Decision,
    Finding,
    Submission,
    Verdict,
)

__all__ = ["ROLES", "Decision", "Finding", "Policy", "Rule", "Submission", "Verdict", "judge"]
