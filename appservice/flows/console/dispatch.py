"""Alerts as officers follow and decide them in the console: their land's, and nobody else's."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from appservice.domain.alert import Alert, Cancelled, Held, Published, Turned, correct
from appservice.domain.audience import is_land_of
from appservice.domain.console import Right, Visitor
from appservice.domain.delivery import Tally
from appservice.domain.ids import AlertId, MemberId
from appservice.domain.member import Member
from appservice.domain.moderation import Finding, Submission, judge
from appservice.domain.wording.alerts import sms_correction
from appservice.domain.wording.common import harmless
from appservice.domain.world import World
from appservice.flows import alerts
from appservice.flows.console.composing import Sent, holder, once
from appservice.flows.ports import Clock, Store
from appservice.flows.step import AlreadyDone, Step, acting, looking
from appservice.flows.telephone.preview import Foreseen, foresee

_Act = Callable[[Step], Awaitable[object]]
PAGE = 30
"""Alerts that a list shows at once."""
_MOST = 200  # that wait: more is a breakdown, and the poste has them all


@dataclass(frozen=True, slots=True)
class Followed:
    """An alert with what an officer needs to decide on it. `author` is None once erased."""

    alert: Alert
    author: Member | None
    decided_by: Member | None
    tally: Tally
    findings: tuple[Finding, ...]  # of its text by the rules of today, in its author's role
    mine: bool  # whoever looks wrote it


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Each reading of a text is an act of the audit. An alert that is not theirs is None."""

    store: Store
    clock: Clock
    world: World

    async def waiting(self, visitor: Visitor) -> Sequence[Followed]:
        """Those that a second person must decide on, the oldest first."""
        async with self._looking(visitor, Right.APPROVE_ALERT) as step:
            held = await step.tx.alerts.of(step.territory.id, _MOST, stage="held")
            found = [
                await _followed(step, alert) for alert in reversed(held) if _sees(step, alert)
            ]
            await _was_read(step, "alert.read-waiting", found)
            return found

    async def listed(self, visitor: Visitor, before: AlertId | None) -> Sequence[Followed]:
        """At most PAGE of them, the last one first."""
        async with self._looking(visitor, Right.READ_ALERTS) as step:
            found: list[Followed] = []
            while len(found) < PAGE:
                some = await step.tx.alerts.of(step.territory.id, PAGE, before)
                found += [await _followed(step, alert) for alert in some if _sees(step, alert)]
                if len(some) < PAGE:
                    break
                before = some[-1].id
            await _was_read(step, "alert.read-list", found[:PAGE])
            return found[:PAGE]

    async def read(self, visitor: Visitor, number: AlertId) -> Followed | None:
        """With its text."""
        async with self._looking(visitor, Right.READ_ALERTS) as step:
            alert = await _visible(step, number)
            if alert is None:
                return None
            await step.record("alert.read", alert.reference)
            return await _followed(step, alert)

    async def state(self, visitor: Visitor, number: AlertId) -> Followed | None:
        """For who has the page open already: where it stands, which is no reading."""
        async with self._looking(visitor, Right.READ_ALERTS) as step:
            alert = await _visible(step, number)
            return None if alert is None else await _followed(step, alert)

    async def approve(self, visitor: Visitor, number: AlertId, click: str) -> bool:
        """A second person lets it through; False for what is not theirs.

        Raises what `flows.alerts` raises, InvalidTransition when the poste was faster.
        """
        right = Right.APPROVE_ALERT
        words = ("approve", str(number), click)
        return await self._decide(
            visitor, right, number, words, lambda step: alerts.let_through(step, number)
        )

    async def refuse(self, visitor: Visitor, number: AlertId, reason: str, click: str) -> bool:
        """A second person stops it, or its author takes it back. As `approve`."""
        right = Right.APPROVE_ALERT
        words = ("refuse", str(number), click)
        return await self._decide(
            visitor, right, number, words, lambda step: alerts.stop(step, number, reason)
        )

    async def cancel(self, visitor: Visitor, number: AlertId, reason: str, click: str) -> bool:
        """Takes it away from every phone. As `approve`."""
        right = Right.APPROVE_ALERT
        words = ("cancel", str(number), click)
        return await self._decide(
            visitor, right, number, words, lambda step: alerts.withdraw(step, number, reason)
        )

    async def hasten(self, visitor: Visitor, number: AlertId, click: str) -> bool:
        """Texts that wait for the morning leave now. As `approve`."""
        right = Right.APPROVE_ALERT
        words = ("hasten", str(number), click)
        return await self._decide(
            visitor, right, number, words, lambda step: alerts.hasten(step, number)
        )

    async def foresee(self, visitor: Visitor, number: AlertId, text: str) -> Foreseen | None:
        """What a correction would do, as it would be shown. Raises InvalidTransition."""
        async with self._looking(visitor, Right.SEND_ALERT) as step:
            alert = await _visible(step, number)
            if alert is None:
                return None
            seen = await foresee(step, alert.audience, text, urgent=alert.urgent)
            corrected = correct(alert, seen.alert.text, seen.alert.policy_hash)
            sms = sms_correction(corrected, gsm7_only=self.world.gsm7_only(corrected))
            return replace(seen, alert=corrected, shown=sms)

    async def correct(
        self, visitor: Visitor, number: AlertId, text: str, click: str
    ) -> Sent | None:
        """Replaces the text on every phone; no alert in `Sent` when the judge refused it."""
        sent: Sent | None = None

        async def act(step: Step) -> object:
            nonlocal sent
            outcome = await alerts.replace_text(step, number, text)
            done = isinstance(outcome, Alert)
            sent = Sent(number if done else None, tuple(step.answers))
            return outcome

        words = ("correct", str(number), click, text)
        if not await self._decide(visitor, Right.SEND_ALERT, number, words, act):
            return None
        return sent or await self._as_before(visitor, number, text)

    async def _as_before(self, visitor: Visitor, number: AlertId, text: str) -> Sent | None:
        """What the same correction did the first time: its text stands, or was refused."""
        now = await self.state(visitor, number)
        stands = now is not None and now.alert.text == harmless(text)
        return Sent(number if stands else None)

    async def _decide(
        self, visitor: Visitor, right: Right, number: AlertId, words: Sequence[str], act: _Act
    ) -> bool:
        """The same click a second time (`words` name it) changes nothing, and is no mistake."""
        member = holder(visitor, right)
        key = once(member, *words)
        try:
            async with acting(self.store, self.world, self.clock, member, key) as step:
                if await _visible(step, number) is None:
                    return False
                await act(step)
        except AlreadyDone:
            return await self.state(visitor, number) is not None
        return True

    @asynccontextmanager
    async def _looking(self, visitor: Visitor, right: Right) -> AsyncIterator[Step]:
        member = holder(visitor, right)
        async with looking(self.store, self.world, self.clock, member) as step:
            yield step


async def _visible(step: Step, number: AlertId) -> Alert | None:
    alert = await step.tx.alerts.get(number)
    return alert if alert is not None and _sees(step, alert) else None


def _sees(step: Step, alert: Alert) -> bool:
    if alert.territory != step.territory.id:
        return False
    mine = alert.author == step.member.id
    return mine or is_land_of(step.member, alert.audience.zone, step.territory)


async def _followed(step: Step, alert: Alert) -> Followed:
    decider = _decider(alert)
    people = await step.tx.members.some({alert.author, *([decider] if decider else [])})
    author = people.get(alert.author)
    findings: tuple[Finding, ...] = ()
    if isinstance(alert.stage, Held) and author is not None:
        findings = judge(Submission(alert.text, author.role.voice), step.world.policy).findings
    return Followed(
        alert=alert,
        author=author,
        decided_by=people.get(decider) if decider else None,
        tally=await step.tx.outbox.tally(alert.id),
        findings=findings,
        mine=alert.author == step.member.id,
    )


def _decider(alert: Alert) -> MemberId | None:
    match alert.stage:
        case Held():
            return None
        case Turned(by=by) | Cancelled(by=by):
            return by
        case Published(approved_by=by):
            return by


async def _was_read(step: Step, verb: str, found: Sequence[Followed]) -> None:
    """One act for all the texts of a page, which it names."""
    if found:
        await step.record(verb, "alertes", [one.alert.reference for one in found])
