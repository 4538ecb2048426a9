"""The Signal bridge on the real signal-cli, in the words of the contract suite."""

import itertools
from collections.abc import Sequence

from bridges.protocol import Bridge, Message, Receipt
from bridges.signal.bridge import SignalBridge
from bridges.signal.settings import SignalSettings
from support.bridge_worlds import eventually
from support.bridges import RecordingSink
from support.signal_rig.phone import Phone
from support.signal_rig.rig import SERVICE, Rig
from support.wall import Wall

_MARKS = itertools.count(1)


class SignalRigWorld:
    """One phone, kept from test to test; the wall between us and signal-cli is what breaks."""

    nobody = "11111111-2222-4333-8444-555555555555"
    nonsense = "not a person"

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.sink = RecordingSink()
        self.paul: Phone
        self._holder = ""  # whose phone the account is linked to

    async def start(self) -> None:
        self.paul = await self.rig.friend("Paul")
        self.target = self.sender = self.paul.aci
        self.wall = Wall(self.rig.bridge.port)
        await self.wall.open()
        self.signal = SignalBridge(
            SignalSettings(
                account=SERVICE,
                port=self.wall.port,
                check_url=self.rig.bridge.check_url,
                call_timeout=20,
                retry_first=0.05,
                retry_last=0.2,
            )
        )
        self.bridge: Bridge = self.signal
        await self.bridge.start(self.sink)
        await self._forget_the_past()

    async def stop(self) -> None:
        await self.rig.say("fault", limit=0, twice=False, down=False)
        await self.bridge.stop()
        await self.wall.close()
        await self.rig.dissolve_groups()

    async def _forget_the_past(self) -> None:
        """What an earlier test left on its way has arrived once these two have."""
        mark = f"repère {next(_MARKS)}"
        await self.paul.says(mark, SERVICE)
        await eventually(lambda: mark in [m.text for m in self.sink.of(Message)], mark)
        sent = await self.rig.ask("send", recipient=[self.paul.aci], message=mark)
        await self.paul.sees(lambda note: note.text == mark and note.author == self.rig.aci)
        stamp = str(sent["timestamp"])
        await eventually(lambda: stamp in [r.provider_id for r in self.sink.of(Receipt)], mark)
        self.sink.seen.clear()
        self.paul.notes.clear()

    async def break_down(self) -> None:
        """Both ends have seen it: what comes while signal-cli lets go of us, it loses."""
        ended = self.rig.bridge.hung_up() + self.wall.connections
        await self.wall.close()
        await eventually(lambda: not self.signal.connected, "the bridge to see it")
        await eventually(lambda: self.rig.bridge.hung_up() >= ended, "signal-cli to see it")

    async def mend(self) -> None:
        await self.wall.open()

    async def lose_next_answer(self) -> None:
        self.wall.swallow = b'"method":"send"'

    async def throttle(self, on: bool) -> None:
        await self.rig.say("fault", limit=413 if on else 0)

    async def outage(self, on: bool) -> None:
        await self.rig.say("fault", down=on)

    async def challenge(self) -> None:
        await self.rig.say("fault", limit=428)

    async def new_phone(self) -> None:
        """Signal is installed again: another key, the same account; it says hello."""
        await self.rig.replace(self.paul)

    @property
    def daemon_port(self) -> int:
        return self.rig.bridge.port

    async def scan(self, uri: str) -> None:
        if not self._holder:
            self._holder = (await self.rig.say("person", name="Mairie"))["aci"]
        await self.rig.say("link", name="Mairie", uri=uri)

    async def says_to(self, number: str, text: str) -> None:
        await self.paul.says(text, self._holder)

    async def absent(self, number: str, days: int) -> None:
        await self.rig.say("absent", number=number, days=days)

    async def unlink(self, number: str) -> None:
        await self.rig.say("unlink", number=number)

    def shown(self, target: str) -> Sequence[str]:
        group = None if target == self.paul.aci else target
        return self.paul.shown(self.rig.aci, group)

    async def says(self, text: str, group: str | None = None) -> object:
        return await self.paul.says(text, group or SERVICE, group=group is not None)

    async def edits(self, said: object, text: str) -> None:
        await self.paul.says(text, SERVICE, editTimestamp=said)

    async def takes_back(self, said: object) -> None:
        await self.paul.ask("remoteDelete", recipient=[SERVICE], targetTimestamp=said)
