"""What an alert would become, before anybody publishes it: verdict, readers, telephones, price."""

from dataclasses import dataclass
from datetime import datetime

from appservice.domain.alert import Alert, Held
from appservice.domain.audience import Audience
from appservice.domain.errors import NotAllowed, Refused
from appservice.domain.ids import AlertId
from appservice.domain.member import Channel, Member
from appservice.domain.moderation import Verdict
from appservice.domain.telephone.shown import Shown
from appservice.domain.wording import alerts as alert_words
from appservice.domain.wording import preview as words
from appservice.domain.wording.common import harmless
from appservice.domain.wording.telephone import without_consent
from appservice.flows.alerts import better, judged
from appservice.flows.departure.reach import Reach, reach_of
from appservice.flows.step import Step


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would be published, and to whom, if it were published now."""

    alert: Alert  # a draft, without a number
    author: Member
    verdict: Verdict
    better: str | None  # a text that would pass, where a change of words is enough
    reach: Reach
    shown: Shown  # by a telephone
    quiet: datetime | None  # until when its texts would wait

    @property
    def telephones(self) -> int:
        """How many would get a text."""
        return sum(route.channel is Channel.SMS for route in self.reach.routes)


async def foresee(step: Step, audience: Audience, text: str, *, urgent: bool = False) -> Foreseen:
    """Opens, queues and keeps nothing. Raises NotAllowed for a merchant."""
    if not step.member.role.may_submit_alert:
        raise NotAllowed(alert_words.MERCHANT_SUBMITS)
    text = harmless(text)
    verdict = judged(step, text)
    draft = Alert(
        id=AlertId(0),
        author=step.member.id,
        territory=step.territory.id,
        audience=audience,
        text=text,
        submitted_at=step.now,
        policy_hash=verdict.policy_hash,
        stage=Held(()),
        urgent=urgent,
    )
    return Foreseen(
        alert=draft,
        author=step.member,
        verdict=verdict,
        better=better(step, text, verdict),
        reach=await reach_of(step.tx, step.world, step.territory, draft, step.now),
        shown=alert_words.sms(draft, gsm7_only=step.world.gsm7_only(draft)),
        quiet=None if urgent else step.world.quiet_until(step.territory, step.now),
    )


async def preview(step: Step, audience: Audience, text: str) -> None:
    """Answers where it was asked. Raises Refused when nobody is concerned."""
    seen = await foresee(step, audience, text)
    if not seen.reach.routes:
        raise Refused(alert_words.NOBODY + without_consent(seen.reach.unasked))
    rules = step.world.explained
    line = words.preview(seen.alert.text, seen.shown, seen.telephones, seen.verdict, rules)
    if step.room is not None:
        await step.post([step.room], line)
    else:
        await step.answer(line)
