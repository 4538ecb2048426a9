"""The bot's own /sync, for keys only: rooms come by transactions, keys never do.

To-device messages in transactions are lost for good while the service is down
(element-hq/synapse#14710); /sync keeps them until the token that follows them is used.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import asyncpg
from mautrix.types import DeviceOTKCount, EventType, SyncToken, ToDeviceEvent

from appservice.matrix.api import Json, MatrixError, Unreachable
from appservice.matrix.crypto.identity import publish_fallback_key
from appservice.matrix.crypto.machine import Machine
from appservice.matrix.crypto.store import DATABASE_FAILURES, together

log = logging.getLogger(__name__)

ONLY_KEYS = json.dumps(
    {
        "presence": {"types": []},
        "account_data": {"types": []},
        "room": {"rooms": [], "timeline": {"limit": 0}, "state": {"types": []}},
    }
)
LONG_POLL = 30.0  # seconds
PAUSE = 2.0  # seconds, after a failure

Told = Callable[[], Awaitable[None]]
Changed = Callable[[set[str]], Awaitable[None]]


class KeySync:
    """Receives room keys and device lists, and keeps our one-time keys in stock.

    `keys_came` is told when waiting messages may be readable; `devices_changed` gets user ids.
    """

    def __init__(self, machine: Machine, keys_came: Told, devices_changed: Changed) -> None:
        self._machine = machine
        self._keys_came = keys_came
        self._devices_changed = devices_changed
        self.caught_up = asyncio.Event()

    async def run(self) -> None:
        """For ever. A failure is tried again; nothing is acknowledged before it is handled."""
        since = await self._machine.keys.get_next_batch()
        while True:
            try:
                since = await self._once(since)
            except Unreachable:
                await asyncio.sleep(PAUSE)
            except MatrixError as refusal:
                if not refusal.temporary:
                    raise
                await asyncio.sleep(refusal.retry_after or PAUSE)
            except DATABASE_FAILURES:
                log.warning("keys can't be written down: the database is out of reach")
                await asyncio.sleep(PAUSE)

    async def _once(self, since: str) -> SyncToken:
        query = {"filter": ONLY_KEYS, "timeout": "0"}
        if since:
            query["since"] = since
            if self.caught_up.is_set():
                query["timeout"] = str(int(LONG_POLL * 1000))
        answer = await self._machine.api.call("GET", "/sync", query=query, seconds=LONG_POLL + 30)
        came = await self._to_device(answer)
        await self._device_lists(answer)
        await self._stock(answer)
        token = SyncToken(str(answer["next_batch"]))
        # Only now: a crash before this line gives us the same messages again.
        await self._machine.keys.put_next_batch(token)
        await self._machine.mend()
        if not _list(answer, "to_device", "events"):
            self.caught_up.set()
        if came:
            await self._keys_came()
        return token

    async def _to_device(self, answer: Json) -> bool:
        came = False
        for raw in _list(answer, "to_device", "events"):
            came = await self._message(raw) or came
        return came

    async def _message(self, raw: Any) -> bool:
        """One message; a hostile one is skipped, a database out of reach is not."""
        machine = self._machine
        if machine.stale:
            await machine.load()
        try:
            event = ToDeviceEvent.deserialize(raw)
            if event.type != EventType.TO_DEVICE_ENCRYPTED:
                return False
            # The session's step and the key it carried are written together, or neither.
            async with machine.olm_turn:
                await self._decrypt(event)
        except DATABASE_FAILURES as failure:
            # Text that PostgreSQL refuses (class 22) comes from the sender, not from a breakdown.
            if not isinstance(failure, asyncpg.DataError):
                raise
            return self._skip(raw, failure)
        except Exception as failure:
            return self._skip(raw, failure)
        return True

    async def _decrypt(self, event: ToDeviceEvent) -> None:
        machine = self._machine
        try:
            # The session's step and the key it carried are written together, or neither.
            async with together(machine.database):
                await machine.handle_to_device_event(event)
        except BaseException:
            # Memory is ahead of the tables: start again from what is written.
            machine.keys.forget_unsaved()
            machine.stale = True
            raise

    def _skip(self, raw: Any, failure: Exception) -> bool:
        # Whatever a stranger may send; the sender's id is all that may be said of it.
        sender = raw.get("sender") if isinstance(raw, Mapping) else None
        log.warning("a to-device message of %s is skipped: %s", sender, type(failure).__name__)
        return False

    async def _device_lists(self, answer: Json) -> None:
        changed = {user for user in _list(answer, "device_lists", "changed") if type(user) is str}
        untracked = await self._machine.book.untracked(changed)
        # Those that we never asked about will be asked about when they are to get a key.
        if tracked := changed - untracked:
            await self._machine.ask_devices(tracked)
            await self._devices_changed(tracked)

    async def _stock(self, answer: Json) -> None:
        if self._machine.stale:
            await self._machine.load()
        counts = answer.get("device_one_time_keys_count")
        if isinstance(counts, dict):
            await self._machine.handle_otk_count(
                DeviceOTKCount(counts.get("signed_curve25519", 0))
            )
        unused = answer.get("device_unused_fallback_key_types")
        if isinstance(unused, list) and "signed_curve25519" not in unused:
            await publish_fallback_key(self._machine)


def _list(answer: Json, section: str, name: str) -> list[Any]:
    part = answer.get(section)
    found = part.get(name) if isinstance(part, dict) else None
    return found if isinstance(found, list) else []
