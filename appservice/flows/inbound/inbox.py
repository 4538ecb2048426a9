"""What a bridge hands over: written in the journal first, then handled, again if need be."""

import asyncio
import base64
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

from appservice.domain.audit import Act
from appservice.domain.errors import TemporaryFailure
from appservice.domain.member import Channel
from appservice.domain.wording import talk as words
from appservice.flows.inbound.door import Inbound
from appservice.flows.ports import Clock, Journal, Store, Wake
from appservice.flows.step import every_poste, room_parcels
from bridges.protocol import (
    Attachment,
    Deleted,
    Edited,
    Mention,
    Message,
    Reacted,
    Receipt,
    ReceiptState,
    Sink,
)
from bridges.protocol import Inbound as Thing

_LOG = logging.getLogger(__name__)
_KINDS: Mapping[str, type[Thing]] = {
    kind.__name__: kind for kind in (Message, Edited, Deleted, Reacted, Receipt)
}
_AT_ONCE = 50


def encode(thing: Thing) -> bytes:
    """As JSON, attachments in base64: what the journal keeps."""
    values = {f.name: _plain(getattr(thing, f.name)) for f in fields(thing)}
    return json.dumps({"kind": type(thing).__name__, **values}, ensure_ascii=False).encode()


def decode(payload: bytes) -> Thing:
    """The thing that was encoded."""
    values: dict[str, Any] = json.loads(payload)
    kind = _KINDS[values.pop("kind")]
    if "sent_at" in values:
        values["sent_at"] = datetime.fromisoformat(values["sent_at"])
    if "attachments" in values:
        values["attachments"] = tuple(_attachment(item) for item in values["attachments"])
    if "mentions" in values:
        values["mentions"] = tuple(Mention(**item) for item in values["mentions"])
    if kind is Receipt:
        values["state"] = ReceiptState(values["state"])
    return kind(**values)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [{f.name: _plain(getattr(a, f.name)) for f in fields(a)} for a in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def _attachment(item: Mapping[str, str]) -> Attachment:
    return Attachment(item["content_type"], base64.b64decode(item["data"]), item["filename"])


def key_of(thing: Thing) -> str:
    """What makes the same thing the same: a receipt has no key of its own."""
    if isinstance(thing, Receipt):
        return f"receipt:{thing.provider_id}:{thing.state}:{thing.recipient}"
    return thing.key


@dataclass(slots=True)
class Retry:
    """How often an entry failed, and when it is tried again."""

    failures: int
    at: datetime
    told: bool = False  # the officers know


@dataclass(slots=True)
class Inbox:
    """Works through the journal of one channel, oldest first.

    An entry that fails waits longer and longer while the others go on. After `tries` failures
    that are nobody's outage it is parked: told to the officers, recorded, and kept in the
    journal, where it is tried again now and then, by a mended version perhaps.
    """

    channel: Channel
    journal: Journal
    store: Store
    wake: Wake
    inbound: Inbound
    clock: Clock
    tries: int = 8
    first_wait: timedelta = timedelta(seconds=1)
    longest_wait: timedelta = timedelta(minutes=2)
    parked_wait: timedelta = timedelta(hours=1)
    poll: timedelta = timedelta(seconds=5)
    _waiting: dict[int, Retry] = field(default_factory=dict)

    def sink(self) -> Sink:
        """What the bridge calls: returns once the thing is written down.

        A receipt is, where it is kept for good; the journal would only hold it twice. One that
        fails there for no outage goes through the journal, where it can be parked.
        """

        async def write(thing: Thing) -> None:
            if isinstance(thing, Receipt) and await self._kept(thing):
                return
            await self.journal.write(self.source, key_of(thing), encode(thing), self.clock())

        return write

    async def _kept(self, receipt: Receipt) -> bool:
        """Raises TemporaryFailure."""
        try:
            await self.inbound.receipts(self.channel, [receipt])
        except TemporaryFailure:
            raise
        except Exception as error:
            _LOG.error("a receipt of %s failed: %s", self.channel, type(error).__name__)
            return False
        return True

    @property
    def source(self) -> str:
        """The journal's name of the channel."""
        return self.channel.value

    async def run(self) -> None:
        """Until cancelled. Whatever fails here only makes it wait."""
        while True:
            try:
                if not await self.work_once():
                    await self.wake.wait(f"journal:{self.source}", self._patience())
            except Exception as error:
                _LOG.warning("journal of %s: %s", self.channel, type(error).__name__)
                await asyncio.sleep(self.first_wait.total_seconds())

    async def work_once(self) -> bool:
        """One round over what is pending; True when something was handled."""
        not_due = [entry for entry in self._waiting if not self._is_due(entry)]
        due = await self.journal.pending(self.source, _AT_ONCE, not_due)
        return any([await self._one(entry, payload) for entry, payload in due])

    def _is_due(self, entry: int) -> bool:
        return self._waiting[entry].at <= self.clock()

    async def _one(self, entry: int, payload: bytes) -> bool:
        try:
            await self.inbound.handle(self.channel, decode(payload))
        except TemporaryFailure:
            self._postpone(entry, counts=False)
            return False
        except Exception as error:
            # No traceback: what an error says may hold what people wrote.
            name = type(error).__name__
            _LOG.error("entry %s of %s failed: %s", entry, self.channel, name)
            retry = self._postpone(entry, counts=True)
            if retry.failures >= self.tries and not retry.told:
                await self._park(entry)
                retry.told = True
            return False
        self._waiting.pop(entry, None)
        await self.journal.done(entry)
        return True

    def _postpone(self, entry: int, *, counts: bool) -> Retry:
        """An outage is nobody's failure but waits all the same."""
        retry = self._waiting.setdefault(entry, Retry(0, self.clock()))
        retry.failures += int(counts)
        wait = min(self.first_wait * 2 ** min(retry.failures, 16), self.longest_wait)
        retry.at = self.clock() + (self.parked_wait if retry.failures >= self.tries else wait)
        return retry

    async def _park(self, entry: int) -> None:
        """Nothing is lost silently: the officers of every territory learn of it."""
        text = words.PARKED.format(channel=self.channel.label, entry=entry)
        name = f"parked:{self.channel}:{entry}"
        async with self.store.transaction() as tx:
            act = Act("service", "inbound.park", f"{self.channel}:{entry}", self.clock())
            await tx.acts.append(act)
            for territory in self.inbound.world.territories.values():
                for room in await every_poste(tx, territory):
                    await tx.outbox.put(room_parcels(room, text, name))

    def _patience(self) -> timedelta:
        """Until the first retry is due, and never longer than the poll."""
        if not self._waiting:
            return self.poll
        due = min(retry.at for retry in self._waiting.values()) - self.clock()
        return max(min(due, self.poll), timedelta(milliseconds=50))
