"""What any store of alerts and reports does."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.store_builders import NOON, a_report, an_alert

from appservice.domain import alert as alerts
from appservice.domain import report as reports
from appservice.domain.ids import AlertId, BlobId, MemberId, ReportId

AGENT, OTHER = MemberId("o2"), MemberId("o3")
LATER = NOON + timedelta(minutes=5)


async def test_alerts_are_numbered_from_one(store: Any) -> None:
    async with store.transaction() as tx:
        first = await tx.alerts.open(an_alert())
        second = await tx.alerts.open(an_alert(text="Autre fait."))
    assert (first.reference, second.reference) == ("A1", "A2")
    async with store.transaction() as tx:
        assert await tx.alerts.get(first.id) == an_alert(id=first.id)
        assert await tx.alerts.get(AlertId(404)) is None


@pytest.mark.parametrize(
    "stage",
    [
        alerts.Held(()),
        alerts.Turned(AGENT, LATER, "pas établi"),
        alerts.Published(LATER, None),
        alerts.Published(LATER, AGENT, revision=3),
        alerts.Cancelled(AGENT, LATER, revision=2),
    ],
)
async def test_an_alert_comes_back_at_each_stage(store: Any, stage: alerts.Stage) -> None:
    async with store.transaction() as tx:
        opened = await tx.alerts.open(an_alert(stage=stage))
    async with store.transaction() as tx:
        assert await tx.alerts.get(opened.id) == opened


async def test_an_alert_advances_from_the_expected_stage_only(store: Any) -> None:
    async with store.transaction() as tx:
        held = await tx.alerts.open(an_alert())
        published = alerts.approve(held, AGENT, LATER)
        assert not await tx.alerts.advance(published, "published")
        assert await tx.alerts.advance(published, "held")
        assert not await tx.alerts.advance(alerts.turn_down(held, OTHER, LATER, "non"), "held")
        assert await tx.alerts.get(held.id) == published
        assert not await tx.alerts.advance(replace(published, id=AlertId(404)), "held")


async def test_a_correction_is_based_on_the_last_one(store: Any) -> None:
    async with store.transaction() as tx:
        first = await tx.alerts.open(an_alert(stage=alerts.Published(NOON, AGENT)))
        once = alerts.correct(first, "Texte corrigé.", "beef")
        assert await tx.alerts.advance(once, "published")
        assert not await tx.alerts.advance(alerts.correct(first, "Sans voir.", "1"), "published")
        assert not await tx.alerts.advance(alerts.cancel(first, AGENT, LATER), "published")
        assert await tx.alerts.get(first.id) == once
        gone = alerts.cancel(once, AGENT, LATER)
        assert await tx.alerts.advance(gone, "published")
        assert await tx.alerts.get(first.id) == gone


async def test_of_two_hands_at_once_one_wins(store: Any) -> None:
    async with store.transaction() as tx:
        held = await tx.alerts.open(an_alert())

    async def decide(by: MemberId) -> bool:
        async with store.transaction() as tx:
            won: bool = await tx.alerts.advance(alerts.approve(held, by, LATER), "held")
            return won

    people = [MemberId(f"o{n}") for n in range(2, 8)]
    outcomes = await asyncio.gather(*(decide(person) for person in people))
    assert outcomes.count(True) == 1
    async with store.transaction() as tx:
        kept = await tx.alerts.get(held.id)
    assert kept.stage.approved_by == people[outcomes.index(True)]


async def test_recent_alerts_oldest_first(store: Any) -> None:
    async with store.transaction() as tx:
        for hours in (0, 2, 4):
            await tx.alerts.open(an_alert(submitted_at=NOON + timedelta(hours=hours)))
        recent = await tx.alerts.recent(NOON + timedelta(hours=2))
    assert [alert.reference for alert in recent] == ["A2", "A3"]


async def test_a_report_walks_through_its_stages(store: Any) -> None:
    async with store.transaction() as tx:
        received = await tx.reports.open(a_report(emergency=True, blobs=(BlobId(7),)))
        assert received.reference == "S1"
        assert await tx.reports.get(received.id) == received
        taken = reports.take(received, AGENT, LATER)
        cleared = reports.clear(taken, OTHER, LATER, founded=True)
        closed = reports.close(cleared, AGENT, LATER)
        for before, after in ((received, taken), (taken, cleared), (cleared, closed)):
            expected = reports.name_of(before.stage)
            assert await tx.reports.advance(after, expected)
            assert not await tx.reports.advance(after, expected)
            assert await tx.reports.get(received.id) == after
        assert await tx.reports.get(ReportId(404)) is None


@pytest.mark.parametrize("steps", [0, 1])
async def test_a_report_closes_early(store: Any, steps: int) -> None:
    async with store.transaction() as tx:
        report = await tx.reports.open(a_report())
        if steps:
            report = reports.take(report, AGENT, LATER)
            assert await tx.reports.advance(report, "received")
        closed = reports.close(report, AGENT, LATER)
        assert await tx.reports.advance(closed, reports.name_of(report.stage))
        assert await tx.reports.get(report.id) == closed


async def test_a_photo_joins_a_report_without_disturbing_it(store: Any) -> None:
    async with store.transaction() as tx:
        report = await tx.reports.open(a_report())
        for blob in (BlobId(1), BlobId(2), BlobId(1)):
            await tx.reports.add_blob(report.id, blob)
        # Whoever takes it had not seen the photos yet.
        assert await tx.reports.advance(reports.take(report, AGENT, LATER), "received")
        known = await tx.reports.get(report.id)
    assert known.blobs == (1, 2)
    assert known.stage == reports.Taken(AGENT, LATER)


async def test_the_open_report_of_a_member(store: Any) -> None:
    me = MemberId("m1")
    async with store.transaction() as tx:
        assert await tx.reports.open_of(me, NOON) is None
        first = await tx.reports.open(a_report())
        second = await tx.reports.open(a_report(text="Encore eux."))
        await tx.reports.open(a_report(author=MemberId("m2")))
        assert await tx.reports.open_of(me, NOON) == second
        assert await tx.reports.advance(reports.close(second, AGENT, LATER), "received")
        assert await tx.reports.open_of(me, NOON) == first
        assert await tx.reports.open_of(me, LATER) is None
