"""The figures of the test bench as plain text."""

from collections.abc import Iterator

from appservice.domain.moderation import Decision, Policy
from appservice.trial.score import Judged, Score


def report(result: Score, policy: Policy) -> str:
    """Confusion, figures per rule, and every error."""
    return (
        "\n".join([*_summary(result, policy), "", *_rules(result, policy), "", *_errors(result)])
        + "\n"
    )


def _share(name: str, counted: tuple[int, int]) -> str:
    count, of = counted
    return f"{name} : {count}/{of} = {100 * count / max(1, of):.1f} %"


def _summary(result: Score, policy: Policy) -> Iterator[str]:
    yield _share("décisions justes", (result.right, result.total))
    yield _share("publiés à tort", result.published_wrongly())
    yield _share("bloqués à tort", result.missed(Decision.PUBLISH))
    yield _share("urgences manquées", result.missed(Decision.EMERGENCY))
    whole = result.together(policy.rules)
    yield f"règles : P {whole.precision:.3f}  R {whole.recall:.3f}  F1 {whole.f1:.3f}"
    yield "confusion (attendu → donné) :"
    for (expected, given), count in sorted(result.confusion.items()):
        if expected is not given:
            yield f"  {expected} → {given} : {count}"


def _rules(result: Score, policy: Policy) -> Iterator[str]:
    for rule in policy.rules:
        tally = result.tally(rule)
        yield (
            f"  {rule:26} P {tally.precision:.2f}  R {tally.recall:.2f}  F1 {tally.f1:.2f}"
            f"  n {tally.hits + tally.misses:3}  fausses alarmes {tally.alarms}"
        )


def _errors(result: Score) -> Iterator[str]:
    for item in sorted((i for i in result.judged if not i.exact), key=_worst_first):
        label = item.label
        yield (
            f"  {label.id} [{label.submission.author_role}] {label.decision} {sorted(label.rules)}"
            f" → {item.verdict.decision} {list(item.verdict.rules)}"
        )
        yield f"      {label.submission.text}"


def _worst_first(item: Judged) -> tuple[bool, str]:
    return item.right, item.label.id
