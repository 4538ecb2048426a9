"""Talk among members: every message is judged; what may not circulate is removed, explained."""

from appservice.domain.circulation import (
    Crosses,
    Emergency,
    Fate,
    Removed,
    fate_of,
    judge_talk,
)
from appservice.domain.member import Channel
from appservice.domain.moderation import Submission
from appservice.domain.room import KnownRoom
from appservice.domain.wording import talk as words
from appservice.flows import mirror, reports
from appservice.flows.ports import Media
from appservice.flows.step import Step, source_of
from bridges.protocol import Deleted, Edited, Message, Reacted

Written = Message | Edited | Deleted | Reacted


async def said(step: Step, room: KnownRoom, message: Message, media: Media) -> None:
    """A message: it crosses, or it is removed and its author alone is told why."""
    if message.attachments:
        await _with_files(step, room, message, media)
        return
    if not message.text.strip():
        return
    said = mirror.Said.of(message)
    fate = _fate(step, await mirror.judged(step, said))
    await _follow(step, room, said, fate, message.key)


async def edited(step: Step, room: KnownRoom, edit: Edited) -> None:
    """The new text is judged like the first one."""
    said = mirror.Said.of(edit)
    fate = _fate(step, await mirror.judged(step, said))
    if isinstance(fate, Crosses):
        known = await mirror.edited(step, room, edit.target, said)
        # A Matrix message without copy was removed, or is somebody else's: its edit shows nowhere.
        if not known and step.channel is not Channel.MATRIX:
            source = source_of(step.channel, step.member, edit.target)
            await mirror.cross(step, room, said, source=source)
        return
    await mirror.deleted(step, room, edit.target)
    await _follow(step, room, said, fate, edit.target, edit.key)


async def deleted(step: Step, room: KnownRoom, deletion: Deleted) -> None:
    """What its author takes back disappears on the other side too."""
    await mirror.deleted(step, room, deletion.target)


async def outsider(step: Step, room: KnownRoom, key: str) -> None:
    """Somebody without charter in force: nothing of theirs stays or crosses."""
    await mirror.redact(step, room.room_id, key)
    await step.record("exchange.remove", str(room.key), ["charte-absente"])


async def untrained(step: Step, room: KnownRoom, inbound: Written) -> None:
    """Somebody who only receives as yet: what they write is taken away, and they are told why."""
    if not isinstance(inbound, Message | Edited):
        return
    await mirror.redact(step, room.room_id, inbound.key)
    await step.record("exchange.remove", str(room.key), ["formation"])
    await reports.untrained(step, inbound.text)


def _fate(step: Step, text: str) -> Fate:
    world = step.world
    submission = Submission(text, step.member.role.voice)
    return fate_of(judge_talk(submission, world.policy, world.circulation), world.circulation)


async def _follow(
    step: Step, room: KnownRoom, said: mirror.Said, fate: Fate, *events: str
) -> None:
    match fate:
        case Crosses():
            await mirror.cross(step, room, said)
        case Emergency():
            await mirror.redact(step, room.room_id, *events)
            await reports.emergency(step, await mirror.spelt_out(step, said))
            await step.record("exchange.remove", str(room.key), ["emergency-in-progress"])
        case Removed(findings=findings):
            rules = [finding.rule for finding in findings]
            await mirror.redact(step, room.room_id, *events)
            channel = step.channel or Channel.MATRIX
            await step.answer(words.removed(rules, step.world.policy.rules, channel))
            await step.record("exchange.remove", str(room.key), rules)


async def _with_files(step: Step, room: KnownRoom, message: Message, media: Media) -> None:
    """Files never circulate: photos and videos go to the officers, the others nowhere."""
    await mirror.redact(step, room.room_id, message.key)
    pictures = await reports.cleaned(message.attachments, media)
    await step.record("exchange.remove", str(room.key), ["attachment"])
    if pictures.clean:
        text = await mirror.spelt_out(step, mirror.Said.of(message))
        await reports.receive(step, text, reports.Pictures(pictures.clean))
        said = words.PHOTO_TO_POSTE if message.text.strip() else words.PHOTO_REMOVED
        await step.answer(said)
    elif isinstance(_fate(step, message.text), Emergency):
        await reports.emergency(step, message.text)
    else:
        await step.answer(words.file_removed(pictures.refused))
