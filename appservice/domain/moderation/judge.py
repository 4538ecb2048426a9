"""Judges a message: reads it, runs the rules, keeps the strongest decision."""

from appservice.domain.moderation.checks import CHECKS
from appservice.domain.moderation.checks.scale import weigh
from appservice.domain.moderation.kinds import Kinds, classify
from appservice.domain.moderation.policy import Policy, Rule
from appservice.domain.moderation.reading import Reading, read
from appservice.domain.moderation.verdict import (
    Decision,
    Finding,
    Submission,
    Verdict,
    strongest,
)

# Nobody lectures a person in danger: these are reported alone.
_ALONE = Decision.EMERGENCY
# These judge how a thing is said; they do not tell that something lawful is said.
_FORM_ONLY = frozenset({"insult", "over-length-gsm7"})


def judge(submission: Submission, policy: Policy) -> Verdict:
    """Decide what happens to a message, and say why."""
    reading = read(submission, policy)
    kinds = classify(reading)
    findings: list[Finding] = []
    for rule in policy.rules.values():
        finding = _apply(rule, reading, kinds)
        if finding is None:
            continue
        if finding.decision is _ALONE:
            return Verdict(_ALONE, (finding,), policy.hash)
        findings.append(finding)
    findings = _yielding(findings, policy)
    closed = _fail_closed(reading, kinds, findings)
    if closed and (doubt := _doubtful(reading, kinds, policy)) is not None:
        return Verdict(doubt.decision, (doubt,), policy.hash)
    findings.extend(closed)
    decision = strongest(tuple(finding.decision for finding in findings))
    return Verdict(decision, tuple(findings), policy.hash)


def _apply(rule: Rule, reading: Reading, kinds: Kinds) -> Finding | None:
    if rule.fact_only and not kinds.facts:
        return None
    decision = rule.decision_for(reading.submission.author_role)
    if decision is Decision.PUBLISH:
        return None
    spans = CHECKS[rule.check](reading, kinds, rule)
    return None if spans is None else Finding(rule.id, decision, spans)


def _doubtful(reading: Reading, kinds: Kinds, policy: Policy) -> Finding | None:
    """Nothing is recognised but words of danger: better a call to the police for nothing."""
    if any(kinds.places.values()):
        return None
    for rule in policy.rules.values():
        weight = weigh(reading, rule)
        if weight is not None and weight.now < 0:
            continue
        spans = reading.free(rule.options.get("in_doubt", ()), rule.options.get("no_doubt", ()))
        if spans:
            return Finding(rule.id, _ALONE, reading.spans(spans))
    return None


def _yielding(findings: list[Finding], policy: Policy) -> list[Finding]:
    """Leave out the rules that say nothing more beside another that fired."""
    fired = {finding.rule for finding in findings}
    return [f for f in findings if not _yields(policy.rules[f.rule], fired - {f.rule})]


def _yields(rule: Rule, others: set[str]) -> bool:
    yields_to = rule.options.get("yields_to", ())
    return bool(others) if "all" in yields_to else not others.isdisjoint(yields_to)


def _fail_closed(reading: Reading, kinds: Kinds, findings: list[Finding]) -> list[Finding]:
    """A message in which nothing lawful is recognised is never published."""
    if any(finding.rule not in _FORM_ONLY for finding in findings):
        return []
    if kinds.has("K1", "K2", "K3") and reading.submission.author_role != "merchant":
        return []
    if findings and kinds.has("K1", "K2", "K3"):
        return []
    talk = reading.submission.author_role == "merchant" or bool(findings)
    return [Finding("chatter" if talk else "no-established-offence", Decision.REJECT)]
