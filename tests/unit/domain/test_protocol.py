"""What of the files is the protocol, and what changes are called."""

import os
import subprocess
import sys
from dataclasses import replace

from support.console import LIFFRE, MANTES, shipped_world

from appservice.domain.protocol.facts import digest_of, facts_of
from appservice.domain.protocol.version import changes

SAYS = (
    "from appservice.files.world import load_world, shipped_paths;"
    "from appservice.domain.protocol.facts import digest_of, facts_of;"
    "print(digest_of(facts_of(load_world(shipped_paths()))))"
)


def test_the_same_files_are_the_same_protocol_in_every_process() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", SAYS],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_changes_are_said_in_plain_words_to_those_whom_they_concern() -> None:
    world = shipped_world()
    liffre = replace(
        world.territories[LIFFRE], chiefs_send=True, test_list=frozenset({"+33639980001"})
    )
    later = replace(world, territories={**world.territories, LIFFRE: liffre})
    former, now = facts_of(world), facts_of(later)
    assert digest_of(former) != digest_of(now)
    assert changes(former, now, LIFFRE) == (
        "Modifié : Phase, de « service » à « essai ».",
        "Modifié : Qui diffuse une alerte, de « chaque agent » à « un chef de quart ».",
    )
    assert changes(former, now, MANTES) == ()
    assert changes(former, former, LIFFRE) == ()
    assert "+33639980001" not in str(now), "no address is a fact"


def test_a_rule_that_is_taken_out_or_changed_is_named() -> None:
    world = shipped_world()
    rules = dict(world.policy.rules)
    gone, changed = list(rules)[:2]
    rules[changed] = replace(rules[changed], advice="Autrement.")
    del rules[gone]
    later = replace(world, policy=replace(world.policy, rules=rules, hash="00"))
    assert changes(facts_of(world), facts_of(later), LIFFRE) == (
        f"Retiré : Règle « {gone} ».",
        f"Modifié : Règle « {changed} ».",
    )
    words = replace(world, policy=replace(world.policy, hash="00"))
    said = changes(facts_of(world), facts_of(words), LIFFRE)
    assert said == ("Modifié : Lexiques et règles.",)
