"""The world that ships, with the real rules of moderation."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from appservice.files.shipped import shipped
from appservice.files.world import load_world, shipped_paths
from appservice.files.yaml_source import BadFiles


def test_the_shipped_world_has_no_mistake_and_conversation_is_freer_than_alerts():
    world = load_world(shipped_paths())
    assert {"chatter", "over-length-gsm7"} <= world.circulation.tolerated
    assert world.circulation.tolerated < set(world.policy.rules)
    assert not {"identifies-person", "licence-plate", "insult"} & world.circulation.tolerated


def test_a_tolerated_rule_that_does_not_exist_is_told_at_its_line(tmp_path: Path):
    rooms = Path(shutil.copytree(shipped("room-templates"), tmp_path / "rooms"))
    talk = rooms / "echanges.yaml"
    text = talk.read_text("utf-8")
    talk.write_text(text.replace("- chatter", "- chater"), "utf-8")
    line = text.splitlines().index("  - chatter") + 1
    with pytest.raises(BadFiles) as bad:
        load_world(replace(shipped_paths(), templates=rooms))
    assert str(bad.value) == (
        f"{talk}:{line}: règle inconnue « chater », vouliez-vous dire « chatter » ?"
    )
