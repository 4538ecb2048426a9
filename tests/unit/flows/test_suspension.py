"""Safe mode: reads and answers, publishes nothing, and cannot be forgotten."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from support.story import ANNE, MOREL, NADIA, PAULE, POSTE, Story, until

from appservice.domain.alert import Cancelled, Held
from appservice.domain.ids import AlertId
from appservice.domain.wording import alerts as words
from appservice.flows.suspension import remind, remind_once

FACT = "alerte buralistes : Vol constaté à Liffré"


def suspend(story: Story, suspended: bool = True) -> None:
    """As `serve --safe` does."""
    story.world = replace(story.world, settings=replace(story.world.settings, suspended=suspended))
    story.inbound.world = story.world
    story.store.queue.holds_alerts = suspended


async def test_an_alert_is_not_published_and_its_author_is_told(story: Story) -> None:
    suspend(story)
    await story.writes(MOREL, FACT)
    assert story.store.tables.alerts == {}
    assert words.SUSPENDED in story.told(MOREL)


async def test_what_is_already_queued_waits_until_it_is_over(story: Story) -> None:
    await story.writes(MOREL, FACT)
    suspend(story)
    await story.deliver()
    assert not any("Liffré" in said.text for b in story.bridges.values() for said in b.sent)
    suspend(story, False)
    await story.deliver()
    assert any("Liffré" in said.text for b in story.bridges.values() for said in b.sent)


async def test_a_held_alert_can_be_neither_approved_nor_corrected_but_withdrawn(
    story: Story,
) -> None:
    await story.writes(MOREL, FACT)
    suspend(story)
    await story.writes(NADIA, "corrige A1 : Vol constaté à Liffré, rue de Rennes")
    assert words.SUSPENDED in story.told(NADIA)
    await story.writes(NADIA, "annule A1")
    assert isinstance(story.store.tables.alerts[AlertId(1)].stage, Cancelled)


async def test_a_second_person_cannot_publish_either(story: Story) -> None:
    await story.writes(PAULE, "alerte buralistes : Vol ce matin", where=POSTE)
    suspend(story)
    await story.writes(NADIA, "valide A1")
    assert isinstance(story.store.tables.alerts[AlertId(1)].stage, Held)
    assert words.SUSPENDED in story.told(NADIA)


async def test_danger_and_reports_go_on_as_usual(story: Story) -> None:
    suspend(story)
    await story.writes(MOREL, "alerte buralistes : il y a une arme, au secours")
    assert words.SUSPENDED not in story.told(MOREL)
    assert story.told(MOREL)[0].startswith("Danger en cours")
    await story.writes(ANNE, "Vol ce matin dans ma boutique")
    await story.deliver()
    assert any("Vol ce matin" in line for line in story.poste())


async def test_officers_are_reminded_once_a_day_and_told_when_it_ends(story: Story) -> None:
    suspend(story)
    for _ in range(3):
        await remind_once(story.store, story.world, story.clock)
    assert story.poste().count(words.STILL_SUSPENDED) == 1
    story.later(days=1)
    await remind_once(story.store, story.world, story.clock)
    assert story.poste().count(words.STILL_SUSPENDED) == 2
    await story.deliver()
    suspend(story, False)
    for _ in range(2):
        await remind_once(story.store, story.world, story.clock)
    assert story.poste().count(words.RESUMED) == 1


async def test_a_service_that_was_never_suspended_says_nothing(story: Story) -> None:
    await remind_once(story.store, story.world, story.clock)
    assert story.parcels(target=POSTE) == []


async def test_the_log_says_it_again_and_again(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    suspend(story)
    short = timedelta(milliseconds=1)
    task = asyncio.create_task(remind(story.store, story.world, story.clock, short))
    await until(lambda: caplog.text.count("SAFE MODE") >= 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
