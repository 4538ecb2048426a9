"""What carries a text that is ready to a gateway, and brings back what the gateway says of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import aiohttp

from bridges.protocol import Outcome, Sink
from bridges.sms.segments import Sms

LATER = 0.0
"""The `after` of a transport that does not say when to try again: the bridge decides."""

NOT_WRITTEN = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
"""Nothing of an HTTP request has left when these are raised."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One text for one phone. `id` is ours: it says nothing, and a message keeps it for ever."""

    id: str
    number: str  # E.164
    sms: Sms
    expires_at: datetime | None = None

    def validity(self, now: datetime, usual: int) -> int:
        """For how many minutes networks may still try, at least one; `usual` if nothing says."""
        if self.expires_at is None:
            return usual
        return max(1, (self.expires_at - now) // timedelta(minutes=1))


class Transport(Protocol):
    """One kind of gateway. Its receipts name messages by our own id."""

    async def open(self, sink: Sink) -> None:
        """Begins to listen. Never raises because the gateway is down."""

    async def close(self) -> None:
        """Stops listening; nothing that the sink accepted is lost."""

    def wording(self, sms: Sms) -> str:
        """What the phone shows of it."""
        ...

    async def submit(self, submission: Submission) -> Outcome:
        """Asks once. Never raises for a failure of the gateway: says what is known of it."""
        ...

    async def alive(self) -> bool:
        """Whether the gateway would take a text now."""
        ...
