"""Pages that follow a signature: the same in memory and in PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from support.store_builders import NOON

from appservice.domain.ids import MemberId, UserId
from appservice.domain.signing import Arrival, Claim

M1 = MemberId("m1")
DAY = timedelta(days=1)
USER = UserId("@m12345678:maillage.test")


def an_arrival(name: str, **changes: Any) -> Arrival:
    return replace(Arrival(name.encode() * 32, M1, "mairie", NOON, NOON + DAY), **changes)


async def test_it_comes_back_whole_and_what_becomes_of_it_is_written(store: Any) -> None:
    arrival = an_arrival("a", resets=True)
    async with store.transaction() as tx:
        await tx.arrivals.add(arrival)
        for changed in (
            arrival,
            replace(arrival, user=USER),
            replace(arrival, user=USER, given_at=NOON + DAY / 2),
        ):
            await tx.arrivals.save(changed)
            assert await tx.arrivals.get(arrival.digest) == changed
            assert await tx.arrivals.hold(arrival.digest) == changed
        assert await tx.arrivals.get(b"z" * 32) is None


async def test_the_newest_alone_works(store: Any) -> None:
    first, other = an_arrival("a"), an_arrival("o", member=MemberId("m2"))
    newest = an_arrival("b", made_at=NOON + DAY / 2)
    async with store.transaction() as tx:
        for arrival in (first, other, newest):
            await tx.arrivals.add(arrival)
        assert await tx.arrivals.get(first.digest) == replace(first, revoked_at=newest.made_at)
        assert await tx.arrivals.get(newest.digest) == newest
        await tx.arrivals.end(M1, NOON + DAY)
        assert (await tx.arrivals.get(newest.digest)).revoked_at == NOON + DAY
        assert (await tx.arrivals.get(first.digest)).revoked_at == newest.made_at
        assert await tx.arrivals.get(other.digest) == other


async def test_whose_account_is_known_whichever_page_opened_it(store: Any) -> None:
    async with store.transaction() as tx:
        await tx.arrivals.add(an_arrival("a", user=USER))
        await tx.arrivals.add(an_arrival("b"))
        await tx.arrivals.add(an_arrival("o", member=MemberId("m2")))
        assert await tx.arrivals.user_of(M1) == USER
        assert await tx.arrivals.user_of(MemberId("m2")) is None


async def test_who_holds_it_holds_it_alone(store: Any) -> None:
    arrival = an_arrival("a")
    async with store.transaction() as tx:
        await tx.arrivals.add(arrival)
    taken = []

    async def take(n: int) -> None:
        async with store.transaction() as tx:
            held = await tx.arrivals.hold(arrival.digest)
            if held.user is None:
                taken.append(n)
                await tx.arrivals.save(replace(held, user=USER))

    await asyncio.gather(*(take(n) for n in range(6)))
    assert len(taken) == 1


async def test_what_somebody_says_is_theirs_is_kept_until_it_is_forgotten(store: Any) -> None:
    one, two = an_arrival("a"), an_arrival("b", member=MemberId("m2"))
    first = Claim(USER, NOON + DAY / 4)
    newer, other = replace(first, asked_at=NOON + DAY / 2), replace(first, asked_at=NOON + DAY / 3)
    async with store.transaction() as tx:
        for arrival in (one, two):
            await tx.arrivals.add(arrival)
        for claim in (first, newer):
            await tx.claims.put(one.digest, claim)
            assert await tx.claims.of(one.digest) == claim
        assert await tx.claims.of(two.digest) is None
        await tx.claims.put(two.digest, other)
        assert await tx.claims.spent(NOON, 9) == []
        assert await tx.claims.spent(NOON + DAY / 3, 9) == [(two.digest, other)]
        over = replace(newer, is_over=True)
        await tx.claims.put(one.digest, over)
        assert await tx.claims.spent(NOON, 9) == [(one.digest, over)]
        assert len(await tx.claims.spent(NOON + DAY, 1)) == 1
        await tx.claims.forget(one.digest, first)
        assert await tx.claims.of(one.digest) == over, "a newer one is left alone"
        await tx.claims.forget(one.digest, over)
        assert await tx.claims.of(one.digest) is None


async def test_accounts_wait_to_be_closed_once_each(store: Any) -> None:
    other = UserId("@m87654321:maillage.test")
    async with store.transaction() as tx:
        for user, at in ((USER, NOON + DAY), (other, NOON), (USER, NOON - DAY)):
            await tx.closings.add(user, at)
        assert await tx.closings.waiting(9) == [other, USER]
        assert await tx.closings.waiting(1) == [other]
        await tx.closings.done(other)
        assert await tx.closings.waiting(9) == [USER]
