"""What an alert would become, before anybody publishes it: verdict, telephones, price."""

from appservice.domain.alert import Alert, Held
from appservice.domain.audience import Audience
from appservice.domain.errors import NotAllowed
from appservice.domain.ids import AlertId
from appservice.domain.member import Channel
from appservice.domain.moderation import Submission, judge
from appservice.domain.wording import alerts as alert_words
from appservice.domain.wording import preview as words
from appservice.domain.wording.common import harmless
from appservice.flows import broadcast
from appservice.flows.step import Step


async def preview(step: Step, audience: Audience, text: str) -> None:
    """Answers where it was asked; opens, queues and keeps nothing."""
    if not step.member.role.may_submit_alert:
        raise NotAllowed(alert_words.MERCHANT_SUBMITS)
    text = harmless(text)
    verdict = judge(Submission(text, step.member.role.value), step.world.policy)
    draft = Alert(
        id=AlertId(0),
        author=step.member.id,
        territory=step.territory.id,
        audience=audience,
        text=text,
        submitted_at=step.now,
        policy_hash=verdict.policy_hash,
        stage=Held(()),
    )
    routes = (await broadcast.reach(step, draft)).routes
    telephones = sum(route.channel is Channel.SMS for route in routes)
    seen = alert_words.sms(draft, gsm7_only=step.world.gsm7_only(draft))
    line = words.preview(text, seen, telephones, verdict, step.world.policy.rules)
    if step.room is not None:
        await step.post([step.room], line)
    else:
        await step.answer(line)
