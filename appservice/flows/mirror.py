"""What is written on one side of a mirrored room appears on the other, attributed."""

from collections.abc import Sequence

from appservice.domain.delivery import Kind, Parcel
from appservice.domain.ids import BlobId, RoomId
from appservice.domain.member import Channel
from appservice.domain.room import KnownRoom
from appservice.domain.wording import talk as words
from appservice.flows.step import Step, source_of


async def cross(
    step: Step, room: KnownRoom, text: str, blobs: Sequence[BlobId] = (), *, source: str = ""
) -> None:
    """Posts on the other side, and remembers which message became which."""
    name = f"cross:{step.channel}:{step.key}"
    body = words.crossed(step.member, step.channel or Channel.MATRIX, text)
    # Under the writer's key: whoever is erased takes back what they said.
    writer = step.member.id
    draft = Parcel(name, Channel.MATRIX, "", body, blobs=tuple(blobs), sealed_for=writer)
    parcel = _other_side(step, room, draft)
    if parcel is not None:
        await step.tx.outbox.put([parcel])
        await step.tx.links.relate(source or step.source, name)


async def edited(step: Step, room: KnownRoom, target: str, text: str) -> bool:
    """Changes the copies of an earlier message of the same writer; False when there is none."""
    keys = await copies(step, target)
    body = words.crossed(step.member, step.channel or Channel.MATRIX, text)
    for key in keys:
        name = f"edit:{step.channel}:{step.key}:{key}"
        draft = Parcel(
            name, Channel.MATRIX, "", body, kind=Kind.EDIT, replaces=key, sealed_for=step.member.id
        )
        parcel = _other_side(step, room, draft)
        if parcel is not None:
            await step.tx.outbox.put([parcel])
    return bool(keys)


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


def _other_side(step: Step, room: KnownRoom, draft: Parcel) -> Parcel | None:
    """The draft, addressed; None when the room has no other side."""
    if step.channel is not Channel.MATRIX:
        return _addressed(draft, Channel.MATRIX, room.room_id)
    if room.signal_group is None:
        return None
    return _addressed(draft, Channel.SIGNAL, room.signal_group)


def _addressed(draft: Parcel, channel: Channel, target: str) -> Parcel:
    return Parcel(
        draft.key,
        channel,
        target,
        draft.body,
        kind=draft.kind,
        to_group=channel is Channel.SIGNAL,
        replaces=draft.replaces,
        blobs=draft.blobs,
        sealed_for=draft.sealed_for,
    )
