"""Whoever reported rates what became of it, once for each time that it is closed."""

from datetime import timedelta

from appservice.domain.commands import RateReport
from appservice.domain.commands.offences import Offence
from appservice.domain.errors import NotUnderstood, Refused
from appservice.domain.rating.given import HIGHEST, Rating, month_of
from appservice.domain.report import Closed, Report
from appservice.domain.wording.common import harmless
from appservice.domain.wording.personal import rating as words
from appservice.flows import reports
from appservice.flows.step import Step

RECENT = timedelta(days=7)
"""For how long a rating that names no report is for the one that was closed last."""


async def rate(step: Step, command: RateReport) -> None:
    """Counted without a name. A danger said in the same breath comes first, as anywhere."""
    for text in (command.comment, command.written):
        if reports.is_emergency(step.world.policy, step.member.role, harmless(text)):
            await reports.receive(step, text)
            return
    report = await _meant(step, command)
    if report is None:  # « note 5 billets de 20 », and nothing to rate: a report like others
        await reports.receive(step, command.written)
        return
    if command.score is None:
        raise NotUnderstood(words.scale(report.reference))
    if not isinstance(report.stage, Closed):
        raise Refused(words.not_closed(report))
    closed_at, comment = report.stage.at, harmless(command.comment)
    former = [one for one in await step.tx.ratings.of(report.id) if one.closed_at == closed_at]
    given = Rating(report.id, closed_at, month_of(step.now), command.score, comment)
    if not await step.tx.ratings.give(given):
        raise Refused(words.erased(report))
    await step.answer(words.thanks(given, again=bool(former)))
    await step.record("report.rate", report.reference)


async def hint(step: Step, offence: Offence) -> str:
    """To whoever was asked for a rating and writes a mere number; empty when nothing waits."""
    score = list(Offence).index(offence) + 1
    waiting = await step.tx.ratings.waiting(step.member.id, step.now - RECENT)
    return words.or_rate(waiting, score) if waiting is not None and score <= HIGHEST else ""


async def _meant(step: Step, command: RateReport) -> Report | None:
    """None when none waits and the words may be a report."""
    number = command.report
    if number is None:
        number = await step.tx.ratings.waiting(step.member.id, step.now - RECENT)
    if number is None:
        if command.comment:
            return None
        raise Refused(words.NONE_WAITS)
    report = await step.tx.reports.get(number)
    if report is None or report.author != step.member.id:
        raise NotUnderstood(words.not_yours(number))
    return report
