"""Officers and a member talk about a report, without codes: what is answered finds its case.

The last report on which officers wrote to the member, a short while ago, is the one that the
next message is about, whatever the channel; « S12 » in front of it names another, « nouveau »
opens a new one. Officers read which others the member might have meant.
"""

from collections.abc import Sequence

from appservice.domain.charter import InForce
from appservice.domain.commands import ChooseOffence, Command
from appservice.domain.commands.words import plain, read_reference
from appservice.domain.delivery import Urgency
from appservice.domain.errors import NotAllowed, NotUnderstood, Refused
from appservice.domain.ids import ReportId
from appservice.domain.report import Closed, Report
from appservice.domain.wording import reports as report_words
from appservice.domain.wording import thread as words
from appservice.domain.wording.common import harmless
from appservice.flows import reports
from appservice.flows.ports import Media
from appservice.flows.step import Step
from bridges.protocol import Message

_NEW = ("nouveau", "nouvelle", "autre chose", "autre sujet")


async def ask(step: Step, number: ReportId, text: str) -> Report:
    """An officer writes to whoever reported, where they reported."""
    if not step.member.role.is_officer:
        raise NotAllowed(report_words.OFFICERS_ONLY)
    report = await step.tx.reports.get(number)
    if report is None or report.territory != step.territory.id:
        raise NotUnderstood(report_words.unknown(number))
    if isinstance(report.stage, Closed):
        raise Refused(words.closed(report))
    author = await step.tx.members.get(report.author)
    if author is None or not isinstance(await step.standing_of(author), InForce):
        raise Refused(words.GONE)
    text = harmless(text)
    await step.tx.telephone.threads.ask(report.author, report.id, step.now)
    line = words.question(report, text)
    # Who has just reported is awake.
    awake = step.now - report.received_at < step.world.settings.thread_lasts
    urgency = Urgency.URGENT if awake else Urgency.NORMAL
    await step.tell(author, line, channel=report.channel, urgency=urgency, report=report.id)
    await step.post(
        await reports.postes_of(step, author),
        words.asked(report, step.member, text),
        report=report.id,
    )
    await step.record("report.ask", report.reference)
    return report


async def answered(
    step: Step, message: Message, command: Command | None, media: Media
) -> Report | None:
    """The report that the message answers about, completed with it; None when it answers none.

    A danger is never an answer, and neither is a command; but « 2 » is no offence here.
    """
    if command is not None and not isinstance(command, ChooseOffence):
        return None
    since = step.now - step.world.settings.thread_lasts
    asked = await step.tx.telephone.threads.asked(step.member.id, since)
    if not asked or _is_new(step, message.text):
        return None
    number, text = _meant(message.text, asked)
    report = await step.tx.reports.get(number)
    if report is None:
        return None
    pictures = await reports.cleaned(message.attachments, media)
    if pictures.refused:
        await step.answer(report_words.refused_files(pictures.refused))
    if not text and not pictures.clean:
        return report
    others = [f"S{other}" for other in asked if other != number]
    perhaps, told = words.perhaps(others), words.joined(report)
    await reports.complete(step, report, text, pictures, perhaps, told)
    return report


def _is_new(step: Step, text: str) -> bool:
    danger = reports.is_emergency(step.world.policy, step.member.role, text)
    return danger or plain(text).startswith(_NEW)


def _meant(text: str, asked: Sequence[ReportId]) -> tuple[ReportId, str]:
    """`asked` is what officers asked about, the last first."""
    text = harmless(text)
    named = read_reference(text)
    if named is not None and named.letter == "S" and ReportId(named.number) in asked:
        return ReportId(named.number), named.after
    return asked[0], text
