"""A YAML file is read whole: each mistake keeps its line, and none hides another."""

from datetime import date
from pathlib import Path

import pytest

from appservice.files.yaml_source import BadFiles, ProblemList, Table, read_yaml


def _read(tmp_path: Path, text: str | bytes) -> tuple[Table | None, ProblemList]:
    path = tmp_path / "f.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    problems = ProblemList()
    return read_yaml(path, problems), problems


def _messages(problems: ProblemList) -> list[str]:
    return [f"{problem.line}: {problem.message}" for problem in problems]


def test_values_have_types(tmp_path: Path) -> None:
    table, problems = _read(
        tmp_path, "name: a\ncount: 3\non: true\nday: 2026-02-01\nlist: [x, y]\nin:\n  k: v\n"
    )
    assert table is not None
    assert (table.text("name"), table.whole("count"), table.flag("on")) == ("a", 3, True)
    assert table.day("day") == date(2026, 2, 1)
    assert table.texts("list") == ["x", "y"]
    inner = table.table("in")
    assert inner is not None
    assert inner.text("k") == "v"
    assert table.whole("none", 7) == 7
    assert len(problems) == 0


def test_all_mistakes_with_their_lines(tmp_path: Path) -> None:
    table, problems = _read(tmp_path, "naem: a\ncount: three\non: yes\nlist: x\nlist: y\n")
    assert table is not None
    table.only("name", "count", "on", "list")
    table.text("name")
    table.whole("count")
    table.flag("on")
    table.texts("list")
    assert _messages(problems) == [
        "1: clé inconnue « naem », vouliez-vous dire « name » ?",
        "1: « name » manque",
        "2: « count » doit être un nombre entier, pas « three »",
        "3: « on » doit être true ou false, pas « yes »",
        "5: clé « list » écrite deux fois",
        "5: « list » doit être une liste",
    ]
    with pytest.raises(BadFiles) as caught:
        problems.check()
    assert len(caught.value.problems) == 6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "YAML mal formé"),
        ("- a", "le fichier doit contenir un tableau de clés"),
        (b"a: \xff", "le fichier n'est pas en UTF-8"),
        ("", "le fichier doit contenir un tableau de clés"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, text: str | bytes, message: str) -> None:
    table, problems = _read(tmp_path, text)
    assert table is None
    assert message in _messages(problems)[0]


def test_what_only_yaml_1_2_allows_is_read(tmp_path: Path) -> None:
    table, problems = _read(tmp_path, "door: {url: http://127.0.0.1:1, hosts: [a:b, c]}\n")
    assert len(problems) == 0
    assert table is not None
    door = table.table("door")
    assert door is not None
    assert (door.text("url"), door.texts("hosts")) == ("http://127.0.0.1:1", ["a:b", "c"])


def test_the_lines_of_a_block_know_where_they_are(tmp_path: Path) -> None:
    table, _ = _read(tmp_path, "a: 1\nwords: |\n  one\n  two\n")
    assert table is not None
    assert [(line.text, line.line) for line in table.block("words")][:2] == [
        ("one", 3),
        ("two", 4),
    ]
