"""The figures, read from a real database."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from support.store_builders import (
    MINUTE,
    NOON,
    HandClock,
    a_merchant,
    a_parcel,
    a_report,
    a_signature,
    an_alert,
)

from appservice.domain.audit import Act
from appservice.domain.figures import LAPS, Backlog, Waits
from appservice.domain.ids import AlertId, MemberId, UserId
from appservice.domain.member import Channel
from appservice.domain.report import Cleared, Taken, clear, close, take

TEXT = "ab" * 32


@pytest_asyncio.fixture(loop_scope="session")
async def store(make_store: Any) -> Any:
    return await make_store()


async def test_an_empty_installation_has_nothing_to_show(store: Any) -> None:
    figures = await store.figures.read([TEXT])
    assert figures.queued == figures.deliveries == figures.alerts == figures.charters == {}
    assert figures.taken == Waits()


async def test_the_database_says_what_time_it_is(store: Any) -> None:
    assert (await store.figures.now()).tzinfo is not None


async def test_what_waits_and_since_when(store: Any, clock: HandClock) -> None:
    async with store.transaction() as tx:
        await tx.outbox.put([a_parcel("old", alert=AlertId(1))])
    clock.advance(MINUTE)
    async with store.transaction() as tx:
        await tx.outbox.put([a_parcel("new"), a_parcel("room", "!r", channel=Channel.MATRIX)])
    await store.journal.write("signal", "k1", b"x", NOON)
    await store.journal.write("signal", "k2", b"x", NOON + MINUTE)
    assert await store.queue.claim(Channel.MATRIX, 1, MINUTE, clock())
    figures = await store.figures.read([])
    assert figures.queued == {"sms": Backlog(2, NOON)}
    assert figures.deliveries == {("sms", "queued"): 2, ("matrix", "submitting"): 1}
    assert figures.journal == {"signal": Backlog(2, NOON)}
    [(entry, _), _] = await store.journal.pending("signal", 5)
    await store.journal.done(entry)
    assert (await store.figures.read([])).journal == {"signal": Backlog(1, NOON + MINUTE)}


async def test_cases_by_stage_and_how_long_they_took(store: Any) -> None:
    officer = MemberId("o1")
    async with store.transaction() as tx:
        await tx.alerts.open(an_alert())
        for minutes in (1, 4):
            report = await tx.reports.open(a_report(emergency=minutes == 1))
            taken = replace(report, stage=Taken(officer, NOON + minutes * MINUTE))
            assert await tx.reports.advance(taken, "received")
        cleared = replace(
            taken, stage=Cleared(officer, taken.stage.at, NOON + 20 * MINUTE, founded=True)
        )
        assert await tx.reports.advance(cleared, "taken")
    figures = await store.figures.read([])
    assert figures.alerts == {"held": 1}
    assert figures.reports == {"taken": 1, "cleared": 1}
    assert figures.emergencies == 1
    within = dict(zip(LAPS, figures.taken.within, strict=True))
    assert (figures.taken.count, figures.taken.total) == (2, 5 * MINUTE)
    assert [within[m * MINUTE] for m in (1, 2, 5)] == [1, 1, 2]
    within = dict(zip(LAPS, figures.cleared.within, strict=True))
    assert figures.cleared.count == 1
    assert [within[m * MINUTE] for m in (15, 30)] == [0, 1]


async def test_what_is_reopened_took_as_long_as_the_first_time(store: Any) -> None:
    officer = MemberId("o1")
    async with store.transaction() as tx:
        report = await tx.reports.open(a_report())
        for minutes in (4, 400):
            at = NOON + minutes * MINUTE
            cleared = clear(take(report, officer, at), officer, at, founded=True)
            assert await tx.reports.advance(cleared, "received")
            assert await tx.reports.advance(close(cleared, officer, at), "cleared")
            assert await tx.reports.advance(report, "closed")
    figures = await store.figures.read([])
    assert figures.reports == {"received": 1}
    for waits in (figures.taken, figures.cleared):
        assert (waits.count, waits.total) == (1, 4 * MINUTE)


async def test_verdicts_are_counted_once_however_often_one_looks(store: Any) -> None:
    async def acts(*said: tuple[str, tuple[str, ...]]) -> None:
        async with store.transaction() as tx:
            for verb, codes in said:
                await tx.acts.append(Act("o1", verb, "A1", NOON, codes))

    await acts(("alert.submit", ()), ("alert.hold", ("suspicion",)), ("sign", ()))
    await store.figures.read([])
    await acts(("alert.refused-by-rule", ("plate", "suspicion")))
    for _ in range(2):
        figures = await store.figures.read([])
        assert figures.verdicts == {"publish": 1, "hold": 1, "refuse": 1}
        assert figures.rules == {
            ("hold", "suspicion"): 1,
            ("refuse", "plate"): 1,
            ("refuse", "suspicion"): 1,
        }


@pytest.mark.parametrize(
    ("changes", "standing"),
    [
        ({}, "in-force"),
        ({"text_hash": "cd" * 32}, "outdated"),
        ({"valid_until": NOON - timedelta(days=1)}, "expired"),
        ({"revoked_at": NOON - timedelta(days=1)}, "revoked"),
        (None, "never-signed"),
    ],
)
async def test_members_by_the_standing_of_their_charter(
    store: Any, changes: dict[str, Any] | None, standing: str
) -> None:
    async with store.transaction() as tx:
        await tx.members.save(replace(a_merchant("m1"), mxid=UserId("@m1:exemple.fr")))
        if changes is not None:
            await tx.signatures.add(a_signature("m1", **changes))
    assert (await store.figures.read([TEXT])).charters == {standing: 1}
