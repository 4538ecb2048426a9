"""How long things are kept is data, with an article; a mistake is told at its line."""

import shutil
from datetime import timedelta

import pytest

from appservice.domain.world import Retention
from appservice.files.retention import FILE, read_retention
from appservice.files.shipped import shipped
from appservice.files.yaml_source import ProblemList


def read(folder):
    problems = ProblemList()
    return read_retention(folder, problems), [str(problem) for problem in problems]


def test_what_ships_is_what_the_code_would_do_by_itself():
    assert read(shipped("policies")) == (Retention(), [])


def test_without_a_file_the_usual_times_hold(tmp_path):
    assert read(tmp_path) == (Retention(), [])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("days: 30", "days: 3", "durees.yaml:4: « signalements » : au moins 8 jours, pas 3"),
        ("days: 30", "jours: 30", "durees.yaml:4: clé inconnue « jours »"),
        ("alertes:", "alerte:", "durees.yaml:11: clé inconnue « alerte »"),
        ("2026-11-20", "hier", "durees.yaml:6: « verified_on » doit être une date"),
    ],
)
def test_mistakes_are_told(tmp_path, old, new, said):
    path = tmp_path / FILE
    path.parent.mkdir()
    shutil.copy(shipped("policies") / FILE, path)
    path.write_text(path.read_text().replace(old, new, 1))
    _, problems = read(tmp_path)
    assert any(said in problem for problem in problems), problems


def test_an_operator_may_keep_less(tmp_path):
    path = tmp_path / FILE
    path.parent.mkdir()
    path.write_text((shipped("policies") / FILE).read_text().replace("days: 30", "days: 15"))
    kept, problems = read(tmp_path)
    assert problems == []
    assert kept.signalements == timedelta(days=15)
