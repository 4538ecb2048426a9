"""Does what a command asks, and answers."""

from typing import assert_never

from appservice.domain.audience import Audience
from appservice.domain.commands import (
    ApproveAlert,
    AskAlert,
    AskAuthor,
    AskCharter,
    AskHelp,
    AskMe,
    AskOffences,
    AskReport,
    AskRules,
    CancelAlert,
    ChooseOffence,
    ClearReport,
    CloseReport,
    Command,
    CorrectAlert,
    DetachReport,
    HastenAlert,
    PreviewAlert,
    RateReport,
    RefuseAlert,
    ReopenReport,
    SeparateReports,
    SubmitAlert,
    TakeReport,
)
from appservice.domain.commands.allowed import missing
from appservice.domain.console.rights import Right
from appservice.domain.errors import NotAllowed, NotUnderstood
from appservice.domain.member import Channel
from appservice.domain.wording import alerts as alert_words
from appservice.domain.wording import reports as report_words
from appservice.domain.wording import rules as rule_words
from appservice.domain.wording import talk as words
from appservice.flows import alerts, handling, reports
from appservice.flows.inbound import guidance, rating
from appservice.flows.step import Step
from appservice.flows.telephone import thread
from appservice.flows.telephone.preview import preview

_Decision = ApproveAlert | RefuseAlert | CorrectAlert | CancelAlert | HastenAlert
_ReportCommand = (
    TakeReport
    | AskAuthor
    | ClearReport
    | CloseReport
    | ReopenReport
    | DetachReport
    | SeparateReports
)
_CaseCommand = AskAlert | AskReport | AskOffences | ChooseOffence | RateReport


async def obey(step: Step, command: Command) -> None:
    """Raises what the stories raise: a French sentence for whoever typed it."""
    _must_have_right(step, command)
    match command:
        case SubmitAlert(trades=trades, zone=zone, text=text, urgent=urgent):
            _must_be_verified(step)
            await alerts.submit(step, Audience(zone, trades), text, urgent=urgent)
        case PreviewAlert(trades=trades, zone=zone, text=text):
            await preview(step, Audience(zone, trades), text)
        case ApproveAlert() | RefuseAlert() | CorrectAlert() | CancelAlert() | HastenAlert():
            _must_be_verified(step)
            await _alert(step, command)
        case (
            TakeReport()
            | AskAuthor()
            | ClearReport()
            | CloseReport()
            | ReopenReport()
            | DetachReport()
            | SeparateReports()
        ):
            _must_be_verified(step)
            await _report(step, command)
        case AskAlert() | AskReport() | AskOffences() | ChooseOffence() | RateReport():
            await _case(step, command)
        case _:
            await _question(step, command)


def _must_have_right(step: Step, command: Command) -> None:
    """As the matrix says; what depends on the case (whose alert, which land) is the flow's."""
    needed = missing(command, step.member.role)
    if needed == {Right.READ_REPORTS}:
        raise NotAllowed(report_words.OFFICERS_ONLY)
    if needed == {Right.SUBMIT_ALERT}:
        raise NotAllowed(alert_words.MERCHANT_SUBMITS)
    if needed:
        raise NotAllowed


def _must_be_verified(step: Step) -> None:
    """A device that anybody could have added to the account decides nothing."""
    if not step.verified:
        raise NotAllowed(words.UNVERIFIED)


async def _alert(step: Step, command: _Decision) -> None:
    match command:
        case ApproveAlert(alert=alert):
            await alerts.let_through(step, alert)
        case RefuseAlert(alert=alert, reason=reason):
            await alerts.stop(step, alert, reason)
        case CorrectAlert(alert=alert, text=text):
            await alerts.replace_text(step, alert, text)
        case CancelAlert(alert=alert, reason=reason):
            await alerts.withdraw(step, alert, reason)
        case HastenAlert(alert=alert):
            await alerts.hasten(step, alert)
        case _:
            assert_never(command)


async def _report(step: Step, command: _ReportCommand) -> None:
    match command:
        case TakeReport(report=report):
            await handling.take_on(step, report)
        case AskAuthor(report=report, text=text):
            await thread.ask(step, report, text)
        case ClearReport(report=report, founded=founded):
            await handling.clear_doubt(step, report, founded=founded)
        case CloseReport(report=report):
            await handling.finish(step, report)
        case ReopenReport(report=report):
            await handling.resume(step, report)
        case DetachReport(report=report):
            await handling.detach(step, report)
        case SeparateReports(report=report):
            await handling.separate(step, report)
        case _:
            assert_never(command)


async def _case(step: Step, command: _CaseCommand) -> None:
    match command:
        case AskAlert(alert=alert):
            await step.answer(await alerts.state(step, alert))
        case AskReport(report=report):
            await handling.tell_state(step, report)
        case AskOffences():
            said = words.untrained(step.territory) if step.only_receives else report_words.MENU
            await step.answer(said)
        case ChooseOffence(offence=offence):
            await reports.choose(step, offence, await rating.hint(step, offence))
        case RateReport():
            await rating.rate(step, command)
        case _:
            assert_never(command)


async def _question(step: Step, command: AskHelp | AskCharter | AskRules | AskMe) -> None:
    match command:
        case AskHelp():
            await step.answer(await guidance.help_on(step))
        case AskCharter():
            await _charter(step)
        case AskRules(rule=rule):
            await _rules(step, rule)
        case AskMe():
            standing = await step.standing_of(step.member)
            consents = await step.tx.telephone.consents.held_by([step.member.id])
            consent = consents.get(step.member.id)
            called = step.world.called(step.member)
            await step.answer(words.me(step.member, step.territory, standing, consent, called))
        case _:
            assert_never(command)


async def _charter(step: Step) -> None:
    charter = step.world.charter_for(step.member)
    if charter is not None:
        standing = await step.standing_of(step.member)
        await step.answer(words.charter(charter, standing, step.channel or Channel.MATRIX))


async def _rules(step: Step, asked: str) -> None:
    """All of them, or one; the rules that judge, as the jurists wrote them."""
    channel, policy = step.channel or Channel.MATRIX, step.world.policy
    if not asked:
        await step.answer(rule_words.listed(policy, channel))
        return
    rule = rule_words.find(policy, asked)
    if rule is None:
        raise NotUnderstood(rule_words.unknown(policy, asked))
    await step.answer(rule_words.one(policy, rule, step.member.role, channel))
