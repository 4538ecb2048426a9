"""Reports that were closed and rated a month ago, for the pages that count them."""

from datetime import timedelta
from typing import Any

from appservice.domain.ids import MemberId
from appservice.domain.rating.given import Rating, month_of
from appservice.domain.report import close
from support.console import LIFFRE, ConsoleTown
from support.store_builders import a_report

COMMENT = "bravo"


async def rated(town: ConsoleTown, author: MemberId, *scores: int, **changes: Any) -> None:
    """One report a score, with a comment."""
    for score in scores:
        async with town.store.transaction() as tx:
            draft = a_report(territory=LIFFRE, author=author, received_at=town.clock(), **changes)
            report = await tx.reports.open(draft)
            done = close(report, MemberId("o1"), town.clock())
            assert await tx.reports.advance(done, "received")
            month = month_of(town.clock() - timedelta(days=31))
            given = Rating(report.id, town.clock(), month, score, COMMENT)
            assert await tx.ratings.give(given)
