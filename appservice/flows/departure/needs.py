"""What only a person can mend on Signal: the officers read what it is, and when it is over.

A proof that somebody is there, an account that Signal no longer knows, a member's new telephone.
Signal answers all the while, and what waits leaves by itself afterwards.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import timedelta

from appservice.domain.audit import Act
from appservice.domain.member import Channel, Member
from appservice.domain.territory import Level, Zone
from appservice.domain.wording import needs as words
from appservice.domain.world import World
from appservice.flows.ports import Clock, Store, Transaction
from appservice.flows.rounds import rounds
from appservice.flows.step import every_poste, postes_over, room_parcels
from bridges.protocol import Bridge, Trouble

_LOG = logging.getLogger(__name__)
_PATIENCE = timedelta(seconds=8)
_EVERY = timedelta(seconds=10)


@dataclass(slots=True)
class Needs:
    """Watches a channel. `run` until cancelled; `look` is one round."""

    bridge: Bridge
    store: Store
    world: World
    clock: Clock
    every: timedelta = _EVERY
    _told: set[Trouble] = field(default_factory=set, init=False)

    async def run(self) -> None:
        """Whatever fails here only makes it wait."""
        await rounds(self.look, self.every, _LOG, "what Signal needs")

    async def look(self) -> None:
        """Tells of each trouble once, and of its end."""
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            health = await self.bridge.health()
        if not health.ok and not health.troubles:
            return  # nobody answers: what it needed, it may still need
        now = set(health.troubles)
        for trouble in sorted(now ^ self._told, key=lambda one: (one.code, one.about)):
            await self._tell(trouble, begins=trouble in now)
            self._told ^= {trouble}

    async def _tell(self, trouble: Trouble, *, begins: bool) -> None:
        at = self.clock()
        # Once an hour at most, however often the service starts again.
        name = f"signal:{trouble.code}:{at:%Y-%m-%dT%H}"
        async with self.store.transaction() as tx:
            if not trouble.about:
                text = words.asked(trouble.code) if begins else words.over(trouble.code)
                await self._everywhere(tx, text, name if begins else f"over:{at.isoformat()}")
                await self._record(tx, trouble.code, "signal", begins=begins)
                return
            member = await tx.members.at(Channel.SIGNAL, trouble.about)
            if member is None:
                return  # a stranger's phone: nothing of ours goes there
            text = words.new_phone(member) if begins else words.phone_accepted(member)
            name = f"{name}:{member.id}" if begins else f"over:{member.id}:{at.isoformat()}"
            await self._near(tx, member, text, name)
            await self._record(tx, trouble.code, member.id, begins=begins)

    async def _everywhere(self, tx: Transaction, text: str, name: str) -> None:
        """On Element alone: Signal would bring it when it is over."""
        for territory in self.world.territories.values():
            for room in await every_poste(tx, territory):
                parcels = room_parcels(room, text, name)
                await tx.outbox.put([p for p in parcels if p.channel is Channel.MATRIX])

    async def _near(self, tx: Transaction, member: Member, text: str, name: str) -> None:
        """Where that member is known: the others of the poste have Signal still."""
        territory = self.world.territory_of(member)
        if territory is None:
            return
        zones = [Zone(Level.COMMUNE, member.commune)] if member.commune else list(member.zones)
        rooms = {
            room.room_id: room
            for zone in zones or [Zone(Level.TERRITORY, territory.id)]
            for room in await postes_over(tx, territory, zone)
        }
        for room in rooms.values():
            await tx.outbox.put(room_parcels(room, text, name))

    async def _record(self, tx: Transaction, code: str, about: str, *, begins: bool) -> None:
        verb = "signal.needs" if begins else "signal.mended"
        await tx.acts.append(Act("service", verb, about, self.clock(), (code,)))
