"""One step of a story: who acts, from where, and how anybody is told anything."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from appservice.domain.audit import Act
from appservice.domain.charter import InForce, NotInForce
from appservice.domain.delivery import GUICHET, Parcel, Urgency
from appservice.domain.errors import CharterMissing, InvalidTransition, NotAllowed
from appservice.domain.ids import BlobId, MemberId, ReportId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.room import Kind, KnownRoom
from appservice.domain.territory import Territory, Zone
from appservice.domain.world import World
from appservice.flows.ports import Clock, Store, Transaction

_PREFERENCE = (Channel.MATRIX, Channel.SIGNAL, Channel.SMS)


@dataclass(slots=True)
class Step:
    """Lives as long as its transaction.

    `key` names what started it (an inbound message, a click): the keys of all that the step
    sends derive from it, so that doing it again sends nothing twice. `channel` is None when
    the member acts from the console: answers are then only kept in `answers`.
    """

    tx: Transaction
    world: World
    now: datetime
    member: Member
    territory: Territory
    channel: Channel | None
    key: str
    room: KnownRoom | None = None
    verified: bool = True  # the device that wrote is vouched for by its owner
    answers: list[str] = field(default_factory=list)
    _sent: int = 0

    async def answer(
        self, text: str, urgency: Urgency = Urgency.NORMAL, report: ReportId | None = None
    ) -> None:
        """Privately, to whoever acts, where they wrote. What quotes a report is erased with it.

        Urgent words go there whatever the member chose: « appelez le 17 » is for that phone.
        """
        self.answers.append(text)
        if self.channel is None:
            return
        member = self.member
        if self.channel is Channel.SMS and Channel.SMS in member.channels:
            urgency = Urgency.URGENT  # who has just written is awake
        if urgency is Urgency.URGENT:
            member = replace(member, channels=member.channels | {self.channel})
        await self.tell(member, text, channel=self.channel, urgency=urgency, report=report)

    async def tell(
        self,
        member: Member,
        text: str,
        *,
        channel: Channel | None = None,
        urgency: Urgency = Urgency.NORMAL,
        report: ReportId | None = None,
    ) -> None:
        """Privately, on that channel or the best one that the member still has.

        Nobody is texted out of the blue before they have agreed to it.
        """
        key = self._next_key("tell")
        parcel = private_parcel(member, channel, text, key)
        if parcel is not None and await self._may_leave(parcel, asked_for=report is not None):
            await self.tx.outbox.put([replace(parcel, urgency=urgency, report=report)])

    async def post(
        self,
        rooms: Iterable[KnownRoom],
        text: str,
        *,
        name: str = "",
        html: str = "",
        urgency: Urgency = Urgency.NORMAL,
        report: ReportId | None = None,
        blobs: Sequence[BlobId] = (),
        case: str = "",
    ) -> None:
        """In each room and the Signal group that mirrors it. `name` makes the key a known one.

        `html` is what Element shows of it. `case` is the reference of the alert whose words these
        are: they are erased with it.
        """
        name = name or self._next_key("post")
        sealed_for = f"case:{case}" if case else ""
        for room in rooms:
            for parcel in room_parcels(room, text, name, html):
                said = replace(parcel, urgency=urgency, report=report, blobs=tuple(blobs))
                await self.tx.outbox.put([replace(said, sealed_for=sealed_for)])

    async def record(self, verb: str, subject: str, codes: Iterable[str] = ()) -> None:
        """In the audit chain: who did what when, never content."""
        who, land = self.member.id, self.territory.id
        await self.tx.acts.append(Act(who, verb, subject, self.now, tuple(codes), land))

    @property
    def only_receives(self) -> bool:
        """Whoever acts has not followed the training that their territory asks for."""
        merchant, trained = self.member.role is Role.MERCHANT, self.member.trained is not None
        return self.territory.asks_training_of(merchant=merchant, trained=trained)

    async def postes(self, zone: Zone) -> list[KnownRoom]:
        """The postes of the officers whose land meets the zone."""
        return await postes_over(self.tx, self.territory, zone)

    async def standing_of(self, member: Member) -> InForce | NotInForce:
        """Whether that member's charter is in force now."""
        signature = await self.tx.signatures.latest(member.id)
        return self.world.standing(member, signature, self.now)

    async def _may_leave(self, parcel: Parcel, *, asked_for: bool) -> bool:
        """Whoever wrote by SMS is answered by SMS; to others a text needs their OUI."""
        if parcel.channel is not Channel.SMS or asked_for or parcel.member == self.member.id:
            return True
        consent = await self.tx.telephone.consents.of(parcel.target)
        return parcel.member is not None and consent is not None and consent.allows(parcel.member)

    @property
    def source(self) -> str:
        """How links name what the member wrote. Holds the writer: only they can change it."""
        return source_of(self.channel, self.member, self.key)

    def _next_key(self, kind: str) -> str:
        self._sent += 1
        return f"{kind}:{self.channel or 'console'}:{self.key}:{self._sent}"


class AlreadyDone(InvalidTransition):
    """Cette action a déjà été faite."""

    code = "deja-fait"


@asynccontextmanager
async def acting(
    store: Store, world: World, clock: Clock, member: MemberId, key: str
) -> AsyncIterator[Step]:
    """A member at the console: their step, in a transaction of its own.

    `key` names the click, so that a form sent twice acts once: AlreadyDone the second time.
    Raises NotAllowed for somebody unknown, CharterMissing when no charter is in force.
    """
    async with looking(store, world, clock, member, key) as step:
        if not await step.tx.first_time(Channel.MATRIX, f"console:{key}"):
            raise AlreadyDone
        yield step


@asynccontextmanager
async def looking(
    store: Store, world: World, clock: Clock, member: MemberId, key: str = ""
) -> AsyncIterator[Step]:
    """The same for who only looks, as often as they like. Raises NotAllowed, CharterMissing."""
    async with store.transaction() as tx:
        who = await tx.members.get(member)
        territory = world.territory_of(who) if who is not None else None
        if who is None or territory is None:
            raise NotAllowed
        step = Step(tx, world, clock(), who, territory, None, key)
        standing = await step.standing_of(who)
        if isinstance(standing, NotInForce):
            raise CharterMissing(standing.french)
        yield step


def source_of(channel: Channel | None, member: Member, key: str) -> str:
    """The name, in links, of a message that this member wrote."""
    return f"{channel or 'console'}:{member.id}:{key}"


def private_parcel(member: Member, channel: Channel | None, text: str, key: str) -> Parcel | None:
    """To one member; None when nothing reaches them. Whoever said STOP gets no SMS."""
    chosen = channel if channel in member.channels else _best(member)
    address = member.address(chosen) if chosen is not None else None
    if chosen is None or address is None:
        return None
    target = f"{GUICHET}{member.id}" if chosen is Channel.MATRIX else address
    return Parcel(key=key, channel=chosen, target=target, body=text, member=member.id)


def _best(member: Member) -> Channel | None:
    reached = (c for c in _PREFERENCE if c in member.channels and member.address(c))
    return next(reached, None)


def room_parcels(room: KnownRoom, text: str, name: str, html: str = "") -> list[Parcel]:
    """One for the Matrix room and, when a Signal group mirrors it, one for the group."""
    parcels = [
        Parcel(f"{name}:matrix:{room.room_id}", Channel.MATRIX, room.room_id, text, html=html),
    ]
    if room.signal_group is not None:
        group = room.signal_group
        key = f"{name}:signal:{group}"
        parcels.append(Parcel(key, Channel.SIGNAL, group, text, to_group=True))
    return parcels


async def postes_over(tx: Transaction, territory: Territory, zone: Zone) -> list[KnownRoom]:
    """The postes whose land meets the zone; all of the territory's when none does."""
    zones = {
        territory.zone_of(commune, territory.poste_level)
        for commune in territory.communes
        if territory.covers(zone, commune)
    }
    postes = await every_poste(tx, territory)
    return [room for room in postes if room.key.zone in zones] or postes


async def every_poste(tx: Transaction, territory: Territory) -> list[KnownRoom]:
    """All the postes of a territory."""
    return list(await tx.rooms.of(territory.id, Kind.POSTE))
