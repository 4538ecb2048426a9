"""Safe mode: officers are reminded each day that alerts are suspended, and told when it ends."""

import logging
from datetime import timedelta

from appservice.domain.room import KnownRoom
from appservice.domain.wording import alerts as words
from appservice.domain.world import World
from appservice.flows.ports import Clock, Store, Transaction
from appservice.flows.rounds import rounds
from appservice.flows.step import every_poste, room_parcels

_LOG = logging.getLogger(__name__)
_EVERY = timedelta(minutes=10)


async def remind(store: Store, world: World, clock: Clock, every: timedelta = _EVERY) -> None:
    """Until cancelled. In safe mode it is in the log each time, in every poste once a day."""

    async def once() -> None:
        if world.settings.suspended:
            _LOG.warning("SAFE MODE: no alert leaves until the service starts without --safe")
        await remind_once(store, world, clock)

    await rounds(once, every, _LOG, "word of the suspension waits")


async def remind_once(store: Store, world: World, clock: Clock) -> None:
    """A key holds the day: once a day, however often the service is started."""
    today = clock()
    days = (today, today - timedelta(days=1))
    async with store.transaction() as tx:
        for territory in world.territories.values():
            rooms = await every_poste(tx, territory)
            if world.settings.suspended:
                text, name = words.STILL_SUSPENDED, f"suspended:{today:%Y-%m-%d}"
            elif await _told(tx, rooms, [f"suspended:{day:%Y-%m-%d}" for day in days]):
                text, name = words.RESUMED, f"resumed:{today:%Y-%m-%d}"
            else:
                continue
            for room in rooms:
                await tx.outbox.put(room_parcels(room, text, name))


async def _told(tx: Transaction, rooms: list[KnownRoom], names: list[str]) -> bool:
    """Whether the first poste has read one of these. What all of them read, each of them did."""
    for room in rooms[:1]:
        for name in names:
            for parcel in room_parcels(room, "", name):
                if await tx.outbox.delivered_as(parcel.key) is not None:
                    return True
    return False
