"""When Signal can't bring an alert in time, those who agreed to it get an SMS instead.

Never both: the Signal parcel is taken back in the transaction that queues the SMS. What may have
left already (in hand, or of unknown fate) is not sent again: an officer is told, as always.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from appservice.domain.alert import Alert, Published
from appservice.domain.audience import Route
from appservice.domain.audit import Act
from appservice.domain.delivery import REROUTED, Parcel
from appservice.domain.ids import AlertId
from appservice.domain.member import Channel, Member
from appservice.domain.territory import Territory
from appservice.domain.wording import fallback as words
from appservice.domain.world import World
from appservice.flows.broadcast import post, versions
from appservice.flows.departure.aftermath import Instead
from appservice.flows.departure.reach import Reach, agreed, reach_of
from appservice.flows.ports import Clock, Store, Transaction
from appservice.flows.rounds import rounds
from appservice.flows.step import every_poste, postes_over, room_parcels
from bridges.protocol import Bridge

_LOG = logging.getLogger(__name__)
# A parcel of a channel that works is on its way within seconds.
_GRACE = timedelta(seconds=20)
_PATIENCE = timedelta(seconds=8)
_EVERY = timedelta(seconds=10)


@dataclass(slots=True)
class Fallback:
    """Watches Signal, on behalf of SMS. `run` until cancelled; `look` is one round."""

    bridge: Bridge
    store: Store
    world: World
    clock: Clock
    every: timedelta = _EVERY
    by_sms: bool = True  # whether there is a way round
    _down_since: datetime | None = field(default=None, init=False)
    _told: bool = field(default=False, init=False)

    async def run(self) -> None:
        """Whatever fails here only makes it wait."""
        await rounds(self.look, self.every, _LOG, "the way round Signal")

    async def look(self) -> None:
        """Asks how Signal is, says so in the postes, and sends round what waited too long."""
        await self._ask()
        if self.world.settings.suspended or not self.by_sms:
            return  # alerts wait because somebody wants them to, or have no other way
        now = self.clock()
        late = now - (_GRACE if self._is_down(now) else self._patience)
        async with self.store.transaction() as tx:
            waiting = await tx.recall.late(Channel.SIGNAL, late)
        by_alert: dict[AlertId, list[Parcel]] = {}
        for parcel in waiting:
            if parcel.alert is not None:
                by_alert.setdefault(parcel.alert, []).append(parcel)
        for number, parcels in by_alert.items():
            async with self.store.transaction() as tx:
                await self._send_round(tx, number, parcels, now)

    def instead(self, channel: Channel) -> Instead | None:
        """Who is told of alerts which that channel will never bring."""
        return self.refused if channel is Channel.SIGNAL and self.by_sms else None

    async def refused(self, parcel: Parcel, addresses: Sequence[str]) -> None:
        """Signal will never bring this alert to those accounts: an SMS, for those who agreed."""
        now = self.clock()
        async with self.store.transaction() as tx:
            found = await _still_due(tx, self.world, parcel.alert, now)
            if found is None:
                return
            alert, territory = found
            reach = await reach_of(tx, self.world, territory, alert, now)
            found_at = [await tx.members.at(Channel.SIGNAL, address) for address in addresses]
            concerned = [
                member
                for member in found_at
                if member is not None
                and member.id in reach.present
                and Channel.SMS not in member.channels
            ]
            sent = await self._telephone(tx, alert, await _texted(tx, concerned))
            if sent:
                line = words.refused(alert, sent)
                await _tell(tx, territory, alert, line, f"refused:{parcel.key}")

    @property
    def _patience(self) -> timedelta:
        return self.world.settings.signal_fallback_after

    def _is_down(self, now: datetime) -> bool:
        return self._down_since is not None and self._down_since <= now - self._patience

    async def _ask(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE.total_seconds()):
                health = await self.bridge.health()
            # What waits for one phone, or for a proof, is sent round because it is late.
            ok = health.ok or bool(health.troubles)
        except Exception:
            ok = False
        now = self.clock()
        since = self._down_since
        self._down_since = None if ok else since or now
        if self._is_down(now) and not self._told:
            self._told = True
            line = words.down(self._down_since or now, by_sms=self.by_sms)
            await self._announce(line, f"down:{now:%Y-%m-%dT%H}")
        elif ok and self._told and since is not None:
            self._told = False
            await self._announce(words.up(since, now), f"up:{now.isoformat()}")

    async def _announce(self, text: str, name: str) -> None:
        """On Element alone: Signal would bring it when it is over."""
        async with self.store.transaction() as tx:
            for territory in self.world.territories.values():
                for room in await every_poste(tx, territory):
                    parcels = room_parcels(room, text, f"signal:{name}")
                    await tx.outbox.put([p for p in parcels if p.channel is Channel.MATRIX])

    async def _send_round(
        self, tx: Transaction, number: AlertId, parcels: Iterable[Parcel], now: datetime
    ) -> None:
        found = await _still_due(tx, self.world, number, now)
        if found is None:
            return
        alert, territory = found
        reach = await reach_of(tx, self.world, territory, alert, now)
        telephones = waiting = 0
        for parcel in parcels:
            people = await _people(tx, parcel, reach)
            texted = await _texted(tx, people)
            if not texted or not await tx.recall.take_back([parcel.key], REROUTED):
                continue
            # Corrections that wait behind it would be posted in full.
            keys = versions(alert, Channel.SIGNAL, parcel.member or parcel.target)
            await tx.recall.take_back(keys, REROUTED)
            telephones += await self._telephone(tx, alert, texted)
            others = [member for member in people if member not in texted]
            waiting += await self._wait(tx, alert, others)
        if telephones:
            line = words.rerouted(alert, telephones, waiting)
            await _tell(tx, territory, alert, line, f"rerouted:{now.isoformat()}")
            codes, land = (str(telephones),), alert.territory
            act = Act("service", "alert.reroute", alert.reference, now, codes, land)
            await tx.acts.append(act)

    async def _telephone(self, tx: Transaction, alert: Alert, people: Sequence[Member]) -> int:
        """An SMS to each who agreed; who gets one anyway gets no other: the key is the same."""
        routes = [
            Route(Channel.SMS, member.phone, member.id)
            for member in people
            if member.phone is not None
        ]
        return await self._put(tx, alert, routes)

    async def _wait(self, tx: Transaction, alert: Alert, people: Sequence[Member]) -> int:
        """Whoever has nothing but Signal keeps a parcel there, of their own now."""
        routes = [
            Route(Channel.SIGNAL, member.signal, member.id)
            for member in people
            if member.signal is not None
        ]
        return await self._put(tx, alert, routes)

    async def _put(self, tx: Transaction, alert: Alert, routes: Sequence[Route]) -> int:
        author = await tx.members.get(alert.author)
        if author is None or not isinstance(alert.stage, Published):
            return 0
        expires_at = alert.stage.at + self.world.settings.sms_expires_after
        gsm7_only = self.world.gsm7_only(alert)
        await tx.outbox.put(
            [post(alert, author, route, expires_at, gsm7_only=gsm7_only) for route in routes]
        )
        return len(routes)


async def _still_due(
    tx: Transaction, world: World, number: AlertId | None, now: datetime
) -> tuple[Alert, Territory] | None:
    """The alert if it stands and is young enough to be sent to a telephone."""
    alert = await tx.alerts.get(number) if number is not None else None
    if alert is None or not isinstance(alert.stage, Published):
        return None
    territory = world.territories.get(alert.territory)
    if territory is None or now >= alert.stage.at + world.settings.sms_expires_after:
        return None
    # At night a text would wait for the morning: Signal may be back before.
    silent = not alert.urgent and world.quiet_until(territory, now) is not None
    return None if silent else (alert, territory)


async def _texted(tx: Transaction, people: Sequence[Member]) -> list[Member]:
    """Who gets an SMS, always or when Signal fails, and whose number said OUI to it."""
    texted = [member for member in people if member.told_by_sms]
    yes = await agreed(tx, texted)
    return [member for member in texted if member.id in yes]


async def _people(tx: Transaction, parcel: Parcel, reach: Reach) -> list[Member]:
    """Whom that parcel is for, and who may still read alerts."""
    if parcel.member is None:
        people = reach.seated(Channel.SIGNAL, parcel.target)
    else:
        people = [parcel.member] if parcel.member in reach.present else []
    return list((await tx.members.some(people)).values()) if people else []


async def _tell(tx: Transaction, territory: Territory, alert: Alert, text: str, name: str) -> None:
    for room in await postes_over(tx, territory, alert.audience.zone):
        await tx.outbox.put(room_parcels(room, text, f"{name}:{alert.reference}"))
