"""A hundred reports of one event at the same instant, on a real PostgreSQL."""

import asyncio

import pytest
from support.crowds import TEXTS, crowd
from support.story import (
    MOREL,
    NADIA,
    POSTE,
    POSTE_GROUP,
    Story,
)

from appservice.domain.ids import ReportId
from appservice.domain.member import Channel
from appservice.domain.report import Taken


@pytest.mark.acceptance("S2-20")
async def test_a_hundred_reports_at_once_make_one_card(story: Story) -> None:
    people = await crowd(story, 100)
    await asyncio.gather(
        *(
            story.writes(who, TEXTS[n % 3], channel=Channel.SMS, key=f"sms-{n}")
            for n, who in enumerate(people)
        )
    )
    async with story.store.transaction() as tx:
        case = await tx.cases.of(ReportId(1))
        assert len(case) == 100
        assert {report.author for report in case} == {person.id for person in people}
    await story.deliver()
    (card,) = story.bridges[Channel.MATRIX].texts(POSTE)
    assert "S1 — 100 signalements du même fait" in card
    (mirrored,) = story.bridges[Channel.SIGNAL].texts(POSTE_GROUP)
    assert "100 signalements" in mirrored
    for person in people:
        (told,) = story.bridges[Channel.SMS].texts(person.phone or "")
        assert told.startswith("Reçu : votre signalement S")


@pytest.mark.acceptance("S2-20")
async def test_while_they_come_one_officer_takes_them_all(story: Story) -> None:
    people = await crowd(story, 40)
    await story.writes(people[0], TEXTS[0], channel=Channel.SMS)
    coming = [
        story.writes(who, TEXTS[n % 3], channel=Channel.SMS, key=f"sms-{n}")
        for n, who in enumerate(people[1:])
    ]
    taking = [story.writes(who, "prends S1", where=POSTE) for who in (MOREL, NADIA)]
    await asyncio.gather(*coming[:20], *taking, *coming[20:])
    async with story.store.transaction() as tx:
        case = await tx.cases.of(ReportId(1))
    assert len(case) == 40
    (by,) = {report.stage.by for report in case if isinstance(report.stage, Taken)}
    assert by in (MOREL.id, NADIA.id)
    assert all(isinstance(report.stage, Taken) for report in case)
    await story.deliver()
    for person in people:
        told = " ".join(story.bridges[Channel.SMS].texts(person.phone or ""))
        assert "est chez les agents" in told
        assert "pris en charge par un agent" in told or "Un agent s'en charge déjà" in told
    taken = [t for t in story.bridges[Channel.MATRIX].texts(POSTE) if "pris en charge par" in t]
    assert len(taken) == 1


async def test_an_erased_report_leaves_the_card_of_its_event(story: Story) -> None:
    people = await crowd(story, 2)
    for who, text in zip(people, TEXTS, strict=False):
        await story.writes(who, text, channel=Channel.SMS)
    await story.real_store.shred("case:S2")
    await story.deliver()
    shown = " ".join(story.bridges[Channel.MATRIX].texts(POSTE))
    assert TEXTS[0] in shown
    assert TEXTS[1] not in shown
