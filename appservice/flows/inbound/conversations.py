"""A member alone with the service: guichet, Signal thread, telephone."""

from dataclasses import replace

from appservice.domain.commands import (
    Command,
    RateReport,
    parse_agent,
    parse_member,
    read_rating,
)
from appservice.domain.commands.allowed import allows
from appservice.domain.commands.words import read_line
from appservice.domain.errors import NotUnderstood
from appservice.domain.ids import ReportId
from appservice.domain.member import Channel
from appservice.domain.report import Report
from appservice.domain.wording import talk as words
from appservice.flows import mirror, reports
from appservice.flows.inbound import desk
from appservice.flows.ports import Media
from appservice.flows.step import Step
from appservice.flows.telephone import thread
from bridges.protocol import Deleted, Edited, Message, Reacted

_CARD = "card:S"


async def private(step: Step, inbound: Message | Edited | Deleted | Reacted, media: Media) -> None:
    """A command or a report. Officers report in the poste: here they are asked what they meant."""
    match inbound:
        case Message():
            text = await mirror.spelt_out(step, mirror.Said.of(inbound))
            await _message(step, replace(inbound, text=text, mentions=()), media)
        case Edited():
            for report in await _reports_from(step, inbound.target):
                await reports.changed(step, report, inbound.text)
        case Deleted():
            for report in await _reports_from(step, inbound.target):
                await reports.withdrawn(step, report)
        case Reacted():
            pass


async def _message(step: Step, message: Message, media: Media) -> None:
    command = _command(step, message)
    if await thread.answered(step, message, command, media) is not None:
        return
    if command is not None:
        await desk.obey(step, command)
        if message.attachments:
            await step.answer(words.FILE_IGNORED)
        return
    policy, role = step.world.policy, step.member.role
    if role.is_officer and not reports.is_emergency(policy, role, message.text):
        raise NotUnderstood
    await _report(step, message, media)


def _command(step: Step, message: Message) -> Command | None:
    role = step.member.role
    if not role.is_witness:
        rates = allows(RateReport, role)  # the mairie reports, officers don't
        rating = read_rating(read_line(message.text), message.text) if rates else None
        return rating or parse_agent(message.text, step.territory)
    if message.attachments:
        return None  # a photo makes it a report, whatever the words
    return parse_member(message.text, step.channel or Channel.MATRIX)


async def _report(step: Step, message: Message, media: Media) -> Report | None:
    pictures = await reports.cleaned(message.attachments, media)
    return await reports.receive(step, message.text, pictures)


async def _reports_from(step: Step, target: str) -> list[ReportId]:
    """The reports that an earlier message of the same writer opened."""
    keys = await mirror.copies(step, target)
    return [ReportId(int(key.removeprefix(_CARD))) for key in keys if key.startswith(_CARD)]
