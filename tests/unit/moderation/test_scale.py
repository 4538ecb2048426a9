"""The scale of emergencies: how grave, how present, and what a jurist reads of it."""

import pytest
from support.shipped_policy import policy

from appservice.domain.moderation import Decision, Submission, judge
from appservice.domain.moderation.checks.scale import Weight, weigh
from appservice.domain.moderation.explain import explain
from appservice.domain.moderation.reading import read

RULE = "emergency-in-progress"


def _weight(text: str, role: str = "merchant") -> Weight:
    weight = weigh(read(Submission(text, role), policy()), policy().rules[RULE])
    assert weight is not None
    return weight


def test_a_rule_without_a_scale_weighs_nothing() -> None:
    reading = read(Submission("au secours", "merchant"), policy())
    assert weigh(reading, policy().rules["insult"]) is None


def test_a_lexicon_counts_once_however_often_it_is_said() -> None:
    once, often = _weight("un couteau"), _weight("un couteau, un fusil, une hache, un sabre")
    assert [mark.points for mark in once.gravity] == [mark.points for mark in often.gravity]
    assert len(often.gravity[0].places) > len(once.gravity[0].places)


@pytest.mark.parametrize(
    "text",
    [
        "il lui serre la gorge contre le comptoir",
        "le monsieur du fond agite un tesson, la caissière pleure",
        "ils montent l'escalier, je suis sous le lit avec ma fille",
        "le store flambe et la fumée entre",
    ],
)
def test_what_a_witness_sees_now_is_an_emergency(text: str) -> None:
    assert judge(Submission(text, "merchant"), policy()).decision is Decision.EMERGENCY


@pytest.mark.parametrize(
    "text",
    [
        "hier il lui a serré la gorge contre le comptoir",
        "mardi dernier un monsieur a agité un tesson, la caissière pleurait",
        "si jamais ils montent l'escalier, je me mets sous le lit",
        "exercice : le store flambe et la fumée entre",
    ],
)
def test_the_same_things_past_feared_or_feigned_are_none(text: str) -> None:
    assert judge(Submission(text, "merchant"), policy()).decision is not Decision.EMERGENCY


@pytest.mark.parametrize(
    "text",
    [
        "Vol à main armée à Guer : un individu menace la caissière puis s'enfuit avec la recette",
        "Un homme frappe la victime au distributeur et arrache son sac, trois faits à Bruz",
        "Deux individus armés entrent dans un tabac de Dol et repartent avec 900 euros",
    ],
)
def test_agents_write_reports_in_the_present_tense(text: str) -> None:
    assert _weight(text, "merchant").now > _weight(text, "gendarme").now
    assert judge(Submission(text, "gendarme"), policy()).decision is Decision.PUBLISH


def test_what_is_surely_over_silences_every_word_of_danger() -> None:
    text = "Fin d'alerte : le forcené retranché rue Foch s'est rendu hier sans heurt"
    assert _weight(text, "gendarme").over
    assert judge(Submission(text, "gendarme"), policy()).decision is not Decision.EMERGENCY


def test_the_bill_is_read_by_a_jurist() -> None:
    submission = Submission("un type agite un couteau devant ma caisse", "merchant")
    lines = list(explain(submission, judge(submission, policy()), policy()))
    weight = _weight(submission.text)
    heading = f"barème {RULE} : gravité {weight.grave}, moment {weight.now}"
    assert any(heading in line for line in lines)
    assert any("arme_dite +4 (« couteau »)" in line for line in lines)
    assert any("present_tiers +2" in line for line in lines)


def test_a_calm_message_has_no_bill() -> None:
    submission = Submission("Réunion du dispositif lundi 19 h", "gendarme")
    lines = list(explain(submission, judge(submission, policy()), policy()))
    assert not any("barème" in line for line in lines)


def test_a_suspicion_is_no_emergency_for_being_told_like_one() -> None:
    text = "un homme avec une capuche fait semblant de téléphoner devant la banque"
    assert judge(Submission(text, "merchant"), policy()).rules == ("suspicion-only",)
