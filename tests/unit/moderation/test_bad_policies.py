"""Every mistake of a policy is told with its file and line, all at once."""

from pathlib import Path

import pytest

from appservice.files.policies import load_policy
from appservice.files.policies.loader import REQUIRED_NOTIONS
from appservice.files.yaml_source import BadFiles

RULE = """rules:
  - id: my-rule
    check: {check}
    decision: {decision}
    legal_basis: "Code pénal"
    verified_on: {day}
    sentences: {{fr: a, en: b, es: c, de: d, it: e}}
    advice: "rien"
    finds: {finds}
    accepted: |
      gendarme → publish : Vol à Redon
    refused: |
      {refused}
"""
GOOD = {
    "check": "notions",
    "decision": "reject",
    "day": "2026-01-31",
    "finds": "insulte",
    "refused": "merchant → reject : rien",
}


def _small_policy(folder: Path) -> Path:
    folder.mkdir()
    notions = "".join(f"  {name}: |\n    {name}\n" for name in (*REQUIRED_NOTIONS, "insulte"))
    (folder / "10-mots.yaml").write_text(f"lexicons:\n{notions}", "utf-8")
    return folder


def _mistakes(folder: Path, text: str) -> list[str]:
    bad = _small_policy(folder) / "99-essai.yaml"
    bad.write_text(text, "utf-8")
    with pytest.raises(BadFiles) as caught:
        load_policy(folder)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"check": "notion"}, "99-essai.yaml:3: « check » : valeur inconnue « notion », vouliez"),
        ({"decision": "refuse"}, "99-essai.yaml:4: « decision » : valeur inconnue « refuse »"),
        ({"day": "hier"}, "99-essai.yaml:6: « verified_on » doit être une date"),
        (
            {"finds": "insultes"},
            "99-essai.yaml:2: my-rule : lexique inconnu « insultes », vouliez",
        ),
        ({"refused": "rien"}, "99-essai.yaml:13: écrire « rôle → décision"),
        ({"refused": "boss → reject : a"}, "99-essai.yaml:13: mot inconnu « boss »"),
    ],
)
def test_a_mistake_in_a_rule(tmp_path: Path, changes: dict[str, str], mistake: str) -> None:
    found = _mistakes(tmp_path / "p", RULE.format(**{**GOOD, **changes}))
    assert len(found) == 1
    assert found[0].startswith(mistake)


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("@insultes du jour", "99-essai.yaml:3: lexique inconnu « @insultes »"),
        ("mot[", "99-essai.yaml:3: essai : crochet mal fermé"),
        ("vo*", "99-essai.yaml:3: essai : radical trop court"),
        ("_40 mot", "99-essai.yaml:3: essai : écart « _40 »"),
        ("petite? voiture", "99-essai.yaml:3: essai : « petite? voiture » commence par un mot"),
        ("mot[zz]", "99-essai.yaml:3: essai : terminaison inconnue"),
        ("..3", "99-essai.yaml:3: essai : « ..3 » ne contient aucun mot"),
    ],
)
def test_a_mistake_in_a_lexicon(tmp_path: Path, line: str, mistake: str) -> None:
    found = _mistakes(tmp_path / "p", f"lexicons:\n  essai: |\n    {line}\n")
    assert len(found) == 1
    assert found[0].startswith(mistake)


def test_all_the_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = "lexicons:\n  essai: |\n    vo*\n    mot[\nrule: 3\n"
    assert len(_mistakes(tmp_path / "p", text)) == 3


def test_lexicons_in_a_circle(tmp_path: Path) -> None:
    text = "lexicons:\n  un: |\n    @deux mot\n  deux: |\n    @un mot\n"
    assert "cercle entre lexiques" in _mistakes(tmp_path / "p", text)[0]


def test_a_word_added_by_a_jurist_is_heard(tmp_path: Path) -> None:
    folder = _small_policy(tmp_path / "p")
    before = load_policy(folder)
    (folder / "99-essai.yaml").write_text("lexicons:\n  insulte: |\n    grumpfeur[s]\n", "utf-8")
    after = load_policy(folder)
    assert before.hash != after.hash
    assert not before.grammar.is_known("grumpfeur")
    assert after.grammar.is_known("grumpfeurs")


def test_a_pattern_of_operators_is_compiled_safely(tmp_path: Path) -> None:
    text = RULE.format(**{**GOOD, "check": "regex"}).replace(
        "    finds: insulte\n", "    patterns:\n      - '(?=a)'\n"
    )
    assert "expression refusée" in _mistakes(tmp_path / "p", text)[0]


SCALE = {
    "gravity": "insulte=2",
    "present": "insulte=1",
    "present_agents": "insulte=-1",
    "needed": "2 -1 5",
    "needed_agents": "2 0 5",
    "calm": "-4",
    "witness_roles": "merchant",
}


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"gravity": "insulte"}, "« gravity » : écrire lexique=points, et non « insulte »"),
        ({"present": "insulte=deux"}, "« present » : écrire lexique=points"),
        ({"present_agents": "insulte=2=3"}, "« present_agents » : écrire lexique=points"),
        ({"needed": "2 5"}, "« needed » : trois nombres, gravité, moment et les deux ensemble"),
        ({"needed_agents": "2 0 beaucoup"}, "« needed_agents » : trois nombres"),
        ({"calm": "4"}, "« calm » : un nombre négatif"),
        ({"witness_roles": "badaud"}, "« witness_roles » : parmi merchant, municipal_police"),
        ({"gravity": "insultes=2"}, "lexique inconnu « insultes », vouliez-vous dire « insulte »"),
    ],
)
def test_a_scale_that_cannot_be_counted(
    tmp_path: Path, changes: dict[str, str], mistake: str
) -> None:
    written = "".join(f'      {key}: "{value}"\n' for key, value in {**SCALE, **changes}.items())
    text = RULE.format(**GOOD).replace(
        "    finds: insulte\n", f"    finds: insulte\n    options:\n{written}"
    )
    found = _mistakes(tmp_path / "p", text)
    assert len(found) == 1
    assert mistake in found[0]


def test_a_scale_lacks_nothing(tmp_path: Path) -> None:
    text = RULE.format(**GOOD).replace(
        "    finds: insulte\n", "    finds: insulte\n    options:\n      gravity: insulte=2\n"
    )
    found = _mistakes(tmp_path / "p", text)
    for key in set(SCALE) - {"gravity"}:
        assert any(f"« {key} »" in mistake for mistake in found), key


def test_a_long_choice_goes_on_below(tmp_path: Path) -> None:
    folder = _small_policy(tmp_path / "p")
    text = "lexicons:\n  essai: |\n    un|\n      deux trois|\n      quatre\n"
    (folder / "99-essai.yaml").write_text(text, "utf-8")
    words = load_policy(folder).grammar.words
    assert {"un", "deux", "trois", "quatre"} <= words
    assert len(_mistakes(tmp_path / "q", text.replace("trois", "vo*"))) == 1
