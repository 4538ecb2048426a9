"""A long story told at random to both stores: they must answer alike at every step."""

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.memory_store import MemoryStore
from support.store_builders import HandClock, a_parcel, counted_ids

from appservice.domain.delivery import Claimed, Kind, Settled, State, Urgency
from appservice.domain.ids import AlertId, ParcelId
from appservice.domain.member import Channel
from appservice.files.keys import make_keys
from appservice.store.postgres import connect
from bridges.protocol import Receipt, ReceiptState

LEASE = timedelta(seconds=20)
STEPS = 120


class Teller:
    """Decides what happens next, and holds what each store's workers hold."""

    def __init__(self, seed: int, stores: list[Any], clock: HandClock) -> None:
        self._dice = random.Random(seed)
        self._stores = stores
        self._clock = clock
        self._put = 0
        self._held: list[list[Claimed]] = []

    async def step(self) -> None:
        self._clock.advance(timedelta(seconds=self._dice.randint(1, 8)))
        steps = (self.put, self.claim, self.settle, self.settle, self.receipt, self.renounce)
        await self._dice.choice(steps)()

    async def put(self) -> None:
        parcels = []
        for _ in range(self._dice.randint(1, 4)):
            self._put += 1
            channel = self._dice.choice(list(Channel))
            parcel = a_parcel(
                f"p{self._put}",
                f"cible-{self._dice.randint(1, 3)}",
                channel=channel,
                to_group=channel is Channel.SIGNAL and self._dice.random() < 0.3,
                urgency=self._dice.choice(list(Urgency)),
                alert=AlertId(self._dice.randint(1, 2)),
                **self._end(),
                **self._acting_on(),
            )
            parcels.append(parcel)
        for store in self._stores:
            async with store.transaction() as tx:
                await tx.outbox.put(parcels)

    def _end(self) -> dict[str, Any]:
        if self._dice.random() < 0.7:
            return {}
        return {"expires_at": self._clock() + timedelta(seconds=self._dice.randint(2, 60))}

    def _acting_on(self) -> dict[str, Any]:
        if self._dice.random() < 0.8 or self._put < 2:
            return {}
        return {"kind": Kind.EDIT, "replaces": f"p{self._dice.randint(1, self._put - 1)}"}

    async def claim(self) -> None:
        channel, limit = self._dice.choice(list(Channel)), self._dice.randint(1, 4)
        now = self._clock()
        taken = [list(await s.queue.claim(channel, limit, LEASE, now)) for s in self._stores]
        seen = [[(c.id, c.parcel, c.attempts, c.replaced_provider_id) for c in t] for t in taken]
        assert seen[0] == seen[1]
        self._held += [list(pair) for pair in zip(*taken, strict=True)]

    async def settle(self) -> None:
        if not self._held:
            return
        pair = self._dice.choice(self._held)
        states = [State.ACCEPTED] * 3 + [State.QUEUED, State.FAILED, State.UNKNOWN]
        state, now = self._dice.choice(states), self._clock()
        said: dict[str, Any] = {"code": "c"}
        if state is State.ACCEPTED:
            said["provider_id"] = f"id-{pair[0].id % 7}"
        if state is State.QUEUED:
            said["retry_at"] = now + timedelta(seconds=self._dice.randint(0, 30))
        answers = [
            await store.queue.settle([Settled(claimed, state, now, **said)])
            for store, claimed in zip(self._stores, pair, strict=True)
        ]
        assert answers[0] == answers[1]

    async def receipt(self) -> None:
        name = self._dice.choice([f"id-{self._dice.randint(0, 8)}", f"p{self._put}"])
        person = self._dice.choice(["", "cible-1", "cible-2"])
        receipt = Receipt(name, self._dice.choice(list(ReceiptState)), person)
        channel = self._dice.choice(list(Channel))
        for store in self._stores:
            await store.queue.receipts(channel, [receipt], self._clock())

    async def renounce(self) -> None:
        parcel = ParcelId(self._dice.randint(1, self._put + 1))
        for store in self._stores:
            await store.queue.renounce(parcel, self._clock())

    async def compare(self) -> None:
        seen = []
        for store in self._stores:
            async with store.transaction() as tx:
                tallies = [await tx.outbox.tally(AlertId(n)) for n in (1, 2)]
                names = [await tx.outbox.delivered_as(f"p{n}") for n in range(self._put + 1)]
                seen.append((tallies, names))
        assert seen[0] == seen[1]


@pytest.mark.parametrize("seed", range(8))
async def test_both_stores_tell_the_same_story(
    seed: int, database: str, empty: Any, clock: HandClock, tmp_path: Path
) -> None:
    await empty(database)
    real = await connect(database, make_keys(tmp_path), clock, counted_ids())
    teller = Teller(seed, [MemoryStore(clock), real], clock)
    try:
        for _ in range(STEPS):
            await teller.step()
            await teller.compare()
    finally:
        await real.close()
