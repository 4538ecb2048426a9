"""The labelled messages of `tests/corpus` keep the figures that were reached."""

from pathlib import Path

import pytest
from support.shipped_policy import policy

from appservice.domain.moderation import Decision
from appservice.trial.corpus import read_corpus
from appservice.trial.score import Score, score

CORPUS = Path(__file__).parents[2] / "corpus"
FILES = (
    "open.jsonl",
    "later.jsonl",
    "held_back.jsonl",
    "authors-a.jsonl",
    "authors-b.jsonl",
    "authors-d.jsonl",
    "authors-e.jsonl",
    "authors-f.jsonl",
    "authors-g.jsonl",
    "paroles.jsonl",
)


@pytest.fixture(scope="module", params=FILES)
def result(request: pytest.FixtureRequest) -> Score:
    return score(read_corpus(CORPUS / request.param), policy())


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
    texts = [item.submission.text for name in FILES for item in read_corpus(CORPUS / name)]
    assert len(texts) == len(set(texts))
    assert len(texts) >= 500
