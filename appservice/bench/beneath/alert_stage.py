"""Where `alert` plays: one poste, a small room and a large one, an officer and two readers."""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from appservice.app import clock
from appservice.bench.beneath.crowd import DEVICES_EACH, Crowd, each
from appservice.bench.lab import Lab
from appservice.bench.merchants import BRETAGNE, enrol, merchants
from appservice.demo.element import Element, Seen
from appservice.demo.homeserver import Homeserver
from appservice.domain.ids import RoomId, TradeId, UserId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.membership import desired
from appservice.domain.room import DesiredRoom, Kind, KnownRoom
from appservice.domain.territory import Level, Zone
from appservice.domain.world import World
from appservice.files.world import load_world, shipped_paths
from appservice.matrix.api import Api
from appservice.matrix.rooms import Rooms, no_voice
from appservice.matrix.settings import MatrixSettings
from appservice.store.postgres import PgStore


@dataclass(slots=True)
class Line:
    """What the service said, and when."""

    lines: list[dict[str, Any]] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def follow(self, reader: asyncio.StreamReader) -> None:
        while raw := await reader.readline():
            async with self.news:
                self.lines.append(json.loads(raw))
                self.news.notify_all()

    async def when(self, what: str, text: str = "", after: float = 0) -> float:
        """The moment of the first such line after that one."""

        def found() -> float | None:
            for line in self.lines:
                if line["what"] == what and text in line.get("text", "") and line["at"] > after:
                    return float(line["at"])
            return None

        async with self.news:
            while (at := found()) is None:
                await self.news.wait()
        return at


@dataclass(frozen=True, slots=True)
class Reader:
    """A merchant with a telephone in hand, in one room."""

    element: Element
    room: RoomId
    shown: dict[str, float]  # text → when it could be read

    async def reads(self, text: str, seconds: float = 300) -> float:
        # The first one waits until the service has read of all who came in before it started.
        await self.element.reads(text, seconds)
        return next(at for seen, at in self.shown.items() if text in seen)


@dataclass(slots=True)
class Stage:
    """Everything is made by `open`; the lab takes it down."""

    lab: Lab
    homeserver: Homeserver
    settings: MatrixSettings
    bot: Api
    store: PgStore
    world: World
    line: Line = field(default_factory=Line)

    @classmethod
    async def open(cls, lab: Lab) -> "Stage":
        postgres = await lab.postgres("maillage", "synapse")
        homeserver = await lab.homeserver(postgres)
        settings = lab.matrix_settings(homeserver, postgres.dsn("maillage"))
        store = await lab.store(settings.database)
        bot = await lab.bot(homeserver, settings)
        return cls(lab, homeserver, settings, bot, store, load_world(shipped_paths()))

    async def room(self, kind: Kind, trade: TradeId | None = None) -> RoomId:
        """One of the département, as `apply` makes it."""
        wanted = desired(self.world, (), {}, clock()).rooms.values()
        room: DesiredRoom = next(
            room
            for room in wanted
            if (room.key.territory, room.key.kind, room.key.trade) == (BRETAGNE, kind, trade)
        )
        made = await self._rooms().create(replace(room, parent=None))
        async with self.store.transaction() as tx:
            await tx.rooms.remember(KnownRoom(room.key, made))
        return made

    async def crowd(self, room: RoomId, trade: TradeId, devices: int) -> None:
        """Enrolled, in the room, each with two devices that only receive."""
        people = merchants(
            self.world, devices // DEVICES_EACH, Channel.MATRIX, trade, word=f"{trade}"
        )
        await enrol(self.store, self.world, people)
        crowd = Crowd(self.bot, [str(person.mxid) for person in people])
        await crowd.appear()
        await each(crowd.people, lambda user: self._invite(room, UserId(user)))
        await crowd.join(room)

    async def reader(self, name: str, room: RoomId, trade: TradeId) -> Reader:
        """One more merchant of that trade."""
        member = merchants(self.world, 1, Channel.MATRIX, trade, word=name)[0]
        shown: dict[str, float] = {}

        def changed(seen: Seen) -> None:
            if seen.readable:
                shown.setdefault(seen.text, time.monotonic())

        return Reader(await self._enter(name, member, room, changed), room, shown)

    async def officer(self, poste: RoomId) -> Element:
        model = merchants(self.world, 1, Channel.MATRIX, word="agent")[0]
        zones = (Zone(Level.DEPARTMENT, "35"),)
        member = replace(model, role=Role.CHEF_DE_QUART, trades=(), shop="", zones=zones)
        return await self._enter("agent", member, poste, None)

    async def serve(self) -> None:
        """Starts the service and waits until its keys are in place."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "appservice.bench.beneath.alert_service"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        if process.stdin is None or process.stdout is None:
            raise ConnectionError
        self.lab.stack.push_async_callback(process.wait)
        self.lab.stack.callback(process.stdin.close)
        settings = self.settings
        given = {
            "keys": str(self.lab.folder / "keys"),
            "database": settings.database,
            "homeserver": settings.homeserver,
            "server_name": settings.server_name,
            "as_token": settings.as_token,
            "hs_token": settings.hs_token,
            "recovery": str(settings.recovery_key_file),
            "port": str(settings.bind_port),
        }
        process.stdin.write(json.dumps(given).encode() + b"\n")
        following = asyncio.create_task(self.line.follow(process.stdout))
        self.lab.stack.callback(following.cancel)
        async with asyncio.timeout(60):
            await self.line.when("ready")

    async def _enter(
        self,
        name: str,
        member: Member,
        room: RoomId,
        changed: Callable[[Seen], None] | None,
    ) -> Element:
        account = await self.homeserver.register_user(name, "motdepasse")
        await enrol(self.store, self.world, [replace(member, mxid=UserId(account.mxid))])
        element = Element(self.homeserver.url, account, self.lab.folder / name, changed)
        await element.start()
        self.lab.stack.push_async_callback(element.close)
        await self._invite(room, UserId(account.mxid))
        await element.join(room)
        return element

    async def _invite(self, room: RoomId, user: UserId) -> None:
        until = int(clock().timestamp()) + 24 * 3600
        charter = next(iter(self.world.charters.values()))
        proof = self.lab.keys.proof(room, user, charter.version, until)
        await self._rooms().invite(room, user, proof)

    def _rooms(self) -> Rooms:
        return Rooms(self.bot, self.homeserver.server_name, no_voice)
