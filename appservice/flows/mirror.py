"""What is written on one side of a mirrored room appears on the other, attributed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from appservice.domain.delivery import Kind, Parcel
from appservice.domain.ids import BlobId, RoomId
from appservice.domain.member import Channel
from appservice.domain.room import KnownRoom
from appservice.domain.wording import naming
from appservice.domain.wording import talk as words
from appservice.flows.step import Step, source_of
from bridges.protocol import Edited, Mention, Message


@dataclass(frozen=True, slots=True)
class Said:
    """Words, whom they name, and the message that they answer, all as the writer's side has it."""

    text: str
    mentions: tuple[Mention, ...] = ()
    replies_to: str | None = None

    @classmethod
    def of(cls, written: Message | Edited) -> "Said":
        """What was written."""
        replies_to = written.replies_to if isinstance(written, Message) else None
        return cls(written.text, written.mentions, replies_to)


async def cross(
    step: Step, room: KnownRoom, said: Said, blobs: Sequence[BlobId] = (), *, source: str = ""
) -> None:
    """Posts on the other side, and remembers which message became which."""
    name = f"cross:{step.channel}:{step.key}"
    # Under the writer's key: whoever is erased takes back what they said.
    writer = step.member.id
    draft = Parcel(name, Channel.MATRIX, "", "", blobs=tuple(blobs), sealed_for=writer)
    draft = replace(await _worded(step, draft, said), answers=await _answered(step, room, said))
    parcel = _other_side(step, room, draft)
    if parcel is not None:
        await step.tx.outbox.put([parcel])
        await step.tx.links.relate(source or step.source, name)


async def edited(step: Step, room: KnownRoom, target: str, said: Said) -> bool:
    """Changes the copies of an earlier message of the same writer; False when there is none."""
    keys = await copies(step, target)
    for key in keys:
        name = f"edit:{step.channel}:{step.key}:{key}"
        draft = Parcel(
            name, Channel.MATRIX, "", "", kind=Kind.EDIT, replaces=key, sealed_for=step.member.id
        )
        parcel = _other_side(step, room, await _worded(step, draft, said))
        if parcel is not None:
            await step.tx.outbox.put([parcel])
    return bool(keys)


async def judged(step: Step, said: Said) -> str:
    """The words without anybody's name, where it names a member."""
    return naming.neutral(said.text, await _places(step, said))


async def spelt_out(step: Step, said: Said) -> str:
    """The words, in which each member who is named is named by their role."""
    return naming.labelled(said.text, await _places(step, said))[0]


async def deleted(step: Step, room: KnownRoom, target: str) -> None:
    """Removes the copies of an earlier message of the same writer."""
    for key in await copies(step, target):
        name = f"delete:{step.channel}:{step.key}:{key}"
        draft = Parcel(name, Channel.MATRIX, "", "", kind=Kind.DELETE, replaces=key)
        parcel = _other_side(step, room, draft)
        if parcel is not None:
            await step.tx.outbox.put([parcel])


async def copies(step: Step, target: str) -> Sequence[str]:
    """Keys of what an earlier message became; somebody else's message became nothing."""
    return await step.tx.links.parcels_of(source_of(step.channel, step.member, target))


async def redact(step: Step, room: RoomId, *events: str) -> None:
    """Removes what a member wrote in a Matrix room; elsewhere nobody but them can."""
    if step.channel is Channel.MATRIX:
        await step.tx.outbox.put(
            [
                Parcel(f"redact:{event}", Channel.MATRIX, room, "", kind=Kind.DELETE, event=event)
                for event in events
            ]
        )


async def _worded(step: Step, draft: Parcel, said: Said) -> Parcel:
    """Attributed, with whoever is named told on the other side, if they are there."""
    channel = step.channel or Channel.MATRIX
    text, labels = naming.labelled(said.text, await _places(step, said))
    body = words.crossed(step.member, channel, text)
    begins = len(words.crossed(step.member, channel, ""))
    named = naming.places_in(body, begins, labels, _other(channel))
    return replace(draft, body=body, named=named)


async def _places(step: Step, said: Said) -> list[naming.Place]:
    """Members only: whoever else is named stays as the message shows them."""
    found = []
    for mention in said.mentions:
        member = await step.tx.members.at(step.channel or Channel.MATRIX, mention.who)
        if member is not None:
            found.append((mention.start, mention.length, member))
    return found


async def _answered(step: Step, room: KnownRoom, said: Said) -> str:
    """What the other side calls the message that is answered; nothing when it has none."""
    if said.replies_to is None or step.channel is None:
        return ""
    outbox, other = step.tx.outbox, _other(step.channel)
    crossed = await outbox.delivered_as(f"cross:{step.channel}:{said.replies_to}")
    if crossed is not None:
        return crossed
    ours = await outbox.by_provider_id(step.channel, said.replies_to)
    if ours is None:
        return ""
    original = f"cross:{other}:"
    if ours.key.startswith(original):
        return ours.key.removeprefix(original)
    # What the service itself said on both sides (`step.room_parcels`).
    ends = {
        Channel.MATRIX: f":matrix:{room.room_id}",
        Channel.SIGNAL: f":signal:{room.signal_group}",
    }
    name = ours.key.removesuffix(ends[step.channel])
    return await outbox.delivered_as(name + ends[other]) or ""


def _other(channel: Channel) -> Channel:
    return Channel.SIGNAL if channel is Channel.MATRIX else Channel.MATRIX


def _other_side(step: Step, room: KnownRoom, draft: Parcel) -> Parcel | None:
    """The draft, addressed; None when the room has no other side."""
    if step.channel is not Channel.MATRIX:
        return _addressed(draft, Channel.MATRIX, room.room_id)
    if room.signal_group is None:
        return None
    return _addressed(draft, Channel.SIGNAL, room.signal_group)


def _addressed(draft: Parcel, channel: Channel, target: str) -> Parcel:
    return replace(draft, channel=channel, target=target, to_group=channel is Channel.SIGNAL)
