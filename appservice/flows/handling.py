"""What officers do with a report: take it, clear the doubt, close it, reopen it; who is told."""

from collections.abc import Callable, Sequence

from appservice.domain.charter import InForce
from appservice.domain.commands import RateReport
from appservice.domain.commands.allowed import allows
from appservice.domain.errors import InvalidTransition, NotAllowed, NotUnderstood, Refused
from appservice.domain.ids import ReportId
from appservice.domain.member import Member
from appservice.domain.report import Report, clear, close, reopen, take
from appservice.domain.report import name_of as stage_of
from appservice.domain.room import KnownRoom
from appservice.domain.wording import cases as case_words
from appservice.domain.wording import reports as words
from appservice.domain.wording.personal import rating as rating_words
from appservice.flows import cases
from appservice.flows.reports import postes_of, show
from appservice.flows.step import Step

_Line = Callable[[Report, Member], str]


async def take_on(step: Step, number: ReportId) -> Report:
    """The first officer to take it has it. Raises InvalidTransition for the others."""
    case = await _move(step, number, lambda report: take(report, step.member.id, step.now))
    await _told(step, case, words.taken_poste(_named(case), step.member), _to_all(words.taken))
    await step.record("report.take", case[0].reference)
    return case[0]


async def clear_doubt(step: Step, number: ReportId, *, founded: bool) -> Report:
    """Levée de doute."""

    def cleared(report: Report) -> Report:
        return clear(report, step.member.id, step.now, founded=founded)

    case = await _move(step, number, cleared)
    poste = words.cleared_poste(_named(case), step.member, founded=founded)
    await _told(step, case, poste, lambda report, _: words.cleared(report, founded=founded))
    await step.record("report.clear", case[0].reference, ["founded" if founded else "unfounded"])
    return case[0]


async def finish(step: Step, number: ReportId) -> Report:
    """Nothing more is expected: whoever is told so is asked how it went."""
    case = await _move(step, number, lambda report: close(report, step.member.id, step.now))
    await _told(step, case, words.closed_poste(_named(case), step.member), _closed)
    await step.record("report.close", case[0].reference)
    return case[0]


async def resume(step: Step, number: ReportId) -> Report:
    """Closed too early: it waits for an officer again. Raises Refused when it was erased."""
    leader = await _leader(step, await _found(step, number))
    if not leader.text:
        raise Refused(words.nothing_left(leader))
    case = await _move(step, number, reopen)
    await _told(
        step, case, words.reopened_poste(_named(case), step.member), _to_all(words.reopened)
    )
    await step.record("report.reopen", case[0].reference)
    return case[0]


async def detach(step: Step, number: ReportId) -> Report:
    """Out of the event that it was taken for: a card of its own, and a life of its own."""
    report = await _found(step, number)
    leader = report.leader
    alone = await cases.detach(step, report, await _postes_about(step, report))
    await _shown_alone(step, alone)
    await _said(step, alone, case_words.detached(alone, leader))
    return alone


async def separate(step: Step, number: ReportId) -> Sequence[Report]:
    """Every report of an event on its own again."""
    leader = await _leader(step, await _found(step, number))
    alone = await cases.part(step, leader, await _postes_about(step, leader))
    for report in alone:
        await _shown_alone(step, report)
    await _said(step, leader, case_words.parted(leader, len(alone) + 1))
    return alone


async def tell_state(step: Step, number: ReportId) -> None:
    """Where the report stands, to an officer or to its author; erased with what it quotes."""
    report = await step.tx.reports.get(number)
    mine = report is not None and report.author == step.member.id
    if report is None or not (mine or (_reads(step, report))):
        raise NotUnderstood(words.unknown(number))
    lines = [words.state(report)]
    if mine:
        lines.append(rating_words.mine(await step.tx.ratings.of(number)))
    if _reads(step, report):
        lines.append(await cases.listed(step, report))
        case = await cases.whole(step, report)
        lines += [rating_words.comments(await step.tx.ratings.of(one.id)) for one in case]
    text = "\n".join(line for line in lines if line)
    await step.answer(text, report=number if report.text else None)


def _closed(report: Report, reporter: Member) -> str:
    """Those whose trade is to answer reports are not asked what they think of the answer."""
    asked = f" {rating_words.question(report)}" if allows(RateReport, reporter.role) else ""
    return f"{words.closed(report)}{asked}"


def _to_all(line: Callable[[Report], str]) -> _Line:
    return lambda report, _: line(report)


async def _told(step: Step, case: Sequence[Report], poste: str, author: _Line) -> None:
    """The other officers, and each of those who reported, on the channel where they did."""
    await _said(step, case[0], poste)
    reporters = await step.tx.members.some({report.author for report in case})
    for report in case:
        reporter = reporters.get(report.author)
        if reporter is not None and isinstance(await step.standing_of(reporter), InForce):
            line = author(report, reporter)
            await step.tell(reporter, line, channel=report.channel, report=report.id)


async def _said(step: Step, report: Report, line: str) -> None:
    """To the officers who read the report, and where it was asked."""
    rooms = await _postes_about(step, report)
    if step.room is not None and step.room not in rooms:
        rooms = [step.room, *rooms]
    await step.post(rooms, line, report=report.id)
    if step.room is None:
        await step.answer(line)


async def _postes_about(step: Step, report: Report) -> list[KnownRoom]:
    author = await step.tx.members.get(report.author)
    return await postes_of(step, author or step.member)


async def _shown_alone(step: Step, report: Report) -> None:
    """The card of a report that had none; nothing when its author was erased."""
    author = await step.tx.members.get(report.author)
    if author is not None:
        await show(step, report, author, await postes_of(step, author))


async def _move(
    step: Step, number: ReportId, change: Callable[[Report], Report]
) -> Sequence[Report]:
    """Every report of the event, moved: the leader first, which decides who is first."""
    leader = await _leader(step, await _found(step, number))
    moved = [change(leader)]
    await _advance(step, moved[0], leader)
    # Read now: nobody joins any more before this transaction ends.
    for report in await cases.whole(step, leader):
        if report.id != leader.id:
            moved.append(change(report))
            await _advance(step, moved[-1], report)
    return moved


async def _leader(step: Step, report: Report) -> Report:
    leader = await step.tx.reports.get(report.leader) if report.leader is not None else None
    return leader or report


def _named(case: Sequence[Report]) -> str:
    return f"{case[0].reference}{case_words.several(len(case))}"


async def _advance(step: Step, report: Report, before: Report) -> None:
    if not await step.tx.reports.advance(report, stage_of(before.stage)):
        raise InvalidTransition(f"{report.reference} vient d'être traité par quelqu'un d'autre.")


async def _found(step: Step, number: ReportId) -> Report:
    """Only officers of the territory; to anybody else it does not exist."""
    if not step.member.role.is_officer:
        raise NotAllowed(words.OFFICERS_ONLY)
    report = await step.tx.reports.get(number)
    if report is None or not _reads(step, report):
        raise NotUnderstood(words.unknown(number))
    return report


def _reads(step: Step, report: Report) -> bool:
    return step.member.role.is_officer and report.territory == step.territory.id
