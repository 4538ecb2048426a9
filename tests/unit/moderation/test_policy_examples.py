"""Every example written in `policies/*.yaml` is a test of its rule."""

import re

import pytest
from support.shipped_policy import policy

from appservice.domain.moderation import Policy, Submission, judge
from appservice.domain.moderation.policy import Example
from appservice.files.shipped import shipped

POLICY: Policy = policy()


def _cases(kind: str) -> list[object]:
    return [
        pytest.param(rule.id, example, id=f"{rule.id}-{example.line}")
        for rule in POLICY.rules.values()
        for example in getattr(rule, kind)
    ]


def _judged(example: Example) -> tuple[str, set[str]]:
    verdict = judge(
        Submission(example.text, example.author_role, attachments=example.attachments), POLICY
    )
    return verdict.decision, set(verdict.rules)


@pytest.mark.parametrize(("rule", "example"), _cases("refused"))
def test_a_refused_example_is_refused_by_its_rule(rule: str, example: Example) -> None:
    decision, rules = _judged(example)
    assert decision == example.decision, (example.text, rules)
    assert rule in rules
    assert set(example.rules) <= rules


@pytest.mark.parametrize(("rule", "example"), _cases("accepted"))
def test_an_accepted_example_is_not_touched_by_the_rule(rule: str, example: Example) -> None:
    decision, rules = _judged(example)
    assert decision == example.decision, (example.text, rules)
    assert rule not in rules


def test_every_rule_has_examples_of_both_kinds_and_every_language() -> None:
    for rule in POLICY.rules.values():
        assert len(rule.accepted) >= 2
        assert len(rule.refused) >= 2
        assert set(rule.sentences) == {"fr", "en", "es", "de", "it"}


def test_lexicons_are_written_in_lines_that_a_jurist_can_read() -> None:
    for path in shipped("policies").glob("*.yaml"):
        if not re.search("-regles-", path.name):
            lines = path.read_text("utf-8").splitlines()
            assert [line for line in lines if len(line) > 112] == [], path.name
