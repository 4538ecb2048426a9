"""A small world and its people, in memory, and verbs to play a story in it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from appservice.domain.charter import Charter, Signature
from appservice.domain.circulation import Circulation
from appservice.domain.delivery import Kind as ParcelKind
from appservice.domain.delivery import Parcel
from appservice.domain.ids import Insee, MemberId, RoomId, TradeId, UserId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.report import Unfit
from appservice.domain.room import Kind, KnownRoom, RoomKey
from appservice.domain.telephone.consent import Agreed, Consent
from appservice.domain.territory import Commune, Level, Territory, Trade, Zone
from appservice.domain.world import World
from appservice.flows.delivery import Delivery
from appservice.flows.departure.aftermath import Instead
from appservice.flows.inbound import Inbound
from bridges.protocol import (
    Abilities,
    Attachment,
    Deleted,
    Edited,
    Group,
    Mention,
    Message,
    Reacted,
)
from support.bridges import EVERYTHING, FakeBridge
from support.memory_store import MemoryStore
from support.small_policy import small_policy

BURALISTES, BIJOUTIERS = TradeId("buralistes"), TradeId("bijoutiers")
LIFFRE, REDON = Insee("35152"), Insee("35236")
DEPARTMENT = Zone(Level.DEPARTMENT, "35")
EVERYWHERE = Zone(Level.TERRITORY, "ille-et-vilaine")
CIRCULATION = Circulation(
    frozenset({"chatter", "no-established-offence", "over-length-gsm7", "unverified-source"})
)

POSTE, POSTE_GROUP = RoomId("!poste"), "group-poste"
ALERTES, ALERTES_GROUP = RoomId("!alertes-buralistes"), "group-alertes"
ECHANGES, ECHANGES_GROUP = RoomId("!echanges-buralistes"), "group-echanges"
ALERTES_BIJOUTIERS = RoomId("!alertes-bijoutiers")

TERRITORY = Territory(
    id="ille-et-vilaine",
    name="Ille-et-Vilaine",
    department="35",
    communes={
        LIFFRE: Commune(LIFFRE, "Liffré", "35"),
        REDON: Commune(REDON, "Redon", "35"),
    },
    trades={
        BURALISTES: Trade(BURALISTES, "Buralistes", Level.DEPARTMENT),
        BIJOUTIERS: Trade(BIJOUTIERS, "Bijoutiers", Level.COMMUNE),
    },
    poste_level=Level.DEPARTMENT,
    charters={"merchant": "charte-commercants", "agent": "charte-agents"},
    contact="mairie de Liffré, 02 99 00 00 00",
)
CHARTERS = {
    name: Charter(name, "2026-1", "Charte", f"Texte de {name}.", timedelta(days=365))
    for name in ("charte-commercants", "charte-agents")
}
PHOTO = Attachment("image/jpeg", b"photo", "photo.jpg")
VIDEO = Attachment("video/quicktime", b"film", "IMG_0007.MOV")
VOICE = Attachment("audio/aac", b"voice", "voice.aac")


async def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Polls; fails after so many seconds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is watched gives no event
            await asyncio.sleep(0.005)


class SomeMedia:
    """Pictures come out clean, anything else is refused; what says why says it of itself."""

    async def clean(self, attachment: Attachment) -> Attachment | Unfit:
        family, why = attachment.content_type.partition("/")[0], attachment.data.decode()
        if why in set(Unfit):
            return Unfit(why)
        if family == "video":
            return Attachment("video/mp4", b"clean:" + attachment.data, "video.mp4")
        if family != "image":
            return Unfit.KIND
        return Attachment("image/jpeg", b"clean:" + attachment.data, "photo.jpg")


class SomeGuichets:
    """Every member with a Matrix id has one; `closed` have none."""

    def __init__(self) -> None:
        self.closed: set[MemberId] = set()
        self.down: Exception | None = None

    async def room_of(self, member: MemberId) -> RoomId | None:
        if self.down is not None:
            raise self.down
        return None if member in self.closed else guichet(member)


def guichet(member: str) -> RoomId:
    return RoomId(f"!guichet-{member}")


def merchant(
    name: str,
    commune: Insee = LIFFRE,
    *trades: TradeId,
    channels: frozenset[Channel] = frozenset({Channel.MATRIX}),
) -> Member:
    return Member(
        id=MemberId(name),
        role=Role.MERCHANT,
        name=name.title(),
        territory=TERRITORY.id,
        shop=f"Tabac {name.title()}",
        trades=trades or (BURALISTES,),
        commune=commune,
        channels=channels,
        mxid=UserId(f"@{name}:test") if Channel.MATRIX in channels else None,
        phone=f"+336{abs(hash_of(name)):08d}",
        signal=f"aci-{name}" if Channel.SIGNAL in channels else None,
    )


def hash_of(name: str) -> int:
    """A number for a telephone: stable, unlike hash()."""
    return int.from_bytes(name.encode()[:8].ljust(8, b"0"), "big") % 10**8


def agent(name: str, role: Role = Role.GENDARME) -> Member:
    return Member(
        id=MemberId(name),
        role=role,
        name=name.title(),
        territory=TERRITORY.id,
        zones=(DEPARTMENT,),
        channels=frozenset({Channel.MATRIX, Channel.SIGNAL}),
        mxid=UserId(f"@{name}:test"),
        phone=f"+337{hash_of(name):08d}",
        signal=f"aci-{name}",
    )


ANNE = merchant("anne", LIFFRE)
BRUNO = merchant("bruno", REDON, channels=frozenset({Channel.SIGNAL, Channel.SMS}))
CHLOE = merchant("chloe", LIFFRE, BIJOUTIERS, channels=frozenset({Channel.SMS}))
DAVID = merchant("david", LIFFRE, BURALISTES, BIJOUTIERS, channels=frozenset(Channel))
ELISE = merchant("elise", LIFFRE, channels=frozenset(Channel))  # never signed
MOREL, NADIA = agent("morel"), agent("nadia")
PAULE = agent("paule", Role.MUNICIPAL_POLICE)
MAIRIE = agent("renee", Role.MAIRIE)
SIGNED = (ANNE, BRUNO, CHLOE, DAVID, MOREL, NADIA, PAULE, MAIRIE)
START = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)


def signature(member: Member, at: datetime = START) -> Signature:
    charter = CHARTERS[TERRITORY.charters[member.role.kind]]
    return Signature(
        member.id, charter.id, charter.version, charter.hash, at, at + charter.valid_for
    )


async def agree(tx: Any, member: Member) -> None:
    """As if that number had been asked and had answered OUI."""
    if member.phone is not None and Channel.SMS in member.channels:
        consent = Consent(member.id, Agreed(START), "OUI")
        assert await tx.telephone.consents.advance(member.phone, consent, None)


def rooms() -> list[KnownRoom]:
    def room(
        kind: Kind, room_id: RoomId, zone: Zone, trade: TradeId | None, group: str | None
    ) -> KnownRoom:
        return KnownRoom(RoomKey(kind, zone, TERRITORY.id, trade=trade), room_id, group)

    guichets = [
        KnownRoom(RoomKey(Kind.GUICHET, EVERYWHERE, TERRITORY.id, member=m.id), guichet(m.id))
        for m in (*SIGNED, ELISE)
    ]
    return [
        room(Kind.POSTE, POSTE, DEPARTMENT, None, POSTE_GROUP),
        room(Kind.ALERTES, ALERTES, DEPARTMENT, BURALISTES, ALERTES_GROUP),
        room(Kind.ECHANGES, ECHANGES, DEPARTMENT, BURALISTES, ECHANGES_GROUP),
        room(Kind.ALERTES, ALERTES_BIJOUTIERS, Zone(Level.COMMUNE, LIFFRE), BIJOUTIERS, None),
        *guichets,
    ]


@dataclass
class Story:
    """The service with its store in memory, three channels, and time that we move."""

    now: datetime = START
    real_store: Any = None  # PostgreSQL's, for the tests that have one
    world: World = field(
        default_factory=lambda: World(
            {TERRITORY.id: TERRITORY}, CHARTERS, small_policy(), CIRCULATION
        )
    )

    def __post_init__(self) -> None:
        self.store: MemoryStore = self.real_store or MemoryStore(self.clock)
        self.guichets = SomeGuichets()
        self.inbound = Inbound(self.store, self.store.queue, self.world, self.clock, SomeMedia())
        self.bridges = {
            Channel.MATRIX: FakeBridge(
                "matrix", Abilities(edits=True, deletes=True, attachments=True, idempotent=True)
            ),
            Channel.SIGNAL: FakeBridge("signal", EVERYTHING),
            Channel.SMS: FakeBridge("sms", Abilities(receipts=True)),
        }
        for group in (POSTE_GROUP, ALERTES_GROUP, ECHANGES_GROUP):
            self.bridges[Channel.SIGNAL].groups[group] = Group(group, group, "", frozenset())
        self._count = 0

    def clock(self) -> datetime:
        return self.now

    async def begin(self) -> "Story":
        async with self.store.transaction() as tx:
            for member in (*SIGNED, ELISE):
                await tx.members.save(member)
            for member in SIGNED:
                await tx.signatures.add(signature(member))
                await agree(tx, member)
            for room in rooms():
                await tx.rooms.remember(room)
        return self

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def key(self) -> str:
        self._count += 1
        return f"$event{self._count}"

    async def writes(
        self,
        who: Member,
        text: str,
        *files: Attachment,
        where: str | None = None,
        channel: Channel = Channel.MATRIX,
        key: str | None = None,
        mentions: tuple[Mention, ...] = (),
        replies_to: str | None = None,
    ) -> str:
        """In that room or group, or privately; returns the message's key."""
        key = key or self.key()
        if channel is Channel.MATRIX:
            where = where or guichet(who.id)
        sender = who.address(channel) or "nobody"
        message = Message(
            key, sender, text, self.now, where, tuple(files), replies_to, mentions=mentions
        )
        await self.inbound.handle(channel, message)
        return key

    async def edits(
        self,
        who: Member,
        target: str,
        text: str,
        where: str | None = None,
        channel: Channel = Channel.MATRIX,
        mentions: tuple[Mention, ...] = (),
    ) -> str:
        key = self.key()
        sender = who.address(channel) or "nobody"
        edit = Edited(key, sender, target, text, self.now, where, mentions=mentions)
        await self.inbound.handle(channel, edit)
        return key

    async def deletes(
        self,
        who: Member,
        target: str,
        where: str | None = None,
        channel: Channel = Channel.MATRIX,
    ) -> None:
        sender = who.address(channel) or "nobody"
        deletion = Deleted(self.key(), sender, target, self.now, where)
        await self.inbound.handle(channel, deletion)

    async def reacts(
        self,
        who: Member,
        card: str,
        emoji: str,
        where: str = POSTE,
        channel: Channel = Channel.MATRIX,
        *,
        removed: bool = False,
    ) -> None:
        """On the parcel with that key, as the channel named it."""
        async with self.store.transaction() as tx:
            target = await tx.outbox.delivered_as(card) or "not delivered"
        sender = who.address(channel) or "nobody"
        await self.inbound.handle(
            channel, Reacted(self.key(), sender, target, emoji, self.now, where, removed)
        )

    def delivery(self, channel: Channel, instead: Instead | None = None) -> Delivery:
        return Delivery(
            channel=channel,
            bridge=self.bridges[channel],
            store=self.store,
            queue=self.store.queue,
            wake=self.store.wake,
            world=self.world,
            clock=self.clock,
            guichets=self.guichets,
            instead=instead,
        )

    async def deliver(self) -> None:
        """Until nothing moves: settling may queue a line for the poste."""
        workers = [self.delivery(channel) for channel in Channel]
        while sum([await worker.deliver_once() for worker in workers]):
            pass

    def parcels(
        self,
        channel: Channel | None = None,
        target: str | None = None,
        kind: ParcelKind | None = None,
        alert: int | None = None,
    ) -> list[Parcel]:
        return [
            p
            for p in self.store.parcels
            if (channel is None or p.channel is channel)
            and (target is None or p.target == target)
            and (kind is None or p.kind is kind)
            and (alert is None or p.alert == alert)
        ]

    def told(self, who: Member, channel: Channel = Channel.MATRIX) -> list[str]:
        """What that person was told privately, queued or delivered."""
        target = f"guichet:{who.id}" if channel is Channel.MATRIX else who.address(channel)
        return [p.body for p in self.parcels(channel, target)]

    def poste(self) -> list[str]:
        return [p.body for p in self.parcels(Channel.MATRIX, POSTE)]

    @property
    def verbs(self) -> list[str]:
        return [act.verb for act in self.store.acts]
