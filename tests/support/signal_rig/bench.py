"""What the service costs over signal-cli itself, measured in turn on the rig; and a long queue.

`maillage bench signal` runs it, from a checkout, and reads what it prints: a JSON object a row.
"""

import argparse
import asyncio
import json
import resource
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from appservice.demo.people import MANTES, MANTES_LA_JOLIE, Person
from appservice.demo.ports import any_free_port
from appservice.demo.stage import SERVICES
from appservice.domain.room import Kind
from bridges.protocol import Inbound, Message, Outgoing
from bridges.signal.bridge import SignalBridge
from bridges.signal.settings import SignalSettings
from support.json_rpc import Wire
from support.signal_rig.phone import Phone
from support.signal_rig.rig import SERVICE, Rig
from support.signal_rig.town import RigStage, open_rig_town
from support.town import Town, close_town, copy_world

OFFICER = Person(
    "perrin", "chef_de_quart", "Major Perrin", MANTES, ("matrix",),
    zone=f"commune:{MANTES_LA_JOLIE}",
)  # fmt: skip
# Whoever is in a group is in the wider ones too.
SIZES = (("bijoutiers", 10), ("boulangers", 40), ("buralistes", 150))
LONG = 900  # seconds: a hundred and fifty phones in one program, at first, have much to read
SMALL = (("bijoutiers", 2), ("boulangers", 3))


async def main(quick: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder) / "rig")
        rig.folder.mkdir()
        await rig.start()
        try:
            phone = await rig.phone("Paul")
            await rig.introduce(phone)
            await sends(rig, phone, 5 if quick else 100)
            await _queue(rig, 50 if quick else 2000)
            await _groups(rig, Path(folder), SMALL if quick else SIZES, 1 if quick else 5)
        finally:
            await rig.stop()


async def sends(rig: Rig, phone: Phone, times: int) -> None:
    """From the call to the phone that shows it, to one person; ours and bare, turn by turn."""
    bridge = await _bridge(rig, _Counting())
    clock = asyncio.get_running_loop().time
    ours: list[float] = []
    floor: list[float] = []
    for number in range(times):
        sides = ((ours, "pont"), (floor, "nu"))
        # A B B A: whoever comes second finds receipts of the first on its way.
        for found, name in sides if number % 2 else reversed(sides):
            text, start = f"{name} {number}", clock()
            if found is ours:
                await bridge.send(Outgoing(text, phone.aci, text))
            else:
                await rig.ask("send", recipient=[phone.aci], message=text)
            await phone.sees(lambda note, text=text: note.text == text)
            found.append(clock() - start)
    await bridge.stop()
    _say("pont → 1 téléphone", ours, floor)


class _Counting:
    """A sink that keeps nothing."""

    def __init__(self, wanted: int = 0) -> None:
        self.count = 0
        self._wanted = wanted
        self.done = asyncio.Event()

    async def __call__(self, thing: Inbound) -> None:
        self.count += isinstance(thing, Message)
        if self._wanted and self.count >= self._wanted:
            self.done.set()


async def _queue(rig: Rig, size: int) -> None:
    """So many messages wait at Signal while nobody listens: taken by us, then by nobody but it."""
    rates = []
    await rig.say("person", name="Foule")
    grown = 0.0
    for ours in (True, False):
        for number in range(size):
            await rig.say("say", **{"from": "Foule", "to": SERVICE, "text": f"message {number}"})
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = asyncio.get_running_loop().time()
        await (_drained(rig, size) if ours else _drained_bare(rig, size))
        rates.append(size / (asyncio.get_running_loop().time() - start))
        if ours:
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    parts = {"MiB de plus au pic": round(grown, 1)}
    name = f"file de {size} messages"
    _print(name, rates[0], rates[1], 1, "messages/s", parts)


async def _drained(rig: Rig, size: int) -> None:
    sink = _Counting(size)
    bridge = await _bridge(rig, sink)
    await sink.done.wait()
    await bridge.stop()


async def _drained_bare(rig: Rig, size: int) -> None:
    wire, done, seen = await Wire.open(rig.bridge.port), asyncio.Event(), count(1)

    def heard(event: object) -> None:
        wire.events.clear()
        if "message " in str(event) and next(seen) >= size:
            done.set()

    wire.heard = heard
    await wire.call("subscribeReceive", account=SERVICE)
    await done.wait()
    await wire.close()


@dataclass(slots=True)
class Crowd:
    """A trade of the town: its room on Element, its group on Signal, and who holds a phone."""

    town: Town
    trade: str
    phones: Sequence[Phone]
    numbers: "count[int]"

    @property
    def room(self) -> str:
        return self.town.cast.scenery.room(Kind.ECHANGES, MANTES, self.trade)

    @property
    def group(self) -> str:
        return self.town.group(Kind.ECHANGES, MANTES, self.trade)

    def text(self) -> str:
        """Words that circulate, unlike any before."""
        n = next(self.numbers)
        return f"Bonjour, réunion avec les agents en mairie demain à {8 + n // 60} h {n % 60:02d}"

    async def out(self, rig: Rig | None) -> float:
        """Seconds from an officer's Element, or from a bare call, to the last phone."""
        clock, text = asyncio.get_running_loop().time, self.text()
        start = clock()
        seen = [
            asyncio.create_task(phone.sees(lambda note: text in note.text, LONG))
            for phone in self.phones
        ]
        if rig is None:
            await self.town.cast.elements[OFFICER.key].say(self.room, text)
        else:
            await rig.ask("send", groupId=self.group, message=text)
        await asyncio.gather(*seen)
        return clock() - start

    async def back(self, wire: Wire) -> tuple[float, float]:
        """Seconds from a phone to an officer's Element, and to signal-cli's bare event."""
        clock, text = asyncio.get_running_loop().time, self.text()
        start = clock()

        async def on_element() -> float:
            await self.town.cast.elements[OFFICER.key].reads(text, 60)
            return clock() - start

        async def on_wire() -> float:
            await wire.event(lambda event: text in str(event))
            return clock() - start

        shown = asyncio.gather(on_element(), on_wire())
        await self.phones[0].says(text, self.group, group=True)
        ours, bare = await shown
        return ours, bare


async def _groups(rig: Rig, folder: Path, sizes: Sequence[tuple[str, int]], times: int) -> None:
    """The whole service, Synapse and database: an officer's Element on one side, phones there."""
    people = {OFFICER.key: OFFICER}
    for number in range(sizes[-1][1]):
        trades = tuple(trade for trade, size in sizes if number < size)
        people[f"boutique{number}"] = Person(
            f"boutique{number}", "merchant", f"Camille Martin{number}", MANTES, ("signal",),
            shop=f"Boutique {number}", trades=trades, commune=MANTES_LA_JOLIE,
            number=f"+33639985{number:03d}",
        )  # fmt: skip
    ports = {name: any_free_port() for name in SERVICES}
    stage = RigStage(folder / "state", ports, copy_world(folder), rig=rig)
    town = await open_rig_town(stage, people)
    wire, numbers = await Wire.open(rig.bridge.port), count()
    await wire.call("subscribeReceive", account=SERVICE)
    try:
        for trade, size in sizes:
            phones = [
                stage.phones[person.number] for person in people.values() if trade in person.trades
            ]
            crowd = Crowd(town, trade, phones, numbers)
            # Keys are shared, sessions made, and what the phones still read of groups is read.
            await crowd.out(None)
            pairs = [(await crowd.out(None), await crowd.out(rig)) for _ in range(times)]
            _say(f"Element → {size} téléphones", *zip(*pairs, strict=True))
            pairs = [await crowd.back(wire) for _ in range(times)]
            _say(f"téléphone → Element, groupe de {size}", *zip(*pairs, strict=True))
    finally:
        await wire.close()
        await close_town(town)


async def _bridge(rig: Rig, sink: _Counting) -> SignalBridge:
    settings = SignalSettings(SERVICE, port=rig.bridge.port, check_url=rig.bridge.check_url)
    bridge = SignalBridge(settings)
    await bridge.start(sink)
    return bridge


def _say(size: str, ours: Sequence[float], floor: Sequence[float]) -> None:
    middle = statistics.median
    _print(size, middle(ours) * 1000, middle(floor) * 1000, len(ours), "ms", {})


def _print(
    size: str, ours: float, floor: float, n: int, unit: str, parts: dict[str, float]
) -> None:
    row = {"size": size, "ours": ours, "floor": floor, "n": n, "unit": unit, "parts": parts}
    sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    words = argparse.ArgumentParser()
    words.add_argument("--quick", action="store_true")
    asyncio.run(main(words.parse_args().quick))
