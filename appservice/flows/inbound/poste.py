"""The officers' room: commands, emoji on cards, and talk that crosses to the Signal group."""

from appservice.domain.commands import (
    Command,
    parse_agent,
    reaction_on_alert,
    reaction_on_report,
)
from appservice.domain.errors import NotAllowed
from appservice.domain.ids import AlertId, BlobId, ReportId
from appservice.domain.room import KnownRoom
from appservice.domain.wording import reports as report_words
from appservice.domain.wording import talk as words
from appservice.flows import mirror, reports
from appservice.flows.inbound import desk
from appservice.flows.ports import Media
from appservice.flows.step import Step
from bridges.protocol import Deleted, Edited, Message, Reacted


async def heard(
    step: Step, room: KnownRoom, inbound: Message | Edited | Deleted | Reacted, media: Media
) -> None:
    """Officers only: anybody else who got in is told so and neither obeyed nor relayed."""
    if not step.member.role.is_officer:
        raise NotAllowed
    match inbound:
        case Message():
            await _said(step, room, inbound, media)
        case Edited():
            await mirror.edited(step, room, inbound.target, mirror.Said.of(inbound))
        case Deleted():
            await mirror.deleted(step, room, inbound.target)
        case Reacted():
            command = await _meant(step, inbound)
            if command is not None:
                await desk.obey(step, command)


async def _said(step: Step, room: KnownRoom, message: Message, media: Media) -> None:
    command = parse_agent(message.text, step.territory)
    if command is not None:
        await desk.obey(step, command)
        if message.attachments:
            await step.answer(words.FILE_IGNORED)
        return
    pictures = await reports.cleaned(message.attachments, media)
    if pictures.refused:
        await step.answer(report_words.refused_files(pictures.refused))
    until = step.now + step.world.settings.photo_kept
    blobs: list[BlobId] = [
        await step.tx.blobs.put(str(room.key), photo, until) for photo in pictures.clean
    ]
    if message.text.strip() or blobs:
        await mirror.cross(step, room, mirror.Said.of(message), blobs)


async def _meant(step: Step, reaction: Reacted) -> Command | None:
    """An emoji put on one of our cards. Taking it off undoes nothing."""
    if reaction.removed or step.channel is None:
        return None
    parcel = await step.tx.outbox.by_provider_id(step.channel, reaction.target)
    if parcel is None or not parcel.key.startswith("card:"):
        return None
    reference = parcel.key.split(":")[1]
    number = int(reference[1:])
    if reference.startswith("A"):
        return reaction_on_alert(reaction.emoji, AlertId(number))
    return reaction_on_report(reaction.emoji, ReportId(number))
