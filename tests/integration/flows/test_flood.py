"""A hundred reports of one event at the same instant, on a real PostgreSQL."""

import asyncio
from dataclasses import replace

import pytest
from support.story import (
    BURALISTES,
    LIFFRE,
    MOREL,
    NADIA,
    POSTE,
    POSTE_GROUP,
    Story,
    merchant,
    signature,
)

from appservice.domain.ids import ReportId
from appservice.domain.member import Channel, Member
from appservice.domain.report import Taken

TEXTS = ("Faux billets de 50 ici", "un client paie en faux billets", "fausse monnaie chez moi")


async def crowd(story: Story, count: int) -> list[Member]:
    people = [
        replace(
            merchant(f"zz{n:03d}", LIFFRE, BURALISTES, channels=frozenset({Channel.SMS})),
            phone=f"+3363998{n:04d}",
        )
        for n in range(count)
    ]
    async with story.store.transaction() as tx:
        for person in people:
            await tx.members.save(person)
            await tx.signatures.add(signature(person))
    return people


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
