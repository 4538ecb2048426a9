"""The files of the protocol, packed and put back: to the letter, or not at all."""

import shutil
from pathlib import Path

import pytest

from appservice.domain.errors import PermanentFailure
from appservice.domain.protocol.facts import digest_of, facts_of
from appservice.files.protocol_files import packed, put_back
from appservice.files.world import WorldPaths, load_world, shipped_paths


def a_copy(folder: Path) -> WorldPaths:
    shipped = shipped_paths()
    rooms, policies = folder / "rooms", folder / "policies"
    shutil.copytree(shipped.templates, rooms)
    shutil.copytree(shipped.policies, policies)
    return WorldPaths(rooms, rooms / "territoires", rooms / "chartes", policies)


def read(paths: WorldPaths) -> dict[Path, str]:
    files = [*paths.templates.rglob("*"), *paths.policies.rglob("*")]
    return {path: path.read_text("utf-8") for path in files if path.is_file()}


def test_what_was_changed_added_or_taken_away_is_put_back(tmp_path: Path) -> None:
    paths = a_copy(tmp_path)
    before, data = read(paths), packed(paths)
    digest = digest_of(facts_of(load_world(paths)))
    assert digest == digest_of(facts_of(load_world(shipped_paths()))), "wherever files lie"
    land = paths.territories / "ille-et-vilaine.yaml"
    land.write_text(land.read_text("utf-8") + "senders: chef_de_quart\n", "utf-8")
    (paths.templates / "publics" / "seniors.yaml").unlink()
    (paths.policies / "99-autre.yaml").write_text("n'importe quoi", "utf-8")
    assert put_back(paths, data, digest) == 3
    assert read(paths) == before
    assert put_back(paths, data, digest) == 0, "twice is once"


def test_nothing_moves_when_the_files_no_longer_say_the_same(tmp_path: Path) -> None:
    paths = a_copy(tmp_path)
    data = packed(paths)
    land = paths.territories / "ille-et-vilaine.yaml"
    land.write_text(land.read_text("utf-8") + "senders: chef_de_quart\n", "utf-8")
    before = read(paths)
    with pytest.raises(PermanentFailure, match="rien changé"):
        put_back(paths, data, "00" * 32)
    assert read(paths) == before
    with pytest.raises(PermanentFailure, match="ceux du logiciel"):
        put_back(shipped_paths(), data, "00" * 32)
