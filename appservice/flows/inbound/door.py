"""The single entry: one inbound thing, one transaction, once."""

from collections.abc import Sequence
from dataclasses import dataclass

from appservice.domain.charter import NotInForce
from appservice.domain.delivery import Urgency
from appservice.domain.errors import MaillageError, TemporaryFailure
from appservice.domain.ids import RoomId
from appservice.domain.member import Channel, Member
from appservice.domain.room import Kind, KnownRoom
from appservice.domain.wording import reports as report_words
from appservice.domain.wording import talk as words
from appservice.domain.world import World
from appservice.flows import exchanges, reports
from appservice.flows.inbound import conversations, guidance, poste, strangers
from appservice.flows.ports import Clock, Media, Queue, Store, Transaction
from appservice.flows.step import Step, private_parcel
from appservice.flows.telephone import words as telephone
from bridges.protocol import Deleted, Edited, Message, Reacted, Receipt
from bridges.protocol import Inbound as Thing

Written = Message | Edited | Deleted | Reacted


@dataclass(slots=True)
class Inbound:
    """Handles what the journal kept; `world` may be replaced by a newer one at any time."""

    store: Store
    queue: Queue
    world: World
    clock: Clock
    media: Media

    async def handle(self, channel: Channel, inbound: Thing) -> None:
        """Acts on it, the first time only.

        A rule that says no is explained to the author, privately. TemporaryFailure and what
        nobody foresaw go up: nothing has happened, and the journal still holds the entry.
        """
        if isinstance(inbound, Receipt):
            await self.receipts(channel, [inbound])
            return
        try:
            async with self.store.transaction() as tx:
                if await tx.first_time(channel, inbound.key):
                    await self._dispatch(tx, channel, inbound)
        except TemporaryFailure:
            raise
        except MaillageError as refusal:
            await self._explain(channel, inbound, refusal)

    async def receipts(self, channel: Channel, said: Sequence[Receipt]) -> None:
        """Those that came together are written together."""
        await self.queue.receipts(channel, said, self.clock())

    async def _explain(self, channel: Channel, inbound: Written, refusal: MaillageError) -> None:
        """What the step had begun is undone; the refusal is all that remains of it."""
        async with self.store.transaction() as tx:
            member = await tx.members.at(channel, inbound.sender)
            if not await tx.first_time(channel, inbound.key) or member is None:
                return
            key = f"refusal:{channel}:{inbound.key}"
            parcel = private_parcel(member, channel, refusal.message, key)
            if parcel is not None:
                await tx.outbox.put([parcel])

    async def _dispatch(self, tx: Transaction, channel: Channel, inbound: Written) -> None:
        room = await _room(tx, channel, inbound)
        if room is None and (channel is Channel.MATRIX or inbound.group is not None):
            return  # not a room of ours
        member = await strangers.known(tx, channel, inbound)
        if channel is Channel.SMS and await self._word(tx, inbound, member):
            return
        territory = self.world.territory_of(member) if member is not None else None
        if member is None or territory is None:
            await self._stranger(tx, channel, inbound, room)
            return
        step = Step(
            tx=tx,
            world=self.world,
            now=self.clock(),
            member=member,
            territory=territory,
            channel=channel,
            key=inbound.key,
            room=room if room is not None and room.key.kind is Kind.POSTE else None,
            verified=inbound.verified if isinstance(inbound, Message | Edited) else True,
        )
        standing = await step.standing_of(member)
        if isinstance(standing, NotInForce):
            await self._without_charter(step, room, inbound, standing)
        elif room is None:
            await conversations.private(step, inbound, self.media)
        else:
            await self._in_room(step, room, inbound)

    async def _word(self, tx: Transaction, inbound: Written, member: Member | None) -> bool:
        """STOP and OUI come before charter and territory: they are the number's own."""
        return isinstance(inbound, Message) and await telephone.obeyed(
            tx, self.world, inbound, member, self.clock()
        )

    async def _in_room(self, step: Step, room: KnownRoom, inbound: Written) -> None:
        match room.key.kind:
            case Kind.GUICHET:
                if room.key.member == step.member.id:
                    await conversations.private(step, inbound, self.media)
            case Kind.POSTE:
                await poste.heard(step, room, inbound, self.media)
            case Kind.ECHANGES:
                await _exchanged(step, room, inbound, self.media)
            case Kind.ALERTES:
                # Nobody answers an alert in public: an answer is a report.
                if isinstance(inbound, Message):
                    await conversations.private(step, inbound, self.media)
            case Kind.SPACE:
                pass

    async def _without_charter(
        self, step: Step, room: KnownRoom | None, inbound: Written, standing: NotInForce
    ) -> None:
        if not isinstance(inbound, Message | Edited):
            return
        if room is not None and room.key.kind is not Kind.GUICHET:
            await exchanges.outsider(step, room, inbound.key)
        if guidance.asks_for_help(inbound.text, step.channel or Channel.MATRIX):
            # « Aide » alone may be a call: the answer begins with 17 and 112.
            await step.answer(await guidance.help_on(step), Urgency.URGENT)
        elif reports.is_emergency(step.world.policy, step.member.role, inbound.text):
            await step.answer(report_words.emergency(to_officers=False), Urgency.URGENT)
        else:
            why = words.charter_missing(standing, step.territory)
            await strangers.once_a_day(step, "charter", why)

    async def _stranger(
        self, tx: Transaction, channel: Channel, inbound: Written, room: KnownRoom | None
    ) -> None:
        if room is None and isinstance(inbound, Message):
            await strangers.answer(tx, channel, inbound, self.world, self.clock())


async def _room(tx: Transaction, channel: Channel, inbound: Written) -> KnownRoom | None:
    if inbound.group is None:
        return None
    if channel is Channel.MATRIX:
        return await tx.rooms.by_id(RoomId(inbound.group))
    return await tx.rooms.by_group(inbound.group)


async def _exchanged(step: Step, room: KnownRoom, inbound: Written, media: Media) -> None:
    if step.only_receives:
        await exchanges.untrained(step, room, inbound)
        return
    match inbound:
        case Message():
            await exchanges.said(step, room, inbound, media)
        case Edited():
            await exchanges.edited(step, room, inbound)
        case Deleted():
            await exchanges.deleted(step, room, inbound)
        case Reacted():
            pass
