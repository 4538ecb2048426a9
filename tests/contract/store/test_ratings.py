"""What any store of ratings does."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from support.store_builders import NOON, a_report

from appservice.domain.ids import MemberId, ReportId
from appservice.domain.rating.given import Rating, month_of
from appservice.domain.report import close, reopen, take

ME, OFFICER = MemberId("m1"), MemberId("o1")
HOUR = timedelta(hours=1)


async def closed(store: Any, hours: int = 1, **changes: Any) -> Rating:
    """A rating to give, of a report that was closed so many hours after noon."""
    async with store.transaction() as tx:
        report = await tx.reports.open(a_report(author=ME, **changes))
        done = close(take(report, OFFICER, NOON), OFFICER, NOON + hours * HOUR)
        assert await tx.reports.advance(done, "received")
    return Rating(report.id, NOON + hours * HOUR, month_of(NOON), 4, "rapide")


async def test_a_rating_comes_back_and_a_second_one_replaces_it_in_its_month(store: Any) -> None:
    given = await closed(store)
    again = replace(given, score=5, comment="", month=date(2031, 1, 1))
    async with store.transaction() as tx:
        assert await tx.ratings.of(given.report) == []
        assert await tx.ratings.give(given)
        assert await tx.ratings.of(given.report) == [given]
        assert await tx.ratings.give(again)
        assert await tx.ratings.of(given.report) == [replace(again, month=given.month)]


async def test_each_closing_has_its_own(store: Any) -> None:
    first = await closed(store)
    second = replace(first, closed_at=NOON + 3 * HOUR, score=1)
    async with store.transaction() as tx:
        assert await tx.ratings.give(first)
        assert not await tx.ratings.give(second), "not closed then"
        report = reopen(await tx.reports.get(first.report))
        assert await tx.reports.advance(report, "closed")
        assert not await tx.ratings.give(first), "open"
        assert await tx.reports.advance(close(report, OFFICER, NOON + 3 * HOUR), "received")
        assert not await tx.ratings.give(first), "closed since"
        assert await tx.ratings.give(second)
        assert await tx.ratings.of(first.report) == [first, second]


async def test_which_one_waits(store: Any) -> None:
    async with store.transaction() as tx:
        await tx.reports.open(a_report(author=ME))
        assert await tx.ratings.waiting(ME, NOON) is None
    late, early = await closed(store, 5), await closed(store, 2)
    async with store.transaction() as tx:
        assert await tx.ratings.waiting(ME, NOON) == late.report
        assert await tx.ratings.waiting(ME, NOON + 5 * HOUR) is None
        assert await tx.ratings.waiting(OFFICER, NOON) is None
        assert await tx.ratings.give(late)
        assert await tx.ratings.waiting(ME, NOON) == early.report
        assert await tx.ratings.give(early)
        assert await tx.ratings.waiting(ME, NOON) is None


async def test_what_does_not_exist_is_not_rated(store: Any) -> None:
    async with store.transaction() as tx:
        assert not await tx.ratings.give(Rating(ReportId(404), NOON, month_of(NOON), 3))
        assert await tx.ratings.of(ReportId(404)) == []


async def test_months_of_a_territory(store: Any) -> None:
    month, other = date(2026, 11, 1), date(2026, 12, 1)
    for score, when, land in ((4, month, "liffre"), (4, month, "liffre"), (1, other, "liffre"),
                              (5, month, "mantes")):  # fmt: skip
        given = await closed(store, territory=land)
        async with store.transaction() as tx:
            assert await tx.ratings.give(replace(given, score=score, month=when))
    assert await store.counted.ratings() == {
        "liffre": {month: (0, 0, 0, 2, 0), other: (1, 0, 0, 0, 0)},
        "mantes": {month: (0, 0, 0, 0, 1)},
    }
