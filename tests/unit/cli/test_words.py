"""What operators type: every word of the README exists, and mistakes are said, not thrown."""

import re
from pathlib import Path

import pytest

from appservice.cli import main, parser

ROOT = Path(__file__).resolve().parents[3]


def words() -> set[str]:
    actions = [a for a in parser()._actions if a.choices]
    return set(actions[0].choices)


def test_every_command_that_the_readme_names_exists():
    readme = (ROOT / "README.md").read_text("utf-8")
    table = readme[readme.index("## Commands") : readme.index("## Status")]
    named = set(re.findall(r"`(?:maillage )?([a-z][a-z-]+)[^`]*`", table)) - {"docker-compose"}
    assert named - words() == set()
    assert len(named) > 8


def test_a_missing_configuration_is_named_with_its_line(tmp_path, capsys):
    path = tmp_path / "absent.yaml"
    assert main(["--config", str(path), "plan"]) == 2
    assert capsys.readouterr().err.startswith(f"{path}:1: fichier illisible")


def test_every_mistake_of_a_configuration_is_said_at_once(tmp_path, capsys):
    path = tmp_path / "maillage.yaml"
    path.write_text("homeserver:\n  urll: x\nlisten:\n  port: 99999\n", "utf-8")
    assert main(["--config", str(path), "members"]) == 2
    said = capsys.readouterr().err
    assert f"{path}:2: clé inconnue « urll », vouliez-vous dire « url » ?" in said
    assert f"{path}:4: « port » va de 1 à 65535, pas 99999" in said


def test_check_reads_what_ships(capsys):
    assert main(["check"]) == 0
    assert "tout se lit" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["verify"])
def test_audit_verify_says_what_it_needs(word, capsys):
    assert main(["audit", word]) == 2
    assert "usage" in capsys.readouterr().err


def test_an_audit_file_that_cannot_be_read_is_an_error_not_a_crash(tmp_path, capsys):
    key = "A" * 43
    assert main(["audit", "verify", str(tmp_path / "none"), "--key", key]) == 2
    broken = tmp_path / "broken"
    broken.write_text("{}\n", "utf-8")
    assert main(["audit", "verify", str(broken), "--key", key]) == 2
    assert "Ligne 1" in capsys.readouterr().err


def test_an_unknown_word_lists_the_known_ones(capsys):
    with pytest.raises(SystemExit) as left:
        main(["plann"])
    assert left.value.code == 2
    assert "plan" in capsys.readouterr().err


def test_keys_are_made_once_and_the_public_one_is_shown(tmp_path, capsys):
    folder = tmp_path / "keys"
    assert main(["keys", str(folder)]) == 0
    first = capsys.readouterr().out
    assert main(["keys", str(folder)]) == 0
    assert capsys.readouterr().out == first
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
