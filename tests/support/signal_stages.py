"""The stand-in and the real signal-cli under the same verbs, for comparing what they say."""

import base64
from typing import Any, Protocol

from appservice.demo.standins.signal_cli import SignalCliStandIn
from bridges.protocol import Attachment
from support.bridge_worlds import SERVICE, ticking
from support.json_rpc import Wire
from support.signal_rig.rig import Rig

LIMITS = {"challenge": 428, "too fast": 429}


class SignalStage(Protocol):
    """Paul and Kim have Signal; `wire` speaks to the service's signal-cli."""

    wire: Wire
    paul: str
    kim: str

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def limit(self, status: int) -> None: ...
    async def say(
        self, text: str, *, group: str | None = None, photo: Attachment | None = None,
        quote: int | None = None,
    ) -> int: ...  # fmt: skip
    async def change(self, what: str, at: int) -> None: ...
    async def ask_to_join(self, link: str) -> None: ...


class StandInStage:
    """What the demonstration shows."""

    async def start(self) -> None:
        self.standin = SignalCliStandIn(SERVICE, ticking())
        await self.standin.start()
        self.wire = await Wire.open(self.standin.port)
        self.paul = self.standin.world.person("+33639981001", "Paul")
        self.kim = self.standin.world.person("+33639981003", "Kim")

    async def stop(self) -> None:
        await self.wire.close()
        await self.standin.stop()

    async def limit(self, status: int) -> None:
        self.standin.faults.rate_limit = status

    async def say(
        self, text: str, *, group: str | None = None, photo: Attachment | None = None,
        quote: int | None = None,
    ) -> int:  # fmt: skip
        replies_to = (self.paul, quote) if quote else None
        return self.standin.world.say(
            self.paul, text, group=group, attachment=photo, replies_to=replies_to
        )

    async def change(self, what: str, at: int) -> None:
        world = self.standin.world
        match what:
            case "reaction":
                world.react(self.paul, "👍", self.paul, at)
            case "edit":
                world.edit(self.paul, at, "Vol constaté")
            case _:
                world.take_back(self.paul, at)

    async def ask_to_join(self, link: str) -> None:
        self.standin.world.ask_to_join(self.kim, link)


class RealStage:
    """The rig; its people have met the service, as they do by their first message."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig

    async def start(self) -> None:
        self._paul, self._kim = await self._rig.friend("Paul"), await self._rig.friend("Kim")
        self.paul, self.kim = self._paul.aci, self._kim.aci
        self.wire = await Wire.open(self._rig.bridge.port)
        await self.wire.call("subscribeReceive", account=SERVICE)
        for friend in (self._paul, self._kim):
            await friend.says("bonjour", SERVICE)
            await self.wire.event(lambda event, aci=friend.aci: said(event, "bonjour", aci))
        self.wire.events.clear()

    async def stop(self) -> None:
        await self.limit(0)
        await self.wire.close()
        await self._rig.dissolve_groups()

    async def limit(self, status: int) -> None:
        await self._rig.say("fault", limit=status)

    async def say(
        self, text: str, *, group: str | None = None, photo: Attachment | None = None,
        quote: int | None = None,
    ) -> int:  # fmt: skip
        more: dict[str, Any] = {}
        if quote:
            more = {"quoteTimestamp": quote, "quoteAuthor": self._paul.number, "quoteMessage": "x"}
        to = group or SERVICE
        return await self._paul.says(text, to, group=group is not None, file=photo, **more)

    async def change(self, what: str, at: int) -> None:
        place = {"recipient": [SERVICE]}
        match what:
            case "reaction":
                target = {"targetAuthor": self._paul.number, "targetTimestamp": at}
                await self._paul.ask("sendReaction", **place, emoji="👍", **target)
            case "edit":
                await self._paul.says("Vol constaté", SERVICE, editTimestamp=at)
            case _:
                await self._paul.ask("remoteDelete", **place, targetTimestamp=at)

    async def ask_to_join(self, link: str) -> None:
        await self._kim.ask("joinGroup", uri=link)


def content(event: Any) -> dict[str, Any]:
    """The part of an event that says what happened."""
    envelope = event["result"]["envelope"]
    return {key: value for key, value in envelope.items() if key.endswith("Message")}


def said(event: Any, text: str, aci: str) -> bool:
    """Whether that person wrote that text."""
    data = content(event).get("dataMessage") or {}
    return data.get("message") == text and event["result"]["envelope"]["sourceUuid"] == aci


def photo(size: int = 108) -> Attachment:
    return Attachment("image/png", base64.b64decode("iVBORw0KGgo=") + b"0" * (size - 8), "p.png")
