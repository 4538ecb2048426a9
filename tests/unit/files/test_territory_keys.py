"""A key file per territory: made once, turned, told apart from any other by its fingerprint."""

from pathlib import Path

import pytest

from appservice.files.keyring.files import BadKeys
from appservice.files.keyring.territories import (
    FOLDER,
    add_territory_keys,
    load_territory_keys,
    make_territory_keys,
    retire_territory_keys,
)
from appservice.files.keys import load_keys, make_keys


def test_each_territory_gets_one_and_keeps_it(tmp_path: Path) -> None:
    make_keys(tmp_path)
    assert load_territory_keys(tmp_path) == {}
    assert make_territory_keys(tmp_path, ["liffre"]) == ["liffre"]
    before = load_territory_keys(tmp_path)
    assert make_territory_keys(tmp_path, ["liffre", "mantes"]) == ["mantes"]
    after = load_keys(tmp_path).of_territories()
    assert after["liffre"] == before["liffre"]
    assert set(after["liffre"].values()).isdisjoint(after["mantes"].values())
    file = tmp_path / FOLDER / "mantes.key"
    assert file.stat().st_mode & 0o077 == 0
    assert (tmp_path / FOLDER).stat().st_mode & 0o077 == 0


def test_a_key_made_anew_can_not_pass_for_the_lost_one(tmp_path: Path) -> None:
    make_territory_keys(tmp_path, ["liffre"])
    before = set(load_territory_keys(tmp_path)["liffre"])
    (tmp_path / FOLDER / "liffre.key").unlink()
    make_territory_keys(tmp_path, ["liffre"])
    assert before.isdisjoint(load_territory_keys(tmp_path)["liffre"])


def test_a_turn_keeps_the_former_key_until_it_is_retired(tmp_path: Path) -> None:
    make_territory_keys(tmp_path, ["liffre", "mantes"])
    (former,) = load_territory_keys(tmp_path)["liffre"]
    add_territory_keys(tmp_path)
    current, last = load_territory_keys(tmp_path)["liffre"]
    assert last == former
    retire_territory_keys(tmp_path)
    assert list(load_territory_keys(tmp_path)["liffre"]) == [current]
    assert len(load_territory_keys(tmp_path)["mantes"]) == 1
    assert sorted(path.name for path in (tmp_path / FOLDER).iterdir()) == [
        "liffre.key",
        "mantes.key",
    ]


def test_a_file_that_was_changed_is_told(tmp_path: Path) -> None:
    make_territory_keys(tmp_path, ["liffre", "mantes"])
    one, other = (tmp_path / FOLDER / f"{name}.key" for name in ("liffre", "mantes"))
    one.write_text(other.read_text())
    other.write_text("mantes/00000000 court\n")
    with pytest.raises(BadKeys) as told:
        load_territory_keys(tmp_path)
    assert "n'est pas le nom de cette clé" in str(told.value)
    assert "mantes.key:1" in str(told.value)
