"""The SMS channel: text for phones out, reports and answers in."""

import hmac
from collections.abc import Callable
from datetime import datetime

from bridges.protocol import (
    Abilities,
    Action,
    Health,
    Outcome,
    Outgoing,
    Rejected,
    Sink,
    Throttled,
)
from bridges.sms.kannel import Kannel
from bridges.sms.numbers import mobile
from bridges.sms.segments import prepare
from bridges.sms.server import CallbackServer
from bridges.sms.settings import SmsSettings

_DOWN = Health(
    ok=False, code="gateway_down", advice="La passerelle SMS ne répond pas : les SMS attendent."
)


class SmsBridge:
    """One SMS gateway as a channel; implements `Bridge`."""

    def __init__(self, settings: SmsSettings, now: Callable[[], datetime]) -> None:
        self.name = settings.name
        self.abilities = Abilities(receipts=True, needs_opt_in=True, workers=settings.workers)
        self._settings = settings
        self._server = CallbackServer(
            settings.host, settings.port, settings.secret, settings.region, now
        )
        self._kannel: Kannel | None = None

    @property
    def callback(self) -> str:
        """Where the gateway must send inbound SMS: this, `/mo?` and `inbound.GET_URL`."""
        base = self._settings.callback or self._server.address
        return f"{base.rstrip('/')}/{self._settings.secret}"

    async def start(self, sink: Sink) -> None:
        await self._server.start(sink)
        self._kannel = Kannel(self._settings, self.callback)
        await self._kannel.open()

    async def stop(self) -> None:
        await self._server.stop()
        if self._kannel is not None:
            await self._kannel.close()
            self._kannel = None

    async def send(self, message: Outgoing) -> Outcome:
        """Never cuts a text: one that takes too many SMS is rejected."""
        if message.action is not Action.POST or message.to_group or message.attachments:
            return Rejected("not_supported")
        number = mobile(message.target, self._settings.region)
        if number is None:
            return Rejected("invalid_number")
        sms = prepare(message.text, gsm7_only=self._settings.gsm7_only)
        if not sms.text.strip():
            return Rejected("empty")
        if sms.segments > self._settings.max_segments:
            return Rejected("too_long")
        if self._kannel is None:
            return Throttled(self._settings.throttle, "not_started")
        return await self._kannel.submit(
            number, sms, message_id(message.key, self._settings.secret)
        )

    async def health(self) -> Health:
        alive = self._kannel is not None and await self._kannel.alive()
        return Health(ok=True) if alive else _DOWN


def message_id(key: str, secret: str) -> str:
    """Our id of the message at the gateway: says nothing, and is the same for the same key.

    Keyed, because keys hold phone numbers: of a plain hash every number could be tried.
    """
    return hmac.digest(secret.encode(), key.encode(), "sha256").hex()[:32]
