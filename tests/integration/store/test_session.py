"""Connections: what happens to them when people leave in the middle, and what errors become."""

import asyncio
from typing import Any

import asyncpg
import pytest
from support.store_builders import a_merchant

from appservice.domain.errors import TemporaryFailure
from appservice.domain.ids import MemberId
from appservice.store.postgres import PgStore


async def test_whoever_is_cancelled_leaves_nothing_behind(make_store: Any) -> None:
    store = await make_store(connections=1)
    inside = asyncio.Event()

    async def never_ends() -> None:
        async with store.transaction() as tx:
            await tx.members.save(a_merchant())
            inside.set()
            await asyncio.Event().wait()

    for _ in range(3):
        inside.clear()
        task = asyncio.create_task(never_ends())
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with store.transaction() as tx:
        assert await tx.members.get(MemberId("m1")) is None


async def test_cancelled_in_the_middle_of_a_statement(
    make_store: Any, sql: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    store = await make_store(connections=1)
    async with store.transaction() as tx:
        await tx.members.save(a_merchant())

    async def stuck() -> None:
        async with store.transaction() as tx:
            await tx.members.save(a_merchant(shop="Autre"))

    async with sql.transaction():
        await sql.execute("SELECT FROM members FOR UPDATE")
        task = asyncio.create_task(stuck())
        async with asyncio.timeout(30):
            while not await sql.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                continue
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # The one connection is free again, although the row is still locked.
        async with store.transaction() as tx:
            assert await tx.members.get(MemberId("m1")) == a_merchant()


async def test_of_two_who_wait_for_each_other_one_tries_again_later(store: PgStore) -> None:
    first_two = [MemberId("m1"), MemberId("m2")]
    async with store.transaction() as tx:
        for member in first_two:
            await tx.members.save(a_merchant(member))
    both_inside = asyncio.Barrier(2)

    async def save(*members: MemberId) -> None:
        async with store.transaction() as tx:
            await tx.members.save(a_merchant(members[0], shop="Autre"))
            await both_inside.wait()
            await tx.members.save(a_merchant(members[1], shop="Autre"))

    outcomes = await asyncio.gather(
        save(*first_two), save(*reversed(first_two)), return_exceptions=True
    )
    assert sorted(type(outcome) for outcome in outcomes if outcome) == [TemporaryFailure]


async def test_a_mistake_of_ours_is_not_taken_for_an_outage(store: PgStore) -> None:
    async with store.transaction() as tx:
        saves = (tx.members.save(a_merchant(f"m{number}")) for number in range(2))
        outcomes = await asyncio.gather(*saves, return_exceptions=True)
    assert any(isinstance(outcome, asyncpg.InterfaceError) for outcome in outcomes)


async def test_more_people_than_connections_take_turns(make_store: Any) -> None:
    store = await make_store(connections=2)

    async def save(number: int) -> None:
        async with store.transaction() as tx:
            await tx.members.save(a_merchant(f"m{number}"))

    await asyncio.gather(*(save(number) for number in range(20)))
    async with store.transaction() as tx:
        assert len(await tx.members.everyone()) == 20
