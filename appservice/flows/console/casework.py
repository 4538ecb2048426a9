"""Reports that wait for an officer: taken, settled and closed in the console as in the poste."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from appservice.domain.audience import is_land_of
from appservice.domain.console import Right, Visitor
from appservice.domain.ids import MemberId, ReportId
from appservice.domain.member import Member
from appservice.domain.moderation import Finding, Submission, judge
from appservice.domain.report import Cleared, Closed, Received, Report, Taken
from appservice.domain.territory import Level, Zone
from appservice.domain.world import World
from appservice.flows import cases, handling
from appservice.flows.console.composing import holder, once
from appservice.flows.ports import Clock, Store
from appservice.flows.step import AlreadyDone, Step, acting, looking
from bridges.protocol import Attachment

_Act = Callable[[Step], Awaitable[object]]
_MOST = 200  # that wait: more is a breakdown, and the poste has them all


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report with what an officer needs to act on it. `author` is None once erased."""

    report: Report
    author: Member | None
    others: int  # reports of the same event
    held_by: Member | None  # whoever took it, settled it or closed it
    findings: tuple[Finding, ...]  # what the rules recognise in its text
    mine: bool  # whoever looks has it


@dataclass(frozen=True, slots=True)
class Casework:
    """Each reading is an act of the audit. A report of another land is None, or False."""

    store: Store
    clock: Clock
    world: World

    async def waiting(self, visitor: Visitor) -> Sequence[Waiting]:
        """Those that nobody closed: dangers first, then the oldest; last, those that are settled.

        A photo without a word is shown to nobody: it waits for its author's reason.
        """
        member = holder(visitor, Right.READ_REPORTS)
        async with looking(self.store, self.world, self.clock, member) as step:
            some = await step.tx.cases.waiting(step.territory.id, _MOST)
            found = [await _known(step, report) for report in some if report.text]
            theirs = [one for one in found if _sees(step, one)]
            theirs.sort(key=_urgency)
            if theirs:
                names = [one.report.reference for one in theirs]
                await step.record("report.read-waiting", "signalements", names)
            return theirs

    async def state(self, visitor: Visitor, number: ReportId) -> Waiting | None:
        """For who has the page open already: where it stands, which is no reading."""
        member = holder(visitor, Right.READ_REPORTS)
        async with looking(self.store, self.world, self.clock, member) as step:
            return await _visible(step, number)

    async def photo(self, visitor: Visitor, number: ReportId, rank: int) -> Attachment | None:
        """One of a report that they may read, from 1; None once its time is over."""
        member = holder(visitor, Right.READ_REPORTS)
        async with looking(self.store, self.world, self.clock, member) as step:
            known = await _visible(step, number)
            if known is None or not 0 < rank <= len(known.report.blobs):
                return None
            found = await step.tx.blobs.get(known.report.blobs[rank - 1])
            if found is not None:
                await step.record("report.read-photo", known.report.reference)
            return found

    async def take(self, visitor: Visitor, number: ReportId, click: str) -> bool:
        """The first to take it has it. Raises InvalidTransition for the others."""
        words = ("take", str(number), click)
        return await self._act(visitor, number, words, lambda s: handling.take_on(s, number))

    async def clear(
        self, visitor: Visitor, number: ReportId, click: str, *, founded: bool
    ) -> bool:
        """Levée de doute. Raises InvalidTransition when it was settled meanwhile."""
        words = ("clear", str(number), click)
        return await self._act(
            visitor, number, words, lambda s: handling.clear_doubt(s, number, founded=founded)
        )

    async def finish(self, visitor: Visitor, number: ReportId, click: str) -> bool:
        """Nothing more is expected. Raises InvalidTransition when it was closed meanwhile."""
        words = ("finish", str(number), click)
        return await self._act(visitor, number, words, lambda s: handling.finish(s, number))

    async def _act(
        self, visitor: Visitor, number: ReportId, words: Sequence[str], act: _Act
    ) -> bool:
        """The same click a second time (`words` name it) changes nothing, and is no mistake."""
        member = holder(visitor, Right.READ_REPORTS)
        try:
            key = once(member, *words)
            async with acting(self.store, self.world, self.clock, member, key) as step:
                if await _visible(step, number) is None:
                    return False
                await act(step)
        except AlreadyDone:
            return await self.state(visitor, number) is not None
        return True


def _urgency(one: Waiting) -> tuple[bool, bool]:
    return isinstance(one.report.stage, Cleared), not one.report.emergency


async def _visible(step: Step, number: ReportId) -> Waiting | None:
    report = await step.tx.reports.get(number)
    if report is None or not report.text:
        return None
    known = await _known(step, report)
    return known if _sees(step, known) else None


def _sees(step: Step, one: Waiting) -> bool:
    """As the postes: those of the shop's commune; of the whole territory when it has none."""
    if one.report.territory != step.territory.id:
        return False
    everywhere = Zone(Level.TERRITORY, step.territory.id)
    commune = one.author.commune if one.author else ""
    zone = Zone(Level.COMMUNE, commune) if commune else everywhere
    return is_land_of(step.member, zone, step.territory)


async def _known(step: Step, report: Report) -> Waiting:
    by = _holder(report)
    people = await step.tx.members.some({report.author, *([by] if by else [])})
    author = people.get(report.author)
    role = author.role.voice if author else "merchant"
    return Waiting(
        report=report,
        author=author,
        others=len(await cases.whole(step, report)) - 1,
        held_by=people.get(by) if by else None,
        findings=judge(Submission(report.text, role), step.world.policy).findings,
        mine=by == step.member.id,
    )


def _holder(report: Report) -> MemberId | None:
    match report.stage:
        case Received():
            return None
        case Taken(by=by) | Cleared(by=by) | Closed(by=by):
            return by
