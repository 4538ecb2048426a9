"""What comes in and what goes out: journal, outbox, queue."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from appservice.domain.delivery import Claimed, Parcel, Settled, Tally
from appservice.domain.ids import AlertId, ParcelId
from appservice.domain.member import Channel
from bridges.protocol import Receipt

AT_ONCE = 16 * 2**20
"""Bytes of the journal that are opened together."""


class Outbox(Protocol):
    """Parcels on their way, and the ledger of what left.

    The body of a parcel that is read here is what was sent, if the channel had to change a sign.
    """

    async def put(self, parcels: Sequence[Parcel]) -> None:
        """Queues them; a key that is already there changes nothing.

        What acts on another parcel takes that one's urgency, so as never to overtake it.
        """

    async def delivered_as(self, key: str) -> str | None:
        """The channel's id of the parcel with that key, once accepted."""
        ...

    async def by_provider_id(self, channel: Channel, provider_id: str) -> Parcel | None: ...

    async def tally(self, alert: AlertId) -> Tally:
        """Of its POST parcels; those that took another way are counted there."""
        ...

    async def of_alert(self, alert: AlertId) -> Sequence[Parcel]:
        """Its POST parcels, oldest first, without those that took another way."""
        ...

    async def unknown(self, since: datetime) -> Sequence[Parcel]:
        """Parcels whose fate has been uncertain since then or later, oldest first."""
        ...


class Recall(Protocol):
    """Parcels that have not left, taken back in the transaction that does something else."""

    async def take_back(self, keys: Sequence[str], code: str) -> Collection[str]:
        """Of these parcels, those that were still queued: FAILED with that code from now on.

        A parcel that is being handed over, or was, is left alone and not returned.
        """
        ...

    async def late(self, channel: Channel, put_before: datetime) -> Sequence[Parcel]:
        """POST parcels of alerts, put by then, that are still queued."""
        ...


class Journal(Protocol):
    """What came in, written before anything is answered, handled once."""

    async def write(self, source: str, key: str, payload: bytes, at: datetime) -> bool:
        """False when that (source, key) is already there."""
        ...

    async def pending(
        self, source: str, limit: int, besides: Collection[int] = ()
    ) -> Sequence[tuple[int, bytes]]:
        """Oldest first, without `besides`; the first one, and those that fit in `AT_ONCE` with it.

        A photo is in its message: fifty of them would not fit in memory.
        """
        ...

    async def done(self, *entries: int) -> None: ...


class Queue(Protocol):
    """The delivery side of the outbox."""

    async def claim(
        self,
        channel: Channel,
        limit: int,
        lease: timedelta,
        now: datetime,
        *,
        names: bool = False,
    ) -> Sequence[Claimed]:
        """At most one parcel per conversation, urgent before the rest, then by turns.

        Each alert has its turns, and all that is no alert: a big one goes on between the others.
        A conversation keeps its order, and leaves by the earliest turn of what it has to say.
        A parcel that waits (`retry_at`) holds up those behind it, except urgent ones, unless it
        waits for the morning. Then it takes its turn anew.
        Parcels past `expires_at` become EXPIRED. A lease that ran out becomes UNKNOWN, or QUEUED
        again on a channel that is idempotent (Matrix), or when whoever claimed `names` what leaves
        and had not named it. An SMS without a report in time becomes UNKNOWN as well.
        """
        ...

    async def let_go(self, channel: Channel, now: datetime) -> None:
        """Whoever had parcels in hand is dead: as if their leases ran out now.

        A late answer of somebody who was not dead after all still settles its parcel.
        """

    async def name(self, names: Sequence[tuple[Claimed, str]]) -> Collection[ParcelId]:
        """What the channel will call these parcels, written before they leave.

        Returns those that are still ours: the others must not leave. Whoever dies before they
        settle leaves them UNKNOWN; a receipt that comes all the same then finds its parcel.
        """
        ...

    async def settle(self, outcomes: Sequence[Settled]) -> Collection[ParcelId]:
        """Writes each outcome whose lease is still ours, or was the last one and gave UNKNOWN.

        Of different parcels. Returns those that were written.
        """
        ...

    async def receipts(self, channel: Channel, said: Sequence[Receipt], now: datetime) -> None:
        """Early and duplicate receipts are absorbed.

        What is said of one person of a group is kept and leaves the group's parcel accepted.
        """

    async def renounce(self, parcel: ParcelId, now: datetime) -> None:
        """Gives up a queued or unknown parcel that an officer no longer wants sent: FAILED."""


class Wake(Protocol):
    """Says that there is work, so that nobody asks the database again and again."""

    async def wait(self, topic: str, at_most: timedelta) -> bool:
        """True once something was put there since the last call, False after `at_most`.

        `topic` is a channel (a parcel was queued) or `journal:<source>`. A hint: poll besides.
        """
        ...
