"""What the scheme asks of an alert, judged with the policy that ships."""

import pytest
from support.shipped_policy import policy

from appservice.domain.moderation import Decision, Submission, Verdict, judge


def _verdict(text: str, role: str = "gendarme") -> Verdict:
    return judge(Submission(text, role), policy())


@pytest.mark.acceptance("S4-01")
@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Accident sur la D137, circulation alternée", "out-of-scope-topic"),
        ("Vol de scooter par deux mineurs à Betton", "minor"),
    ],
)
def test_what_the_scheme_leaves_out_is_refused(text: str, rule: str) -> None:
    verdict = _verdict(text)
    assert verdict.decision is Decision.REJECT
    assert rule in verdict.rules


@pytest.mark.acceptance("S4-03")
@pytest.mark.parametrize(
    ("role", "decision"),
    [
        ("opp", Decision.PUBLISH),
        ("gendarme", Decision.HOLD),
        ("chef_de_quart", Decision.HOLD),
        ("municipal_police", Decision.HOLD),
        ("mairie", Decision.HOLD),
        ("merchant", Decision.HOLD),
    ],
)
def test_only_the_national_role_sends_prevention(role: str, decision: Decision) -> None:
    assert _verdict("Pensez à fermer vos réserves le soir", role).decision is decision


@pytest.mark.acceptance("S4-04")
@pytest.mark.parametrize("role", ["gendarme", "chef_de_quart", "opp", "mairie", "merchant"])
def test_a_vehicle_or_persons_called_suspect_are_refused_by_name_of_rule(role: str) -> None:
    text = "Attention : véhicule ou personnes suspectes en repérage dans les zones artisanales"
    verdict = _verdict(text, role)
    assert verdict.decision is Decision.REJECT
    assert "suspicion-only" in verdict.rules


@pytest.mark.acceptance("S4-13")
@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Vol à Redon, fuite en Clio AB-123-CD", "licence-plate"),
        ("Vol à Redon, l'auteur est Kevin Morvan", "identifies-person"),
        ("Vol de sac à Redon, la victime est M. Le Bihan", "identifies-person"),
        ("Vol à Redon, rappelez le 06 39 98 11 22", "contact-details"),
        ("Vol à Redon par deux femmes roumaines", "protected-characteristic"),
        ("Vol à Redon, auteur visiblement déséquilibré", "protected-characteristic"),
        ("Vol à Redon, voici sa photo", "facial-photo"),
    ],
)
def test_nothing_that_points_at_somebody_is_broadcast(text: str, rule: str) -> None:
    verdict = _verdict(text)
    assert verdict.decision is not Decision.PUBLISH
    assert rule in verdict.rules


@pytest.mark.parametrize("text", ["a b " * 5_000, "vol " * 5_000, "d " * 10_000])
def test_a_word_repeated_without_end_is_still_judged(text: str) -> None:
    assert _verdict(text).decision is not Decision.PUBLISH
