"""The whole rig: Signal, the service's signal-cli, and people's phones, which are one too."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from appservice.demo.child import Child, start_child, wait_until
from appservice.demo.ports import any_free_port
from support.json_rpc import Refused, Wire
from support.nodejs import node
from support.signal_rig.daemon import Daemon
from support.signal_rig.install import HERE, PACKAGES, install
from support.signal_rig.phone import Phone, Phones

T = TypeVar("T")

SERVICE = "+33639980000"
_START = 60  # seconds
_TRIES = 5
_HANDS = 6  # accounts made at once: one waits for a round trip while another computes


class Rig:
    """Start it once for many tests: two Java machines and a server are dear."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._port, self._control = any_free_port(), any_free_port()
        properties = folder / "signal" / "signal.properties"
        self.bridge = Daemon(folder / "bridge", properties, "--verbose")
        self.phones = Phones(Daemon(folder / "phones", properties), self.say)
        self._server: Child | None = None
        self._http: aiohttp.ClientSession
        self._numbers = iter(range(9000))
        self._friends: dict[str, Phone] = {}
        self.aci = ""  # of the service's account

    async def start(self) -> None:
        await install()
        self._http = aiohttp.ClientSession()
        signal = self.folder / "signal"
        signal.mkdir(parents=True)
        self._server = await start_child(
            (
                *(node(), str(HERE / "server" / "main.js"), "--dir", str(signal)),
                *("--port", str(self._port), "--control", str(self._control)),
            ),
            signal / "out.log",
            environment={**os.environ, "NODE_PATH": str(PACKAGES)},
        )
        await wait_until(self._answers, "Le serveur de Signal", _START)
        await asyncio.gather(self.bridge.start(), self.phones.daemon.start())
        await self.register(self.bridge, SERVICE)
        self.aci = (await self.say("discover", numbers=[SERVICE])).split()[1]
        self.phones.listen()

    async def stop(self) -> None:
        await self.phones.daemon.stop()
        await self.bridge.stop()
        if self._server is not None:
            await self._server.stop()
        await self._http.close()

    async def say(self, verb: str, **given: object) -> Any:
        """Asks the rig's server: see server/verbs.js."""
        url = f"http://127.0.0.1:{self._control}/{verb}"
        async with self._http.post(url, json=given) as answer:
            said = await answer.json()
            assert answer.status == 200, said
            return said

    async def register(self, daemon: Daemon, number: str) -> None:
        """A new account, or a new phone for an old one."""
        await daemon.wire.call("register", account=number)
        code = (await self.say("code", number=number))["code"]
        await daemon.wire.call("verify", account=number, verificationCode=code)

    async def ask(self, method: str, **params: object) -> Any:
        """A call of the service's account, beside the bridge."""
        return await self.bridge.wire.call(method, account=SERVICE, **params)

    async def dissolve_groups(self) -> None:
        """So that the next test finds none."""
        for group in await self.ask("listGroups"):
            seats = ("members", "pendingMembers", "requestingMembers")
            people = {one["uuid"] for seat in seats for one in group[seat]} - {self.aci}
            known = {"account": SERVICE, "groupId": group["id"]}
            if people and group["isMember"]:
                # 0.13.19 removes the people, then fails to tell them.
                await self.bridge.wire.answer("updateGroup", **known, removeMember=sorted(people))
            await self.bridge.wire.answer("quitGroup", **known, delete=True)

    async def friend(self, name: str) -> Phone:
        """Somebody whom every test may meet again; an account takes a second to make."""
        if name not in self._friends:
            self._friends[name] = await self.phone(name)
        return self._friends[name]

    async def phones_of(self, names: Mapping[str, str]) -> dict[str, Phone]:
        """By their number, people who have just installed Signal."""
        made = await together(partial(self.phone, name, number) for number, name in names.items())
        return {phone.number: phone for phone in made}

    async def phone(self, name: str, number: str = "") -> Phone:
        """Somebody who has just installed Signal."""
        number = number or f"+3363998{1000 + next(self._numbers)}"
        await self.register(self.phones.daemon, number)
        return await self.phones.add(number, name)

    async def replace(self, phone: Phone) -> None:
        """The same person with a new telephone: one that has none of the old one's files."""
        await self.register(self.bridge, phone.number)
        self.bridge.wire.heard = self.phones.hear
        phone.moves_to(self.bridge)
        await phone.turns_on()
        self._friends = {name: one for name, one in self._friends.items() if one is not phone}

    async def introduce(self, *phones: Phone) -> None:
        """They write to the service and read its answer; it may add to a group only those."""
        wire = await Wire.open(self.bridge.port)
        await wire.call("subscribeReceive", account=SERVICE)
        await together(partial(self._introduce, wire, phone) for phone in phones)
        await wire.close()

    async def _introduce(self, wire: Wire, phone: Phone) -> None:
        await insisting(lambda: phone.says("Bonjour", SERVICE))
        await wire.event(lambda event: _wrote(event, phone.aci))
        hello = {"recipient": [phone.aci], "message": "Bonjour à vous"}
        await insisting(lambda: self.ask("send", **hello))
        await phone.sees(lambda note: note.text == "Bonjour à vous")

    async def _answers(self) -> bool:
        try:
            await self.say("")
        except aiohttp.ClientError:
            return False
        return True


async def insisting(send: Callable[[], Awaitable[object]]) -> None:
    """On a busy machine signal-cli gives up before Signal answers; a greeting may come twice."""
    for _ in range(_TRIES):
        try:
            await send()
        except Refused as refused:
            if "NETWORK_FAILURE" not in str(refused):
                raise
        else:
            return
    raise ConnectionError("Signal's mock server answers nobody")


async def together(tasks: Iterable[Callable[[], Awaitable[T]]]) -> list[T]:
    """What each gives, a few at once: however many they are, none waits long."""
    gate = asyncio.Semaphore(_HANDS)

    async def one(task: Callable[[], Awaitable[T]]) -> T:
        async with gate:
            return await task()

    return await asyncio.gather(*map(one, tasks))


def _wrote(event: Any, aci: str) -> bool:
    envelope = event["result"]["envelope"]
    return bool(envelope.get("dataMessage")) and envelope["sourceUuid"] == aci
