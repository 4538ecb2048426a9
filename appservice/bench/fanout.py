"""`fanout`: parcels delivered a second through a bridge that does nothing, against bare SQL."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import timedelta

from appservice.app import clock
from appservice.bench.beneath.fanout_floor import BareQueue
from appservice.bench.lab import Lab
from appservice.bench.measure import in_turn
from appservice.bench.merchants import enrol, merchants
from appservice.bench.outcome import Outcome, Row
from appservice.domain.alert import Alert, Published
from appservice.domain.audience import Audience
from appservice.domain.delivery import Parcel, Urgency
from appservice.domain.ids import AlertId, MemberId, RoomId
from appservice.domain.member import Channel, Member
from appservice.domain.territory import Level, Zone
from appservice.domain.world import World
from appservice.files.world import load_world, shipped_paths
from appservice.flows.delivery import Delivery
from appservice.store.postgres import PgStore
from bridges.protocol import Abilities, Accepted, Health, Outgoing, Sink
from bridges.protocol import Outcome as Sent

GOAL = 0.7
BATCH = 100  # conversations at once, and rows in one batch of the floor
ABILITIES = Abilities(workers=BATCH)
TEXT = "Alerte : faux billets de 50 euros constatés ce matin."


@dataclass(slots=True)
class NullBridge:
    """Takes everything at once; says when it has had enough."""

    name: str = "sms"
    abilities: Abilities = ABILITIES
    awaited: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self, sink: Sink) -> None:
        """Nothing comes in."""

    async def stop(self) -> None:
        """Nothing is open."""

    async def send(self, message: Outgoing) -> Sent:
        self.awaited -= 1
        if self.awaited == 0:
            self.enough.set()
        return Accepted(f"null-{message.key}")

    async def health(self) -> Health:
        return Health(True)


class NoGuichets:
    """Nobody is on Matrix here."""

    async def room_of(self, member: MemberId) -> RoomId | None:
        return None


@dataclass(slots=True)
class _Ours:
    store: PgStore
    world: World
    members: list[Member]
    turn: int = 0

    async def plain(self) -> float:
        self.turn += 1
        return await self._run(f"essai:{self.turn}", None)

    async def of_alert(self) -> float:
        async with self.store.transaction() as tx:
            alert = await tx.alerts.open(alert_by(self.members[0]))
        return await self._run(f"alert:{alert.reference}:r1", alert.id)

    async def _run(self, name: str, alert: AlertId | None) -> float:
        """Rows a second, from the first claim to the last settlement; queueing is not counted."""
        store, bridge = self.store, NullBridge(awaited=len(self.members))
        async with store.transaction() as tx:
            await tx.outbox.put([text_to(name, alert, member) for member in self.members])
        delivery = Delivery(
            Channel.SMS, bridge, store, store.queue, store.wake, self.world, clock, NoGuichets()
        )
        start = time.perf_counter()
        running = asyncio.create_task(delivery.run())
        await bridge.enough.wait()
        await delivery.stop()
        took = time.perf_counter() - start
        await running
        return len(self.members) / took


async def bench(lab: Lab) -> Outcome:
    """Texts to one person each: plain ones, then an alert, whose reader's charter is checked."""
    count, rounds = (60, 2) if lab.quick else (2000, 5)
    postgres = await lab.postgres("maillage", "floor")
    store = await lab.store(postgres.dsn("maillage"))
    world = load_world(shipped_paths())
    people = merchants(world, count, Channel.SMS)
    await enrol(store, world, people)
    ours = _Ours(store, world, people)
    floor = await BareQueue.open(postgres.dsn("floor"), NullBridge(), BATCH)
    lab.stack.push_async_callback(floor.connection.close)

    async def bare() -> float:
        return await floor.run(count)

    rows = []
    for size, side in (("textes d'une alerte", ours.of_alert), ("textes seuls", ours.plain)):
        lab.say(f"{count} {size}")
        mine, others = await in_turn(rounds, side, bare)
        rows.append(Row(f"{count} {size}", mine, others, rounds))
    goals = {f"rapport ≥ {GOAL:g}": all(row.ratio >= GOAL for row in rows)}
    what = f"SKIP LOCKED par lots de {BATCH}, rien d'autre"
    return Outcome("fanout", "lignes/s", what, rows, goals)


def alert_by(author: Member) -> Alert:
    """Published just now, for everybody of that trade in the département."""
    now = clock()
    return Alert(
        id=AlertId(0),
        author=author.id,
        territory=author.territory,
        audience=Audience(Zone(Level.DEPARTMENT, "35"), frozenset(author.trades)),
        text=TEXT,
        submitted_at=now,
        policy_hash="",
        stage=Published(now, author.id),
        urgent=True,  # or it would wait for the morning when measured at night
    )


def text_to(name: str, alert: AlertId | None, member: Member) -> Parcel:
    """What that person's telephone is to show, of the alert or of nothing."""
    return Parcel(
        key=f"{name}:sms:{member.id}",
        channel=Channel.SMS,
        target=member.phone or "",
        body=TEXT,
        alert=alert,
        member=member.id,
        urgency=Urgency.URGENT,
        expires_at=clock() + timedelta(hours=1),
    )
