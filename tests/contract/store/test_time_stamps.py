"""Time-stamps that were asked for, in memory and in PostgreSQL."""

from datetime import timedelta
from typing import Any

from support.store_builders import NOON, a_merchant, a_signature

from appservice.domain.charter import Signature
from appservice.domain.ids import MemberId
from appservice.domain.signing.stamp import Stamp, Stamped

MINUTE = timedelta(minutes=1)
TOKEN = Stamped(b"\x30\x03tok", NOON + MINUTE, "Horloge")


async def ask(store: Any, *members: str) -> list[Signature]:
    signatures = [a_signature(member, seal=f"seal-{member}") for member in members]
    async with store.transaction() as tx:
        for number, signature in enumerate(signatures):
            await tx.members.save(a_merchant(signature.member))
            await tx.signatures.add(signature)
            await tx.time_stamps.ask(signature, NOON + number * MINUTE)
    return signatures


async def due(store: Any, minutes: int, limit: int = 10) -> list[Stamp]:
    async with store.transaction() as tx:
        return list(await tx.time_stamps.due(NOON + minutes * MINUTE, limit))


async def test_what_is_awaited_is_due_the_oldest_first(store: Any):
    [one, two] = await ask(store, "m1", "m2")
    assert await due(store, -1) == []
    assert [stamp.signature for stamp in await due(store, 0)] == [one]
    assert [stamp.signature for stamp in await due(store, 9)] == [one, two]
    assert [stamp.signature for stamp in await due(store, 9, limit=1)] == [one]
    async with store.transaction() as tx:
        assert await tx.time_stamps.of(one) == Stamp(one, NOON)
        assert await tx.time_stamps.of(a_signature("m3")) is None


async def test_what_failed_waits_and_says_why(store: Any):
    await ask(store, "m1")
    [stamp] = await due(store, 0)
    async with store.transaction() as tx:
        await tx.time_stamps.later(stamp, NOON + 5 * MINUTE, "down")
    assert await due(store, 4) == []
    [again] = await due(store, 5)
    assert (again.tries, again.code, again.token) == (1, "down", None)


async def test_a_token_is_kept_once_and_for_all(store: Any):
    [signature] = await ask(store, "m1")
    [stamp] = await due(store, 0)
    async with store.transaction() as tx:
        await tx.time_stamps.keep(stamp, TOKEN)
        await tx.time_stamps.keep(stamp, Stamped(b"other", NOON, "Une autre"))
        await tx.time_stamps.later(stamp, NOON, "too late")
    assert await due(store, 99) == []
    async with store.transaction() as tx:
        kept = await tx.time_stamps.of(signature)
        assert (kept.token, kept.at, kept.authority) == (b"\x30\x03tok", TOKEN.at, "Horloge")
        assert kept.code == ""


async def test_who_signs_again_has_one_of_each(store: Any):
    [first] = await ask(store, "m1")
    second = a_signature("m1", seal="again", signed_at=NOON + MINUTE)
    async with store.transaction() as tx:
        await tx.signatures.add(second)
        await tx.time_stamps.ask(second, NOON)
        await tx.time_stamps.keep(Stamp(second, NOON), TOKEN)
        assert (await tx.time_stamps.of(first)).token is None
        assert (await tx.time_stamps.of(second)).token == TOKEN.token
    assert [stamp.signature.member for stamp in await due(store, 0)] == [MemberId("m1")]
