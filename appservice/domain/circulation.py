"""What may circulate in `echanges`: which findings of the judge members may read all the same."""

from dataclasses import dataclass, replace

from appservice.domain.moderation import Decision, Finding, Policy, Submission, Verdict, judge


@dataclass(frozen=True, slots=True)
class Circulation:
    """Rules of broadcast that don't bind a conversation among members.

    A rule that is not named here blocks: a rule added tomorrow protects people at once.
    """

    tolerated: frozenset[str] = frozenset()
    # A text without fact is never broadcast, so the rules look for descriptions beside a fact
    # only. In a conversation they would be read by all: here these rules always hold.
    always: frozenset[str] = frozenset({"person-description", "vehicle-description"})


@dataclass(frozen=True, slots=True)
class Crosses:
    """May be read by all members, on every channel."""


@dataclass(frozen=True, slots=True)
class Emergency:
    """Goes to the forces, and its author to the telephone."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Removed:
    """May not be read by the members; `findings` are those that say why."""

    findings: tuple[Finding, ...]


Fate = Crosses | Emergency | Removed


def judge_talk(submission: Submission, policy: Policy, circulation: Circulation) -> Verdict:
    """Judges a message among members."""
    rules = {
        rule.id: replace(rule, fact_only=rule.fact_only and rule.id not in circulation.always)
        for rule in policy.rules.values()
    }
    return judge(submission, replace(policy, rules=rules))


def fate_of(verdict: Verdict, circulation: Circulation) -> Fate:
    """What becomes of a message written among members."""
    if verdict.decision is Decision.EMERGENCY:
        return Emergency(verdict.findings)
    blocking = tuple(f for f in verdict.findings if f.rule not in circulation.tolerated)
    return Removed(blocking) if blocking else Crosses()
