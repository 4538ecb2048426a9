"""What any store of alerts and reports does."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.store_builders import NOON, a_merchant, a_report, an_alert

from appservice.domain import alert as alerts
from appservice.domain import report as reports
from appservice.domain.ids import AlertId, BlobId, Insee, MemberId, ReportId

LIFFRE = Insee("35152")
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


async def test_a_territory_s_alerts_come_the_last_one_first(store: Any) -> None:
    async with store.transaction() as tx:
        held = [await tx.alerts.open(an_alert(text=f"Fait {n}.")) for n in range(3)]
        await tx.alerts.open(an_alert(territory="yvelines-mantes"))
        sent = await tx.alerts.open(an_alert(stage=alerts.Published(NOON, None)))
        land = sent.territory
        assert await tx.alerts.of(land, 10) == [sent, *reversed(held)]
        assert await tx.alerts.of(land, 2) == [sent, held[2]]
        assert await tx.alerts.of(land, 10, held[1].id) == [held[0]]
        assert await tx.alerts.of(land, 10, stage="held") == list(reversed(held))
        assert await tx.alerts.of(land, 1, held[2].id, "held") == [held[1]]
        assert await tx.alerts.of("finistere", 10) == []


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


async def test_a_reopened_report_walks_again_and_its_first_wait_still_counts(store: Any) -> None:
    async with store.transaction() as tx:
        received = await tx.reports.open(a_report())
        report = received
        for hours in (1, 50):
            at = NOON + timedelta(hours=hours)
            taken = reports.take(report, AGENT, at)
            assert await tx.reports.advance(taken, "received")
            closed = reports.close(taken, AGENT, at)
            assert await tx.reports.advance(closed, "taken")
            report = reports.reopen(closed)
            assert await tx.reports.advance(report, "closed")
            assert not await tx.reports.advance(report, "closed")
            assert await tx.reports.get(received.id) == received
    [counts] = (await store.counted.indicators([], NOON, NOON)).values()
    assert (counts.taken, counts.median) == (1, timedelta(hours=1))


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


SINCE = NOON - timedelta(minutes=10)


async def _seen(store: Any, member: str, commune: str = "35152", **changes: Any) -> reports.Report:
    """A report of a merchant of that commune."""
    async with store.transaction() as tx:
        person = a_merchant(member, commune=Insee(commune))
        await tx.members.save(person)
        seen = a_report(author=MemberId(member), **changes)
        opened: reports.Report = await tx.reports.open(seen)
    return opened


async def test_events_still_open_around_a_place(store: Any) -> None:
    first = await _seen(store, "m1", received_at=SINCE)
    await _seen(store, "m2", commune="35236")
    await _seen(store, "m3", territory="mantes")
    await _seen(store, "m4", received_at=SINCE - timedelta(seconds=1))
    cleared = await _seen(store, "m5")
    async with store.transaction() as tx:
        taken = reports.take(cleared, AGENT, LATER)
        assert await tx.reports.advance(taken, "received")
        assert [r.id for r in await tx.cases.around("liffre", LIFFRE, SINCE)] == [5, 1]
        done = reports.clear(taken, AGENT, LATER, founded=False)
        assert await tx.reports.advance(done, "taken")
        assert list(await tx.cases.around("liffre", LIFFRE, SINCE)) == [first]
        assert list(await tx.cases.around("mantes", LIFFRE, SINCE)) == []


async def test_followers_keep_an_event_young_and_lead_none(store: Any) -> None:
    first = await _seen(store, "m1", received_at=SINCE - timedelta(hours=1))
    second = await _seen(store, "m2", leader=first.id)
    assert second.leader == first.id
    async with store.transaction() as tx:
        assert await tx.reports.get(second.id) == second
        assert list(await tx.cases.around("liffre", LIFFRE, SINCE)) == [first]
        assert list(await tx.cases.of(first.id)) == [first, second]
        assert list(await tx.cases.of(second.id)) == [second]


async def test_what_waits_in_a_territory(store: Any) -> None:
    first = await _seen(store, "m1", received_at=SINCE - timedelta(days=2))
    await _seen(store, "m2", leader=first.id)
    await _seen(store, "m3", territory="mantes")
    second, third = await _seen(store, "m4"), await _seen(store, "m5")
    async with store.transaction() as tx:
        taken = reports.take(second, AGENT, LATER)
        assert await tx.reports.advance(taken, "received")
        assert list(await tx.cases.waiting("liffre", 10)) == [first, taken, third]
        assert list(await tx.cases.waiting("liffre", 1)) == [first]
        assert await tx.reports.advance(reports.close(taken, AGENT, LATER), "taken")
        done = reports.clear(reports.take(third, AGENT, LATER), AGENT, LATER, founded=True)
        assert await tx.reports.advance(done, "received")
        assert list(await tx.cases.waiting("liffre", 10)) == [first, done]
        early = reports.clear(reports.take(first, AGENT, LATER), AGENT, LATER, founded=False)
        assert await tx.reports.advance(early, "received")
        assert await tx.reports.advance(reports.close(done, AGENT, LATER), "cleared")
        assert list(await tx.cases.waiting("liffre", 10)) == [early]


async def test_a_report_leaves_its_event_once(store: Any) -> None:
    first = await _seen(store, "m1")
    second = await _seen(store, "m2", leader=first.id)
    async with store.transaction() as tx:
        assert await tx.cases.leave(second.id)
        assert not await tx.cases.leave(second.id)
        assert not await tx.cases.leave(first.id)
        assert list(await tx.cases.of(first.id)) == [first]
        assert {r.id for r in await tx.cases.around("liffre", LIFFRE, SINCE)} == {1, 2}


async def test_of_many_at_once_the_first_leads_them_all(store: Any) -> None:
    async def tell(number: int) -> None:
        async with store.transaction() as tx:
            author = MemberId(f"m{number}")
            await tx.members.save(a_merchant(author))
            near = await tx.cases.around("liffre", LIFFRE, SINCE)
            draft = a_report(author=author)
            await tx.reports.open(reports.follow(draft, near[0]) if near else draft)

    await asyncio.gather(*(tell(number) for number in range(20)))
    async with store.transaction() as tx:
        [leader] = await tx.cases.around("liffre", LIFFRE, SINCE)
        assert len(await tx.cases.of(leader.id)) == 20
