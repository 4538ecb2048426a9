"""What a rule learns of labelled messages, and where that is kept."""

import json
import math
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appservice.domain.moderation import Decision, Submission, judge
from appservice.domain.moderation.characters import fold
from appservice.domain.moderation.resemblance import Resemblance, learn
from appservice.files.policies import examples, load_policy
from appservice.files.policies.loader import REQUIRED_NOTIONS
from appservice.files.yaml_source import BadFiles

WHO = ("Ma vendeuse", "Un client", "Le vigile", "Mon père", "La dame")
HOW = ("vite", "tout de suite", "s'il vous plaît", "maintenant")
HELP = [f"{who} est au sol, il ne bouge plus, venez {how}" for who, how in product(WHO, HOW)]
WHAT = ("Vol d'outils", "Vitrine brisée", "Rideau forcé")
WHEN, WHERE = ("hier", "lundi", "dans la nuit"), ("à Redon", "à Vitré")
CALM = [f"{what} {when}, {where}" for what, when, where in product(WHAT, WHEN, WHERE)]
LABELLED = [(text, True) for text in HELP] + [(text, False) for text in CALM]
LEARNT = learn(LABELLED)
POLICY = """rules:
  - id: in-danger
    check: notions
    decision: emergency
    legal_basis: "Code pénal"
    verified_on: 2026-01-31
    sentences: {{fr: a, en: b, es: c, de: d, it: e}}
    advice: "rien"
    finds: danger
    options:
      resembles: "{level}"
    accepted: |
      gendarme → publish : Vol à Redon
    refused: |
      merchant → emergency : danger ici
"""


def weight(text: str) -> float:
    return LEARNT.score(fold(text, {}).text)


def test_unread_wordings_fall_on_the_side_of_their_like() -> None:
    assert weight("Le patron est tombé au sol et ne bouge plus, venez") > 0
    assert weight("Outils volés lundi à Vitré, rideau brisé") < 0


def test_the_same_examples_weigh_the_same() -> None:
    assert learn(LABELLED) == LEARNT


def test_one_side_alone_teaches_nothing() -> None:
    with pytest.raises(ValueError, match="both sides"):
        learn([(text, True) for text in HELP])


def test_the_words_that_weigh_are_shown_where_they_were_written() -> None:
    text = "Hé ! Quelqu’un est AU SOL derrière"
    assert "SOL" in " ".join(text[start:end] for start, end in LEARNT.telling(fold(text, {})))


@given(st.text())
def test_any_text_has_a_weight(text: str) -> None:
    folded = fold(text, {})
    assert math.isfinite(LEARNT.score(folded.text))
    for start, end in LEARNT.telling(folded):
        assert 0 <= start < end <= len(text)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A policy whose rule learns; what it learnt is kept in a folder of the test."""
    monkeypatch.setattr(examples.sys, "prefix", examples.sys.base_prefix)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "policies"
    (folder / "exemples").mkdir(parents=True)
    words = "".join(f"  {name}: |\n    {name}\n" for name in (*REQUIRED_NOTIONS, "danger"))
    (folder / "10-mots.yaml").write_text(f"lexicons:\n{words}", "utf-8")
    (folder / "99-essai.yaml").write_text(POLICY.format(level="0"), "utf-8")
    lines = [
        json.dumps({"text": text, "rules": ["in-danger"] if found else []})
        for text, found in LABELLED
    ]
    (folder / "exemples" / "a.jsonl").write_text("\n".join(lines), "utf-8")
    return folder


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(BadFiles) as caught:
        load_policy(folder)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_a_rule_fires_on_what_is_like_its_examples(folder: Path) -> None:
    policy = load_policy(folder)
    verdict = judge(Submission("Mon frère ne bouge plus, au sol, venez", "merchant"), policy)
    assert verdict.decision is Decision.EMERGENCY
    [finding] = verdict.findings
    assert finding.rule == "in-danger"
    assert finding.spans
    calm = judge(Submission("Vitrine brisée à Redon lundi", "merchant"), policy)
    assert calm.decision is not Decision.EMERGENCY


def test_what_was_learnt_is_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_policy(folder)
    [kept] = (folder.parent / "cache" / "maillage").iterdir()

    def unwanted(_: object) -> Resemblance:
        raise AssertionError("learnt twice")

    monkeypatch.setattr(examples, "learn", unwanted)
    (folder / "98-rien.yaml").write_text("lexicons:\n  autre: |\n    autre\n", "utf-8")
    again = load_policy(folder)
    text = fold("Mon frère ne bouge plus", {}).text
    assert again.learnt["in-danger"].score(text) == first.learnt["in-danger"].score(text)
    assert again.hash != first.hash

    kept.write_text("{", "utf-8")  # a disk that was full
    monkeypatch.undo()
    monkeypatch.setattr(examples, "_places", lambda: iter([kept.parent]))
    (folder / "97-rien.yaml").write_text("lexicons:\n  encore: |\n    encore\n", "utf-8")
    assert load_policy(folder).learnt["in-danger"].score(text) == again.learnt["in-danger"].score(
        text
    )


def test_nowhere_to_keep_it_is_no_matter(folder: Path) -> None:
    (folder.parent / "cache").write_text("a file, not a folder", "utf-8")
    assert load_policy(folder).learnt["in-danger"].pieces


def test_an_example_more_is_another_policy(folder: Path) -> None:
    before = load_policy(folder)
    with (folder / "exemples" / "b.jsonl").open("w", encoding="utf-8") as file:
        file.write('{"text": "Il saigne beaucoup, au secours", "rules": ["in-danger"]}\n')
    after = load_policy(folder)
    assert after.hash != before.hash
    assert after.learnt != before.learnt


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("{", "une ligne est un objet JSON"),
        ("[]", "« text » manque"),
        ('{"text": " ", "rules": []}', "« text » manque"),
        ('{"text": "Vol"}', "« rules » manque"),
        ('{"text": "Vol", "rules": ["in-dager"]}', "règle inconnue « in-dager »"),
        ('{"text": "Vol", "rules": [[]]}', "règle inconnue"),
    ],
)
def test_a_wrong_example_is_told_by_its_line(folder: Path, line: str, mistake: str) -> None:
    (folder / "exemples" / "b.jsonl").write_text(f"\n{line}\n", "utf-8")
    [told] = mistakes(folder)
    assert told.startswith(f"exemples/b.jsonl:2: {mistake}")


def test_examples_that_are_not_text_are_told(folder: Path) -> None:
    (folder / "exemples" / "b.jsonl").write_bytes(b"\xff\xfe")
    assert mistakes(folder) == ["exemples/b.jsonl:1: ce fichier n'est pas écrit en UTF-8"]


def test_too_few_examples_and_a_level_that_is_no_number_are_told(folder: Path) -> None:
    (folder / "exemples" / "a.jsonl").write_text('{"text": "Vol", "rules": []}', "utf-8")
    [few] = mistakes(folder)
    assert few.startswith(
        "99-essai.yaml:2: in-danger : « resembles » : 1 exemple(s) dans exemples"
    )
    (folder / "99-essai.yaml").write_text(POLICY.format(level="beaucoup"), "utf-8")
    assert any("« resembles » : un nombre, comme -0.4" in said for said in mistakes(folder))
