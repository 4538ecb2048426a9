"""The Matrix side on a real homeserver, with everything it tells written down for the test."""

import asyncio
import dataclasses
import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from appservice.demo.element import Element
from appservice.demo.homeserver import Homeserver
from appservice.domain.errors import TemporaryFailure
from appservice.domain.ids import RoomId, UserId
from appservice.domain.room import DesiredRoom, Kind, RoomKey
from appservice.domain.territory import Level, Zone
from appservice.flows.ports import Journal
from appservice.matrix.service import MatrixService
from appservice.matrix.settings import Callbacks, MatrixSettings, Unreadable
from bridges.protocol import Accepted, Action, Inbound, Message, Outgoing, Throttled
from support.memory_store import MemoryJournal, MemoryWake
from support.proofs import Signer

_numbers = itertools.count(1)


def utc_now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - compared with the clock of a real server


class Rig:
    """Start, use, restart. The journal and the database outlive each service."""

    def __init__(
        self, homeserver: Homeserver, signer: Signer, database: str, folder: Path
    ) -> None:
        self.homeserver = homeserver
        self.folder = folder
        self.journal: Journal = MemoryJournal(MemoryWake())
        self.received: list[Inbound] = []
        self.memberships: list[tuple[str, str, str]] = []
        self.unreadable: list[tuple[str, str, str, Unreadable]] = []
        self.sink_failures = 0  # how often the sink will still refuse
        self.signer = signer
        self.people: list[Element] = []
        self.settings = MatrixSettings(
            homeserver=homeserver.url,
            server_name=homeserver.server_name,
            as_token=homeserver.as_token,
            hs_token=homeserver.hs_token,
            database=database,
            pickle_key=b"k" * 32,
            recovery_key_file=folder / "recovery.key",
            bot_localpart=homeserver.plan.bot_localpart,
            bind_port=homeserver.plan.service_port,
            media_limit=1_000_000,
        )
        self.service = self._make()

    def _make(self) -> MatrixService:
        callbacks = Callbacks(self._membership, self._unread)
        return MatrixService(self.settings, self.journal, utc_now, self._sink, callbacks)

    def another(self) -> MatrixService:
        """A second process for the same bot."""
        return self._make()

    def elsewhere(self, url: str) -> MatrixService:
        """The same service, told that its homeserver is there."""
        settings = dataclasses.replace(self.settings, homeserver=url)
        return MatrixService(settings, self.journal, utc_now, self._sink)

    async def start(self, **changes: Any) -> None:
        self.settings = dataclasses.replace(self.settings, **changes)
        self.service = self._make()
        await self.service.start()
        await self.until(lambda: self.service.ready.is_set() or self.service.failed)

    async def stop(self) -> None:
        await self.service.stop()

    async def restart(self, **changes: Any) -> None:
        await self.stop()
        await self.start(**changes)

    async def close(self) -> None:
        for person in self.people:
            await person.close()
        await self.stop()

    async def person(self, word: str = "marie") -> Element:
        """A new account with its Element, cross-signed and listening."""
        name = f"{word}{next(_numbers)}"
        account = await self.homeserver.register_user(name, "motdepasse")
        person = Element(self.homeserver.url, account, self.folder / name)
        self.people.append(person)
        await person.start()
        return person

    async def room(self, *people: Element, kind: Kind = Kind.ECHANGES) -> RoomId:
        """A new room of ours with those people in it."""
        room = await self.service.homeserver.create(desired(kind))
        for person in people:
            await self.admit(room, person)
        return room

    async def invite(self, room: RoomId, mxid: str) -> None:
        proof = self.signer.proof(room, mxid)
        await self.service.homeserver.invite(room, UserId(mxid), proof)

    async def admit(self, room: RoomId, person: Element) -> None:
        await self.invite(room, person.mxid)
        await person.join(room)

    async def post(self, room: str, text: str, **fields: Any) -> Accepted:
        """Sends as the delivery does, until it is accepted."""
        key = fields.pop("key", f"test/{next(_numbers)}")
        message = Outgoing(key=key, target=room, text=text, **fields)
        outcome = await self.service.channel.send(message)
        assert isinstance(outcome, Accepted), outcome
        return outcome

    async def until_posted(self, room: str, text: str, *, key: str = "") -> Accepted:
        """Sends again while it is told to come back later, as the delivery does."""
        message = Outgoing(key or f"test/{next(_numbers)}", room, text)
        deadline = asyncio.get_running_loop().time() + 60
        while True:
            outcome = await self.service.channel.send(message)
            if isinstance(outcome, Accepted):
                return outcome
            assert isinstance(outcome, Throttled), outcome
            assert asyncio.get_running_loop().time() < deadline, outcome
            await asyncio.sleep(0.1)

    async def edit(self, room: str, event: str, text: str) -> Accepted:
        return await self.post(room, text, action=Action.EDIT, acts_on=event)

    async def hears(self, text: str) -> Message:
        """Waits until a message with that text has come to the sink."""

        def found() -> Message | None:
            messages = [m for m in self.received if isinstance(m, Message) and text in m.text]
            return messages[0] if messages else None

        message: Message = await self.until(found)
        return message

    async def until(self, found: Callable[[], Any], seconds: float = 30) -> Any:
        """Looks again and again until there is something; fails after `seconds`."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not (result := found()):
            assert asyncio.get_running_loop().time() < deadline, f"received: {self.received}"
            await asyncio.sleep(0.02)
        return result

    async def _sink(self, inbound: Inbound) -> None:
        if self.sink_failures:
            self.sink_failures -= 1
            raise TemporaryFailure
        self.received.append(inbound)

    async def _membership(self, room: str, user: str, membership: str) -> None:
        self.memberships.append((room, user, membership))

    async def _unread(self, room: str, sender: str, event: str, reason: Unreadable) -> None:
        self.unreadable.append((room, sender, event, reason))


def desired(kind: Kind = Kind.ECHANGES, alias: str = "") -> DesiredRoom:
    """A room as the templates would ask for it."""
    number = next(_numbers)
    return DesiredRoom(
        key=RoomKey(kind, Zone(Level.COMMUNE, f"{35000 + number}"), "test"),
        alias=alias or f"maillage_test_{number}",
        name=f"Salle {number}",
        topic="Ne remplace ni le 17 ni le 112.",
        welcome="Bienvenue.",
        power_levels={
            "users": {},
            "users_default": 0,
            "events_default": 100 if kind is Kind.ALERTES else 0,
            "state_default": 100,
            "invite": 100,
            "kick": 100,
            "ban": 100,
            "redact": 100,
        },
        encrypted=kind is not Kind.SPACE,
        parent=None,
        people={},
    )
