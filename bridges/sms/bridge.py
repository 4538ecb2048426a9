"""The SMS channel: text for phones out, reports and answers in."""

import asyncio
import hmac
from dataclasses import replace

from bridges.protocol import (
    Abilities,
    Accepted,
    Action,
    Health,
    Outcome,
    Outgoing,
    Rejected,
    Sink,
    Throttled,
    Unknown,
)
from bridges.sms.numbers import mobile
from bridges.sms.pace import Backoff, Pace
from bridges.sms.segments import prepare
from bridges.sms.settings import SmsSettings
from bridges.sms.transport import Submission, Transport

_DOWN = Health(
    ok=False, code="gateway_down", advice="La passerelle SMS ne répond pas : les SMS attendent."
)


class SmsBridge:
    """One SMS gateway as a channel; implements `Bridge` and `Named`."""

    def __init__(self, transport: Transport, settings: SmsSettings) -> None:
        self.name = settings.name
        self.abilities = Abilities(receipts=True, needs_opt_in=True, workers=settings.window)
        self._settings = settings
        self._transport = transport
        self._pace = Pace(settings.rate)
        self._backoff = Backoff(settings.throttle, settings.throttle_longest)

    async def start(self, sink: Sink) -> None:
        await self._transport.open(sink)

    async def stop(self) -> None:
        await self._transport.close()

    async def send(self, message: Outgoing) -> Outcome:
        """Never cuts a text: one that takes too many SMS is rejected."""
        submission = self._submission(message)
        if isinstance(submission, Rejected):
            return submission
        await self._pace.turn()
        outcome = await self._transport.submit(submission)
        if isinstance(outcome, Throttled):
            wait = self._backoff.refused(asyncio.get_running_loop().time())
            return replace(outcome, after=max(outcome.after, wait))
        if isinstance(outcome, Accepted):
            self._backoff.accepted()
        if isinstance(outcome, Accepted | Unknown):
            sms = submission.sms
            return replace(outcome, detail=sms.detail, sent=self._transport.wording(sms))
        return outcome

    def _submission(self, message: Outgoing) -> Submission | Rejected:
        settings = self._settings
        if message.action is not Action.POST or message.to_group or message.attachments:
            return Rejected("not_supported")
        number = mobile(message.target, settings.region)
        if number is None:
            return Rejected("invalid_number")
        sms = prepare(message.text, gsm7_only=settings.gsm7_only)
        if not sms.text.strip():
            return Rejected("empty")
        if sms.segments > settings.max_segments:
            return Rejected("too_long")
        return Submission(self.name_of(message.key), number, sms, message.expires_at)

    def name_of(self, key: str) -> str:
        return message_id(key, self._settings.secret)

    async def health(self) -> Health:
        return Health(ok=True) if await self._transport.alive() else _DOWN


def message_id(key: str, secret: str) -> str:
    """Our id of the message at the gateway: says nothing, and is the same for the same key.

    Keyed, because keys hold phone numbers: of a plain hash every number could be tried. Twenty
    letters are what every gateway takes as a name.
    """
    return hmac.digest(secret.encode(), key.encode(), "sha256").hex()[:20]
