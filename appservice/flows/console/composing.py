"""An officer composes an alert in the console: it is foreseen as they type, then sent, once."""

import hashlib
from dataclasses import dataclass

from appservice.domain.alert import Alert
from appservice.domain.console import Draft, Right, Visitor
from appservice.domain.errors import NotAllowed
from appservice.domain.ids import AlertId, MemberId
from appservice.domain.moderation import Verdict
from appservice.domain.world import World
from appservice.flows import alerts
from appservice.flows.ports import Clock, Store
from appservice.flows.step import AlreadyDone, Step, acting, looking
from appservice.flows.telephone.preview import Foreseen, foresee

_ALERT = "alert:A"


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a draft: an alert, held or on its way, or none and the reasons."""

    alert: AlertId | None
    answers: tuple[str, ...] = ()  # what its author was told


@dataclass(frozen=True, slots=True)
class Composing:
    """As if the text had been written in the poste: the same judge, outbox, cards and audit."""

    store: Store
    clock: Clock
    world: World

    async def foresee(self, visitor: Visitor, draft: Draft) -> Foreseen:
        """What sending it now would do. Keeps nothing. Raises NotAllowed, CharterMissing."""
        member = holder(visitor, Right.SEND_ALERT)
        async with looking(self.store, self.world, self.clock, member) as step:
            return await foresee(step, draft.audience, draft.said, urgent=draft.urgent)

    async def send(self, visitor: Visitor, draft: Draft, click: str) -> Sent:
        """Twice the same form is once, and is answered the same.

        `click` names the page that was filled. Raises NotAllowed, CharterMissing, or Refused
        when nobody is concerned or alerts are suspended.
        """
        member = holder(visitor, Right.SEND_ALERT)
        # With what it says: a text that was mended is another alert.
        where = (str(draft.audience.zone), *sorted(draft.audience.trades))
        key = once(member, click, draft.said, str(draft.urgent), *where)
        try:
            async with acting(self.store, self.world, self.clock, member, key) as step:
                outcome = await alerts.submit(
                    step, draft.audience, draft.said, urgent=draft.urgent
                )
                return await _noted(step, outcome)
        except AlreadyDone:
            return await self._as_before(member, key)

    async def _as_before(self, member: MemberId, key: str) -> Sent:
        """What the same click did. What opened no alert has nothing to be shown."""
        async with looking(self.store, self.world, self.clock, member, key) as step:
            for name in await step.tx.links.parcels_of(step.source):
                if name.startswith(_ALERT):
                    return Sent(AlertId(int(name.removeprefix(_ALERT))))
        return Sent(None)


async def _noted(step: Step, outcome: Alert | Verdict) -> Sent:
    if not isinstance(outcome, Alert):
        return Sent(None, tuple(step.answers))
    await step.tx.links.relate(step.source, f"{_ALERT}{outcome.id}")
    return Sent(outcome.id, tuple(step.answers))


def holder(visitor: Visitor, right: Right) -> MemberId:
    """The member behind a visitor who holds that right. Raises NotAllowed."""
    if not visitor.may(right) or visitor.account.member is None:
        raise NotAllowed
    return visitor.account.member


def once(*words: str) -> str:
    """Names a click: who, on which page, and all that was chosen there."""
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:32]
