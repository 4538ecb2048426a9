"""One event read to the end: opened, its files fetched, said in the words of all channels."""

import dataclasses
import logging
from collections import Counter

from appservice.matrix.api import MatrixError, Unreachable
from appservice.matrix.crypto.machine import Machine
from appservice.matrix.crypto.opening import Sealed, open_sealed
from appservice.matrix.events import ENCRYPTED, Event, file_of, to_inbound
from appservice.matrix.media import FileRefused, fetch
from appservice.matrix.membership import RoomNews
from appservice.matrix.settings import Callbacks, Unreadable
from bridges.protocol import Attachment, Inbound

log = logging.getLogger(__name__)

FETCHES = 5  # tries, before the message goes on without its file


class Reader:
    """Knows the keys, the media repository, and who is told of what."""

    def __init__(
        self, machine: Machine, news: RoomNews, callbacks: Callbacks, media_limit: int
    ) -> None:
        self._machine = machine
        self._news = news
        self._callbacks = callbacks
        self._media_limit = media_limit
        self._tries: Counter[str] = Counter()

    async def read(self, event: Event) -> Inbound | None:
        """None for what is nobody's message. Raises KeyMissing, Unopenable; failures pass."""
        if event.state_key is not None:
            await self._news.tell(event)
            return None
        if event.sender == self._machine.client.mxid:
            return None
        if event.kind == ENCRYPTED:
            event = await self._open(event)
        return to_inbound(event, await self._attachments(event))

    async def _open(self, event: Event) -> Event:
        raw = event.raw or {}
        at = raw.get("origin_server_ts")
        sealed = Sealed(
            event.event_id,
            event.room,
            event.sender,
            at if type(at) is int and 0 <= at < 2**63 else 0,
            event.content,
        )
        opened = await open_sealed(self._machine, sealed)
        return dataclasses.replace(
            event, kind=opened.kind, content=opened.content, verified=opened.verified
        )

    async def _attachments(self, event: Event) -> tuple[Attachment, ...]:
        file = file_of(event)
        if file is None:
            return ()
        try:
            attachment = await fetch(self._machine.api, file, self._media_limit)
        except FileRefused as refusal:
            reason = refusal.reason
        except (Unreachable, MatrixError):
            self._tries[event.event_id] += 1
            if self._tries[event.event_id] < FETCHES:
                raise
            reason = Unreadable.ATTACHMENT_BROKEN
        else:
            self._tries.pop(event.event_id, None)
            return (attachment,)
        self._tries.pop(event.event_id, None)
        log.warning("the file of event %s is left out: %s", event.event_id, reason.value)
        await self._callbacks.on_unreadable(event.room, event.sender, event.event_id, reason)
        return ()
