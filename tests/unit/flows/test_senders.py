"""Where a territory leaves sending to a chef de quart: others propose, on whatever channel."""

from dataclasses import replace

import pytest_asyncio
from support.story import MOREL, NADIA, PAULE, POSTE, TERRITORY, Story, agent, signature

from appservice.domain.alert import Held, Published
from appservice.domain.member import Channel, Role
from appservice.domain.wording.senders import REFUSAL

CHIEF, SECOND = agent("kerboul", Role.CHEF_DE_QUART), agent("opp", Role.OPP)
FACT = "Vol constaté à Liffré"


@pytest_asyncio.fixture
async def story(story: Story) -> Story:
    """The small world, with that order, and two who may send."""
    territory = replace(TERRITORY, chiefs_send=True)
    story.world = replace(story.world, territories={territory.id: territory})
    story.inbound.world = story.world
    async with story.store.transaction() as tx:
        for chief in (CHIEF, SECOND):
            await tx.members.save(chief)
            await tx.signatures.add(signature(chief))
    return story


def stage(story: Story) -> object:
    return story.store.tables.alerts[1].stage


def leaving(story: Story) -> list[str]:
    return [p.body for p in story.parcels(alert=1)]


async def test_an_officer_s_alert_waits_for_a_chief(story: Story) -> None:
    await story.writes(MOREL, f"alerte tous : {FACT}", where=POSTE)
    assert stage(story) == Held(("chef-de-quart-only",))
    card = next(line for line in story.poste() if "attend une deuxième personne" in line)
    assert "Seul un chef de quart diffuse une alerte" in card
    for other in (NADIA, PAULE):
        await story.writes(other, "valide A1", where=POSTE)
        assert story.told(other)[-1] == REFUSAL
    assert leaving(story) == []
    await story.writes(CHIEF, "valide A1", where=POSTE)
    assert isinstance(stage(story), Published)
    assert leaving(story) != []


async def test_a_chief_s_alert_leaves_at_once(story: Story) -> None:
    for number, chief in enumerate((CHIEF, SECOND), 1):
        await story.writes(chief, f"alerte tous : {FACT}", where=POSTE)
        assert isinstance(story.store.tables.alerts[number].stage, Published)


async def test_a_correction_is_no_way_around(story: Story) -> None:
    await story.writes(MOREL, f"alerte tous : {FACT}", where=POSTE)
    await story.writes(CHIEF, "valide A1", where=POSTE)
    before = leaving(story)
    for officer in (MOREL, NADIA):
        await story.writes(officer, "corrige A1 : Vol constaté à Redon", where=POSTE)
        assert "deuxième personne" in story.told(officer)[-1]
        await story.writes(officer, "urgent A1", where=POSTE)
        assert story.told(officer)[-1] == REFUSAL
    assert leaving(story) == before
    await story.writes(CHIEF, "corrige A1 : Vol constaté à Redon", where=POSTE)
    assert story.store.tables.alerts[1].text == "Vol constaté à Redon"


async def test_any_officer_still_takes_a_wrong_alert_back(story: Story) -> None:
    await story.writes(CHIEF, f"alerte tous : {FACT}", where=POSTE)
    await story.writes(PAULE, "annule A1 erreur de commune", where=POSTE)
    assert "annulée" in story.poste()[-1]


async def test_the_preview_says_so(story: Story) -> None:
    await story.writes(MOREL, f"aperçu tous : {FACT}", where=POSTE, channel=Channel.MATRIX)
    line = story.poste()[-1]
    assert "attendrait une deuxième personne" in line
    assert "Seul un chef de quart" in line
