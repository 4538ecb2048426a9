"""Says a verdict to a human: kinds of the sentences, what fired where, why, what to write."""

from collections.abc import Iterator

from appservice.domain.moderation.checks.scale import Mark, weigh
from appservice.domain.moderation.kinds import LABELS, classify
from appservice.domain.moderation.policy import Policy
from appservice.domain.moderation.reading import Reading, read
from appservice.domain.moderation.rewrite import suggest
from appservice.domain.moderation.verdict import Finding, Submission, Verdict


def explain(submission: Submission, verdict: Verdict, policy: Policy) -> Iterator[str]:
    """Lines of French, from the decision to the suggested text."""
    reading = read(submission, policy)
    yield f"décision : {verdict.decision}   (politique {verdict.policy_hash[:12]})"
    yield from _sentences(reading)
    yield from _scales(reading, policy)
    for finding in verdict.findings:
        yield from _finding(finding, submission, policy)
    better = suggest(submission.text, verdict)
    if better is not None:
        yield f"  proposition : {better}"


def _sentences(reading: Reading) -> Iterator[str]:
    kinds = classify(reading)
    for number, found in enumerate(kinds.sentences):
        words = [token for token in reading.tokens if token.sentence == number]
        text = reading.submission.text[words[0].start : words[-1].end] if words else ""
        said = ", ".join(f"{kind} {LABELS[kind]}" for kind in found) or "rien de reconnu"
        yield f"  phrase {number + 1} [{said}] : {text}"


def _scales(reading: Reading, policy: Policy) -> Iterator[str]:
    """What the message weighs on the scale of each rule that has one."""
    for rule in policy.rules.values():
        weight = weigh(reading, rule)
        if weight is not None and weight.gravity:
            grave, now, both = weight.needed
            yield f"  barème {rule.id} : gravité {weight.grave}, moment {weight.now}"
            yield f"    il faut gravité {grave}, moment {now}, et {both} ensemble"
            for name, marks in (("gravité", weight.gravity), ("moment", weight.present)):
                yield f"    {name} : {_bill(reading, marks) or 'rien'}"


def _bill(reading: Reading, marks: tuple[Mark, ...]) -> str:
    return ", ".join(
        f"{mark.lexicon} {mark.points:+} (« {reading.words(mark.places[0])} »)" for mark in marks
    )


def _finding(finding: Finding, submission: Submission, policy: Policy) -> Iterator[str]:
    rule = policy.rules[finding.rule]
    quotes = " · ".join(f"« {submission.text[start:end]} »" for start, end in finding.spans)
    yield f"  règle {finding.rule} → {finding.decision} : {quotes or 'tout le message'}"
    yield f"    {rule.sentences['fr']}"
    yield f"    fondement : {rule.legal_basis} (vérifié le {rule.verified_on:%d/%m/%Y})"
    yield f"    conseil : {rule.advice}"
