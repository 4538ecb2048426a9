"""A suggestion keeps the fact, cuts what must go, and passes the judge itself."""

import pytest
from support.shipped_policy import policy

from appservice.domain.moderation import Decision, Submission, judge
from appservice.domain.moderation.rewrite import suggest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Vol de carburant à Gorron, fourgon AZ-118-RT, en fuite",
            "Vol de carburant à Gorron, fourgon, en fuite",
        ),
        ("Vols signalés zone Sud", "Vols constatés par la gendarmerie zone Sud"),
        (
            "Escroquerie avérée à Dinan, appel du 06 39 98 20 44. Raccrochez.",
            "Escroquerie avérée à Dinan, appel du. Raccrochez.",
        ),
    ],
)
def test_a_suggestion_is_lawful(text: str, expected: str) -> None:
    verdict = judge(Submission(text, "gendarme"), policy())
    better = suggest(text, verdict)
    assert better == expected
    assert judge(Submission(better, "gendarme"), policy()).decision is Decision.PUBLISH


@pytest.mark.parametrize(
    "text", ["Vol à Guer hier", "Un type bizarre tourne", "Vol à Guer par deux mineurs"]
)
def test_nothing_is_suggested_when_words_cannot_mend_it(text: str) -> None:
    assert suggest(text, judge(Submission(text, "gendarme"), policy())) is None
