"""One message of the poste, edited while an alert leaves, and its last line as receipts come."""

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from appservice.domain.alert import Alert, Cancelled, Published
from appservice.domain.delivery import Kind, Parcel, Tally
from appservice.domain.ids import AlertId
from appservice.domain.member import Channel
from appservice.domain.room import KnownRoom
from appservice.domain.wording import alerts as words
from appservice.domain.world import World
from appservice.flows import progress
from appservice.flows.ports import Clock, Store, Transaction
from appservice.flows.rounds import rounds
from appservice.flows.step import room_parcels

_LOG = logging.getLogger(__name__)
_LOOK = timedelta(seconds=3)
_LOOK_FAR = timedelta(seconds=30)
_YOUNG = timedelta(minutes=3)
_WATCHED = timedelta(hours=24)
# How often the message may change, by the age of the alert: some two hundred times a day at most.
_PACES = (
    (timedelta(minutes=2), timedelta(seconds=5)),
    (timedelta(minutes=30), timedelta(seconds=30)),
    (_WATCHED, timedelta(minutes=10)),
)


@dataclass(slots=True)
class Live:
    """Watches alerts that telephones get. What it says is read from the database each time.

    The key of an edit holds its turn, so that two processes, or one that starts again, never
    edit more often than the pace allows.
    """

    store: Store
    world: World
    clock: Clock
    _said: dict[AlertId, tuple[datetime, int, str]] = field(default_factory=dict)
    _looked_far: datetime | None = None

    async def run(self) -> None:
        """Until cancelled."""
        await rounds(self.look, _LOOK, _LOG, "progress of alerts waits")

    async def look(self) -> None:
        """One round: young alerts each time, those of the day now and then."""
        now = self.clock()
        far = self._looked_far is None or now - self._looked_far >= _LOOK_FAR
        if far:
            self._looked_far = now
        async with self.store.transaction() as tx:
            alerts = await tx.alerts.recent(now - (_WATCHED if far else _YOUNG))
        if far:
            known = {alert.id for alert in alerts}
            self._said = {number: said for number, said in self._said.items() if number in known}
        for alert in alerts:
            await self._alert(alert, now)

    async def _alert(self, alert: Alert, now: datetime) -> None:
        if not isinstance(alert.stage, Published | Cancelled):
            return
        began = alert.stage.at  # anew when it is withdrawn
        turn = _turn(now - began)
        since, before, former = self._said.get(alert.id, (began, 0, ""))
        if since == began and turn <= before:
            return
        async with self.store.transaction() as tx:
            tally = await tx.outbox.tally(alert.id)
            if alert.urgent and tally.deferred:
                # Held back by whoever had not yet read that it is urgent.
                await tx.telephone.texts.hurry(alert.id)
            text = words.counted(tally)
            if text != former and any(channel is Channel.SMS for channel, _ in tally.counts):
                rooms = await progress.postes_of_alert(tx, self.world, alert)
                for room in rooms:
                    await _show(tx, room, alert, tally, now, turn)
        self._said[alert.id] = (began, turn, text)


async def _show(
    tx: Transaction, room: KnownRoom, alert: Alert, tally: Tally, now: datetime, turn: int
) -> None:
    key, until = f"live:{alert.reference}:{room.room_id}", now + _pace(turn)
    version = _version(alert)
    shown = await tx.outbox.delivered_as(key)
    live = Parcel(key, Channel.MATRIX, room.room_id, words.all_left(alert), notice=True)
    parcels = []
    if not tally.finished:
        live = replace(live, body=words.under_way(alert, tally, now))
        parcels.append(live if shown is None else _edit(live, f"{version}:{turn}", until))
    elif shown is not None:
        parcels.append(_edit(live, f"{version}:end"))
    last = room_parcels(room, words.receipts(alert, tally, now), progress.last_line(alert))[0]
    if tally.finished and await tx.outbox.delivered_as(last.key) is not None:
        parcels.append(_edit(last, f"{version}:{turn}", until))
    await tx.outbox.put(parcels)


def _version(alert: Alert) -> str:
    """« r2 », or « x » once it is withdrawn: each has turns of its own."""
    return f"r{alert.stage.revision}" if isinstance(alert.stage, Published) else "x"


def _edit(post: Parcel, name: str, until: datetime | None = None) -> Parcel:
    """Stale when the next one is due, so that an outage leaves no heap of them."""
    return replace(
        post, key=f"{post.key}:{name}", kind=Kind.EDIT, replaces=post.key, expires_at=until
    )


def _turn(age: timedelta) -> int:
    """Which edit it is the time of, from 1."""
    turn, begins = 1, timedelta(0)
    for ends, pace in _PACES:
        if age < ends:
            return turn + (age - begins) // pace
        turn += (ends - begins) // pace
        begins = ends
    return turn


def _pace(turn: int) -> timedelta:
    first, begins = 1, timedelta(0)
    for ends, pace in _PACES:
        first += (ends - begins) // pace
        begins = ends
        if turn < first:
            return pace
    return _PACES[-1][1]
