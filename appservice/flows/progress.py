"""Tells officers how far an alert has gone, and what needs a person's eye."""

import logging
from datetime import datetime, timedelta
from functools import partial

from appservice.domain.alert import Alert, Cancelled, Held, Published, Turned
from appservice.domain.delivery import Kind, Parcel, Tally
from appservice.domain.ids import AlertId, MemberId
from appservice.domain.room import KnownRoom
from appservice.domain.territory import Level, Zone
from appservice.domain.wording import alerts as words
from appservice.domain.world import World
from appservice.flows.ports import Clock, Store, Transaction
from appservice.flows.rounds import rounds
from appservice.flows.step import postes_over, room_parcels

_LOG = logging.getLogger(__name__)
_WATCHED = timedelta(hours=24)
_EVERY = timedelta(seconds=30)


def is_overtaken(alert: Alert | None, parcel: Parcel) -> bool:
    """The alert was corrected or cancelled while this text waited: the newer word goes instead."""
    version = _version(parcel)
    if alert is None or version is None:
        return False
    match alert.stage:
        case Published(revision=revision):
            return version < revision
        case Cancelled():
            return True
        case Held() | Turned():
            return True


def _version(parcel: Parcel) -> int | None:
    """`alert:A7:r2:…` carries revision 2; a cancellation in words carries none."""
    word = parcel.key.split(":")[2:3]
    return int(word[0][1:]) if word and word[0][:1] == "r" and word[0][1:].isdigit() else None


async def doubt(store: Store, world: World, parcel: Parcel, reason: str) -> None:
    """After a parcel was settled: what needs a person's eye.

    `reason` is `unknown` or `rejected`; a rejected text is in the tally, a rejected correction
    or removal is not and leaves a wrong text on a phone.
    """
    changes = parcel.alert is not None and parcel.kind in {Kind.EDIT, Kind.DELETE}
    if reason == "rejected" and not changes:
        return
    async with store.transaction() as tx:
        alert = await tx.alerts.get(parcel.alert) if parcel.alert is not None else None
        await _doubtful(tx, world, parcel, alert, reason)


async def finish(store: Store, world: World, number: AlertId, clock: Clock) -> None:
    """The last line of an alert, if nothing of it moves any more."""
    async with store.transaction() as tx:
        alert = await tx.alerts.get(number)
        if alert is not None:
            await _finish(tx, world, alert, clock())


async def watch(store: Store, world: World, clock: Clock, every: timedelta = _EVERY) -> None:
    """Until cancelled: says the last lines that nothing else will say."""
    await rounds(partial(finish_all, store, world, clock), every, _LOG, "last lines wait")


async def finish_all(store: Store, world: World, clock: Clock) -> None:
    """The last lines that a crash, or a lease that ran out, left unsaid. Run now and then."""
    now = clock()
    async with store.transaction() as tx:
        for parcel in await tx.outbox.unknown(now - _WATCHED):
            about = await tx.alerts.get(parcel.alert) if parcel.alert is not None else None
            await _doubtful(tx, world, parcel, about, "unknown")
        for alert in await tx.alerts.recent(now - _WATCHED):
            if isinstance(alert.stage, Published | Cancelled):
                await _finish(tx, world, alert, now)


def last_line(alert: Alert) -> str:
    """The name of its parcels."""
    return f"finished:{alert.reference}"


async def _finish(tx: Transaction, world: World, alert: Alert, now: datetime) -> None:
    tally: Tally = await tx.outbox.tally(alert.id)
    if not tally.finished or tally.total() == 0:
        return
    text = words.finished(alert, tally, now)
    for room in await postes_of_alert(tx, world, alert):
        await tx.outbox.put(room_parcels(room, text, last_line(alert)))


async def _doubtful(
    tx: Transaction, world: World, parcel: Parcel, alert: Alert | None, doubt: str
) -> None:
    """No blind resend: a person is told, once an alert and channel, else once a parcel."""
    if parcel.key.startswith("doubt:"):
        return
    subject = alert.reference if alert is not None else "Message"
    if parcel.report is not None:
        subject = f"S{parcel.report}"
    about = f"{alert.reference}:{parcel.channel}" if alert is not None else parcel.key
    say = words.uncertain if doubt == "unknown" else words.unchanged
    text = say(subject, parcel.channel)
    for room in await _postes_about(tx, world, parcel, alert):
        await tx.outbox.put(room_parcels(room, text, f"doubt:{doubt}:{about}"))


async def _postes_about(
    tx: Transaction, world: World, parcel: Parcel, alert: Alert | None
) -> list[KnownRoom]:
    if alert is not None:
        return await postes_of_alert(tx, world, alert)
    concerned = parcel.member
    if concerned is None and parcel.report is not None:
        found = await tx.reports.get(parcel.report)
        concerned = found.author if found is not None else None
    return await _postes_of(tx, world, concerned) if concerned is not None else []


async def _postes_of(tx: Transaction, world: World, who: MemberId) -> list[KnownRoom]:
    member = await tx.members.get(who)
    territory = world.territory_of(member) if member is not None else None
    if member is None or territory is None:
        return []
    zone = (
        Zone(Level.COMMUNE, member.commune)
        if member.commune
        else Zone(Level.TERRITORY, territory.id)
    )
    return await postes_over(tx, territory, zone)


async def postes_of_alert(tx: Transaction, world: World, alert: Alert) -> list[KnownRoom]:
    """The postes of the officers whose land the alert is for."""
    territory = world.territories.get(alert.territory)
    return await postes_over(tx, territory, alert.audience.zone) if territory is not None else []
