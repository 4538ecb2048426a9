"""Whether Signal itself answers, and still knows us: asked before we speak after a silence.

Once a message is out of our hands, an outage leaves its fate unknown, and nothing unknown is sent
again. So an alert that would leave in the middle of an outage waits instead, or goes round by SMS.
"""

import asyncio
import re
from collections.abc import Callable
from datetime import datetime

from bridges.signal.account import fading, read_devices
from bridges.signal.client import SignalClient
from bridges.signal.errors import (
    ACCOUNT_GONE,
    OUT_OF_REACH,
    CallRefused,
    NoAnswer,
    Reading,
    read_refusal,
)

Clock = Callable[[], datetime]

BEFORE_SPEAKING, AT_REST = 60.0, 300.0  # seconds for which an answer holds
_PATIENCE = 6.0  # seconds; whoever asks how we are waits for eight
# signal-cli says « io » both of a network that fails and of an answer that it did not expect.
_STATUS = re.compile(r"\[(\d{3})\]|StatusCode: (\d{3})")
_GONE = {"401", "403"}


class Reach:
    """Asks for our devices, which costs Signal little and tells which of them fade."""

    def __init__(self, client: SignalClient, clock: Clock | None) -> None:
        self._client = client
        self._clock = clock
        self._proved: float | None = None  # the loop's time of the last sign of Signal
        self._alone = asyncio.Lock()
        self.fading = False  # a linked device will soon be unlinked

    def proved(self) -> None:
        """Signal has just done something for us."""
        self._proved = asyncio.get_running_loop().time()

    def doubted(self) -> None:
        """Something failed on the way: the next one asks first."""
        self._proved = None

    async def ask(self, holds: float) -> Reading | None:
        """What keeps us from Signal; None when it answered less than `holds` seconds ago.

        Raises NotSent when signal-cli itself is down.
        """
        async with self._alone:
            now = asyncio.get_running_loop().time()
            if self._proved is not None and now - self._proved < holds:
                return None
            return await self._ask()

    async def _ask(self) -> Reading | None:
        try:
            answer = await self._client.call("listDevices", {}, _PATIENCE)
        except NoAnswer:
            return OUT_OF_REACH
        except CallRefused as refusal:
            return self._refused(refusal)
        devices = read_devices(answer)
        self.fading = self._clock is not None and bool(fading(devices, self._clock()))
        self.proved()
        return None

    def _refused(self, refusal: CallRefused) -> Reading | None:
        status = _STATUS.search(refusal.message)
        if status is not None and _GONE.intersection(status.groups()):
            return ACCOUNT_GONE
        reading = read_refusal(refusal)
        if reading == ACCOUNT_GONE:
            return reading
        if reading.code == "io" and status is None:
            return OUT_OF_REACH
        self.proved()  # whatever it thinks of the question, Signal is there
        return None
