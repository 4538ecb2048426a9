"""The story of an alert: submitted, judged, held or published, corrected, cancelled."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from appservice.domain.alert import Alert, Held, Published, approve, cancel, correct, turn_down
from appservice.domain.alert import name_of as stage_of
from appservice.domain.audience import Audience, Route
from appservice.domain.errors import InvalidTransition, NotAllowed, NotUnderstood, Refused
from appservice.domain.ids import AlertId
from appservice.domain.member import Channel, Member
from appservice.domain.moderation import Decision, Finding, Submission, Verdict, judge
from appservice.domain.moderation.rewrite import suggest
from appservice.domain.wording import alerts as words
from appservice.domain.wording.common import harmless
from appservice.domain.wording.hold import HoldCard
from appservice.domain.wording.personal.protocol import judged_under
from appservice.domain.wording.personal.trial import test_phase
from appservice.domain.wording.senders import CHIEF_SENDS, REFUSAL
from appservice.domain.wording.telephone import hastened, quiet_hours, without_consent
from appservice.flows import broadcast, reports
from appservice.flows.step import Step

_FIT = frozenset({Decision.PUBLISH, Decision.HOLD})
_UNATTESTED = "unverified-source"


async def submit(
    step: Step, audience: Audience, text: str, *, urgent: bool = False
) -> Alert | Verdict:
    """Judges the text, then publishes it, holds it, or tells its author why not.

    The texts of an urgent one leave in quiet hours too.

    Returns the verdict when nothing was opened. Raises NotAllowed for a merchant, Refused when
    nobody is concerned.
    """
    if not step.member.role.may_submit_alert:
        raise NotAllowed(words.MERCHANT_SUBMITS)
    text = harmless(text)
    verdict = judged(step, text)
    match verdict.decision:
        case Decision.EMERGENCY:
            await reports.emergency(step, text)
            return verdict
        case Decision.REJECT | Decision.REVISE:
            await _explain(step, text, verdict)
            return verdict
        case Decision.HOLD:
            _must_not_be_suspended(step)
            draft = _new(step, audience, text, verdict, Held(verdict.rules))
            return await _hold(step, replace(draft, urgent=urgent), verdict)
        case Decision.PUBLISH:
            _must_not_be_suspended(step)
            stage = Published(at=step.now, approved_by=None)
            draft = _new(step, audience, text, verdict, stage)
            alert = await step.tx.alerts.open(replace(draft, urgent=urgent))
            await step.record("alert.submit", alert.reference)
            await _publish(step, alert, step.member)
            return alert


async def let_through(step: Step, number: AlertId) -> Alert:
    """A second person approves. Raises NotAllowed for the author, InvalidTransition if late."""
    alert = await _found(step, number)
    _must_approve(step)
    _must_send(step)
    _must_not_be_suspended(step)
    published = approve(alert, step.member.id, step.now)
    await _advance(step, published, alert)
    author = await _author(step, alert)
    await step.record("alert.approve", alert.reference)
    await _say(step, alert, words.approved(alert, step.member), author)
    await _publish(step, published, author)
    return published


async def stop(step: Step, number: AlertId, reason: str) -> Alert:
    """A second person refuses, or the author withdraws their own."""
    alert = await _found(step, number)
    if step.member.id != alert.author:
        _must_approve(step)
    turned = turn_down(alert, step.member.id, step.now, harmless(reason))
    await _advance(step, turned, alert)
    await step.record("alert.refuse", alert.reference)
    author = await _author(step, alert)
    await _say(step, alert, words.turned_down(alert, step.member, reason), author)
    return turned


async def replace_text(step: Step, number: AlertId, text: str) -> Alert | Verdict:
    """Corrects a published alert on every channel; the new text is judged like the first.

    By its author or any officer, who then speaks in their own role.
    """
    alert = await _found(step, number)
    if step.member.id != alert.author:
        _must_approve(step)
    text = harmless(text)
    verdict = judged(step, text)
    corrected = correct(alert, text, verdict.policy_hash)
    match verdict.decision:
        case Decision.EMERGENCY:
            await reports.emergency(step, text)
            return verdict
        case Decision.REJECT | Decision.REVISE:
            await _explain(step, text, verdict)
            return verdict
        case Decision.HOLD:
            raise Refused(words.HELD_CORRECTION)
        case Decision.PUBLISH:
            _must_not_be_suspended(step)
            await _advance(step, corrected, alert)
            author = await _author(step, alert)
            telephones = await broadcast.replace_everywhere(step, corrected, step.member)
            await step.record("alert.correct", alert.reference)
            await _say(step, alert, _corrected(step, corrected, telephones), author)
            return corrected


def _corrected(step: Step, alert: Alert, telephones: int) -> str:
    text = words.sms_correction(alert, gsm7_only=step.world.gsm7_only(alert))
    return words.corrected(alert, step.member, telephones, text)


async def withdraw(step: Step, number: AlertId, reason: str) -> Alert:
    """Takes a published alert back: removed where it can be, announced where it can't."""
    alert = await _found(step, number)
    if step.member.id != alert.author:
        _must_approve(step)
    cancelled = cancel(alert, step.member.id, step.now)
    await _advance(step, cancelled, alert)
    if isinstance(alert.stage, Published):
        await broadcast.withdraw(step, cancelled, alert.stage)
    await step.record("alert.cancel", alert.reference)
    author = await _author(step, alert)
    await _say(step, alert, words.cancelled(alert, step.member, harmless(reason)), author)
    return cancelled


async def hasten(step: Step, number: AlertId) -> int:
    """Somebody says that a published alert is urgent: texts held back until morning leave now.

    Returns how many. By its author or any officer; the audit keeps who, when and why.
    """
    alert = await _found(step, number)
    if step.member.id != alert.author:
        _must_approve(step)
    _must_send(step)
    if not isinstance(alert.stage, Published):
        raise InvalidTransition(f"{alert.reference} n'est pas en diffusion.")
    if not await step.tx.alerts.hasten(alert.id):
        raise InvalidTransition(f"{alert.reference} est déjà urgente.")
    count = await step.tx.telephone.texts.hurry(alert.id)
    quiet = step.world.quiet_until(step.territory, step.now)
    await step.record(
        "alert.hasten", alert.reference, _why_now(replace(alert, urgent=True), quiet)
    )
    await _say(step, alert, hastened(alert, step.member, count), await _author(step, alert))
    return count


def _why_now(alert: Alert, quiet: datetime | None) -> list[str]:
    """Why texts leave in quiet hours, or that they wait: for the audit."""
    if quiet is None:
        return []
    return ["urgent", "quiet-hours-passed"] if alert.urgent else ["texts-deferred"]


def _quiet_until(step: Step, through: Sequence[Route]) -> datetime | None:
    """Of the texts of an alert, when it has any."""
    texted = any(route.channel is Channel.SMS for route in through)
    return step.world.quiet_until(step.territory, step.now) if texted else None


async def state(step: Step, number: AlertId) -> str:
    """Where the alert stands, in words."""
    alert = await _found(step, number)
    if not step.member.role.may_submit_alert:
        raise NotUnderstood(words.unknown(number))
    version = await step.tx.protocols.at(alert.submitted_at)
    told = words.state(alert, await step.tx.outbox.tally(alert.id))
    return told + judged_under(version)


def judged(step: Step, text: str) -> Verdict:
    """In the role of whoever acts; where only a chef de quart sends, others propose."""
    verdict = judge(Submission(text, step.member.role.voice), step.world.policy)
    if verdict.decision is Decision.PUBLISH and not _may_send(step):
        order = Finding(CHIEF_SENDS, Decision.HOLD)
        return Verdict(Decision.HOLD, (order,), verdict.policy_hash)
    return verdict


def _may_send(step: Step) -> bool:
    return step.member.role.is_chief or not step.territory.chiefs_send


def _new(
    step: Step, audience: Audience, text: str, verdict: Verdict, stage: Held | Published
) -> Alert:
    return Alert(
        id=AlertId(0),
        author=step.member.id,
        territory=step.territory.id,
        audience=audience,
        text=text,
        submitted_at=step.now,
        policy_hash=verdict.policy_hash,
        stage=stage,
    )


async def _explain(step: Step, text: str, verdict: Verdict) -> None:
    """The text is not kept: only who, when and which rules."""
    rules = step.world.explained
    if verdict.decision is Decision.REVISE:
        await step.answer(words.to_revise(verdict.rules, rules, better(step, text, verdict)))
    else:
        await step.answer(words.rejected(verdict.rules, rules))
    await step.record("alert.refused-by-rule", "alerte", verdict.rules)


def better(step: Step, text: str, verdict: Verdict) -> str | None:
    """A text that the judge would let through. Nobody is prompted to attest what they did not."""
    if _UNATTESTED in verdict.rules:
        return None
    suggested = suggest(text, verdict)
    fits = suggested is not None and judged(step, suggested).decision in _FIT
    return suggested if fits else None


async def _hold(step: Step, draft: Alert, verdict: Verdict) -> Alert:
    await broadcast.reach(step, draft)  # nobody approves what nobody would read
    alert = await step.tx.alerts.open(draft)
    rules = step.world.explained
    seen = words.sms(alert, gsm7_only=step.world.gsm7_only(alert))
    card = HoldCard(alert, step.member, step.territory, verdict.findings, rules, seen)
    rooms = await step.postes(alert.audience.zone)
    name = f"card:{alert.reference}"
    await step.post(rooms, card.body, name=name, html=card.html, case=alert.reference)
    if step.room not in rooms:  # the card itself answers whoever wrote in that poste
        await step.answer(words.waiting(alert))
    held = alert.stage.rules if isinstance(alert.stage, Held) else ()
    await step.record("alert.hold", alert.reference, held)
    return alert


async def _publish(step: Step, alert: Alert, author: Member) -> None:
    reach = await broadcast.reach(step, alert)
    await broadcast.send(step, alert, author, reach.routes)
    quiet = _quiet_until(step, reach.routes)
    await step.record("alert.publish", alert.reference, _why_now(alert, quiet))
    text = words.sms(alert, gsm7_only=step.world.gsm7_only(alert))
    said = words.published(alert, reach.routes, text) + without_consent(reach.unasked)
    if quiet is not None:
        said += quiet_hours(alert, step.territory, quiet)
    said += test_phase(step.territory, reach.withheld)
    await _say(step, alert, said, author)


async def _say(step: Step, alert: Alert, text: str, author: Member) -> None:
    """In the poste; privately too for who does not sit there, author or console user."""
    rooms = await step.postes(alert.audience.zone)
    if step.room is not None and step.room not in rooms:
        rooms = [step.room, *rooms]
    await step.post(rooms, text, case=alert.reference)
    if step.room is None:
        await step.answer(text)
    if author.id != step.member.id and not author.role.is_officer:
        await step.tell(author, text)


async def _advance(step: Step, alert: Alert, before: Alert) -> None:
    if not await step.tx.alerts.advance(alert, stage_of(before.stage)):
        raise InvalidTransition(f"{alert.reference} vient d'être traitée par quelqu'un d'autre.")


async def _found(step: Step, number: AlertId) -> Alert:
    """An alert of another territory does not exist for this member."""
    alert = await step.tx.alerts.get(number)
    if alert is None or alert.territory != step.territory.id:
        raise NotUnderstood(words.unknown(number))
    return alert


async def _author(step: Step, alert: Alert) -> Member:
    """Whoever wrote it; gone members leave their alerts to whoever acts on them."""
    return await step.tx.members.get(alert.author) or step.member


def _must_not_be_suspended(step: Step) -> None:
    if step.world.settings.suspended:
        raise Refused(words.SUSPENDED)


def _must_approve(step: Step) -> None:
    if not step.member.role.may_approve:
        raise NotAllowed


def _must_send(step: Step) -> None:
    if not _may_send(step):
        raise NotAllowed(REFUSAL)
