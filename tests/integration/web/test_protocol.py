"""The protocol's page over PostgreSQL: versions, and what each changed in the visitor's land."""

from dataclasses import replace

import pytest
from support.console import LIFFRE, MANTES, ConsoleTown

from appservice.domain.console import Position
from appservice.flows.governance.protocol import Protocol


@pytest.mark.acceptance("S2-22")
async def test_the_prefecture_reads_each_version_and_what_it_changed(town: ConsoleTown):
    world = town.world
    liffre = replace(world.territories[LIFFRE], chiefs_send=True)
    later = replace(world, territories={**world.territories, LIFFRE: liffre})
    for version in (world, later, later, world):
        await Protocol(town.store, town.clock, version).observe(lambda: b"files")
    prefecture = await town.outsider(Position.PREFECTURE)
    page = (await prefecture.get("/protocole")).text
    assert page.index("P3") < page.index("P2") < page.index("<strong>P1")
    assert "P4" not in page, "the same files twice are one version"
    assert "Retour à P1" in " ".join(page.replace("</", " </").split())
    assert page.count("de « chaque agent » à « un chef de quart »") == 1
    assert page.count("de « un chef de quart » à « chaque agent »") == 1
    elsewhere = await town.outsider(Position.AUDITOR, MANTES)
    assert "chef de quart »" not in (await elsewhere.get("/protocole")).text
    log = (await (await town.outsider(Position.AUDITOR)).get("/journal")).text
    assert log.count("Protocole changé</th>") == 3
