"""What state events change for us: who is where, what is encrypted, whose key must follow."""

import logging
from collections.abc import Callable
from typing import Any

from mautrix.crypto.store import PgCryptoStateStore
from mautrix.types import Membership, RoomID, UserID

from appservice.matrix.crypto.opening import MEGOLM
from appservice.matrix.events import Event
from appservice.matrix.settings import Callbacks

log = logging.getLogger(__name__)

MEMBERSHIPS = {"join", "invite", "leave", "ban", "knock"}


class RoomNews:
    """Keeps mautrix's room state, and passes the news on."""

    def __init__(
        self,
        rooms: PgCryptoStateStore,
        warm: Callable[[str], None],
        callbacks: Callbacks,
    ) -> None:
        self._rooms = rooms
        self._warm = warm
        self._callbacks = callbacks

    async def tell(self, event: Event) -> None:
        """Told twice is told once, or twice the same."""
        if event.kind == "m.room.member":
            await self._member(event)
        elif event.kind == "m.room.encryption" and event.state_key == "":
            await self._encryption(event)

    async def _member(self, event: Event) -> None:
        membership, user = event.content.get("membership"), event.state_key or ""
        if membership not in MEMBERSHIPS or not user.startswith("@") or "\0" in user:
            log.warning("member event %s is malformed: skipped", event.event_id)
            return
        before = await self._rooms.get_member(RoomID(event.room), UserID(user))
        if before is not None and before.membership.value == membership:
            return  # a new name or picture
        # Told first: a crash here tells it again, the other order never.
        await self._callbacks.on_membership(event.room, user, membership)
        await self._rooms.set_membership(
            RoomID(event.room), UserID(user), Membership.deserialize(membership)
        )
        self._warm(event.room)

    async def _encryption(self, event: Event) -> None:
        if event.content.get("algorithm") != MEGOLM:
            log.error("%s asks for an encryption that nobody knows", event.room)
            return
        content: dict[str, Any] = {"algorithm": MEGOLM}
        for name in ("rotation_period_ms", "rotation_period_msgs"):
            value = event.content.get(name)
            if type(value) is int and 0 < value < 2**31:
                content[name] = value
        await self._rooms.set_encryption_info(RoomID(event.room), content)
        self._warm(event.room)
