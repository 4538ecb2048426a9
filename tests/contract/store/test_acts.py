"""Acts read back, in memory and in PostgreSQL: by land, act, subject and time, latest first."""

from datetime import timedelta
from typing import Any

from support.golden import PlainSeals
from support.store_builders import NOON

from appservice.domain.audit import Act, Question, faults
from appservice.store.audit import read_export

HOUR = timedelta(hours=1)


async def some_acts(store: Any) -> None:
    acts = [
        Act("g1", "report.take", "S1", NOON, (), "liffre"),
        Act("g1", "report.close", "S1", NOON + HOUR, ("founded",), "liffre"),
        Act("p1", "report.take", "S2", NOON + 2 * HOUR, (), "mantes"),
        Act("operator", "console-invite", "account:c1", NOON + 3 * HOUR),
    ]
    for act in acts:
        async with store.transaction() as tx:
            await tx.acts.append(act)


async def read(store: Any, size: int = 10, **asked: Any) -> list[tuple[str, str]]:
    async with store.transaction() as tx:
        entries = await tx.acts.read(Question(**asked), size)
    return [(entry.act.verb, entry.act.subject) for entry in entries]


async def test_each_question_is_answered_latest_first(store):
    await some_acts(store)
    assert await read(store) == [
        ("console-invite", "account:c1"), ("report.take", "S2"), ("report.close", "S1"),
        ("report.take", "S1"),
    ]  # fmt: skip
    assert await read(store, territory="liffre") == [("report.close", "S1"), ("report.take", "S1")]
    assert await read(store, verbs=("report.take",)) == [
        ("report.take", "S2"), ("report.take", "S1"),
    ]  # fmt: skip
    assert await read(store, subject="S1", verbs=("report.close",)) == [("report.close", "S1")]
    assert await read(store, since=NOON + HOUR, until=NOON + 2 * HOUR) == [("report.close", "S1")]
    assert await read(store, territory="ailleurs") == []


async def test_pages_follow_one_another(store):
    await some_acts(store)
    async with store.transaction() as tx:
        first = await tx.acts.read(Question(), 2)
        second = await tx.acts.read(Question(before=first[-1].number), 2)
        last = await tx.acts.read(Question(before=second[-1].number), 2)
    assert [entry.number for entry in (*first, *second, *last)] == [4, 3, 2, 1]
    assert second[0].act == Act("g1", "report.close", "S1", NOON + HOUR, ("founded",), "liffre")


async def test_the_chain_comes_out_whole_and_of_other_lands_its_prints_alone(store):
    await some_acts(store)
    assert await store.audit.checkpoint(PlainSeals(), NOON) is not None
    assert await store.audit.checkpoint(PlainSeals(), NOON) is None, "nothing was added"
    entries, points = read_export([line async for line in store.audit.export()])
    assert [entry.act.subject for entry in entries] == ["S1", "S1", "S2", "account:c1"]
    assert (faults(entries), [point.number for point in points]) == ([], [4])
    lines = [line async for line in store.audit.export("mantes")]
    entries, points = read_export(lines)
    assert [entry.act and entry.act.subject for entry in entries] == [None, None, "S2", None]
    assert (faults(entries), len(points)) == ([], 1)
    assert "liffre" not in "".join(lines)
