"""The labelled messages keep the figures that were reached."""

from pathlib import Path

import pytest
from support.shipped_policy import policy

from appservice.domain.moderation import Decision
from appservice.files.policies.examples import example_files
from appservice.files.shipped import shipped
from appservice.trial.corpus import read_corpus
from appservice.trial.score import Score, score

HELD_BACK = Path(__file__).parents[2] / "corpus" / "held_back.jsonl"
FILES = (*example_files(shipped("policies")), HELD_BACK)


@pytest.fixture(scope="module", params=FILES, ids=lambda path: path.stem)
def result(request: pytest.FixtureRequest) -> Score:
    return score(read_corpus(request.param), policy())


def test_nine_decisions_of_ten_are_those_of_the_jurist(result: Score) -> None:
    assert result.right / result.total >= 0.93


def test_what_is_unsafe_is_not_published(result: Score) -> None:
    count, of = result.published_wrongly()
    assert count / of <= 0.02


def test_what_is_clean_is_not_blocked(result: Score) -> None:
    count, of = result.missed(Decision.PUBLISH)
    assert count / of <= 0.05


def test_no_emergency_is_missed(result: Score) -> None:
    assert result.missed(Decision.EMERGENCY)[0] == 0


def test_rules_are_those_of_the_jurist(result: Score) -> None:
    assert result.together(policy().rules).f1 >= 0.90


def test_no_message_is_written_twice() -> None:
    texts = [item.submission.text for path in FILES for item in read_corpus(path)]
    assert len(texts) == len(set(texts))
    assert len(texts) >= 500
