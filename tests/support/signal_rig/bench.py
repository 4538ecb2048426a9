"""What the service costs over signal-cli itself, measured in turn on the rig; and long queues.

`maillage bench signal` runs it, from a checkout, and reads what it prints: a JSON object a row.
"""

import argparse
import asyncio
import json
import resource
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import TypeVar

from appservice.demo.people import MANTES, MANTES_LA_JOLIE, Person
from appservice.demo.ports import any_free_port
from appservice.demo.stage import SERVICES
from bridges.protocol import Inbound, Message, Outgoing
from bridges.signal.bridge import SignalBridge
from bridges.signal.settings import SignalSettings
from support.json_rpc import Wire
from support.signal_rig.crowd import MOMENT, OFFICER, Crowd, stopped
from support.signal_rig.phone import Phone
from support.signal_rig.rig import SERVICE, Rig
from support.signal_rig.town import RigStage, open_rig_town
from support.town import Town, close_town, copy_world

T, R = TypeVar("T"), TypeVar("R")

# Whoever is in a group is in the wider ones too.
SIZES = (("bijoutiers", 10), ("boulangers", 40), ("buralistes", 150))
SMALL = (("bijoutiers", 2), ("boulangers", 3))
PEAK = "Mio de plus au pic"
WRITER = "Foule"
DONE = "SELECT count(*) FROM journal WHERE source = 'signal' AND done_at IS NOT NULL"


async def main(quick: bool) -> None:
    size = 50 if quick else 2000
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder) / "rig")
        rig.folder.mkdir()
        await rig.start()
        try:
            phone = await rig.phone("Paul")
            await rig.introduce(phone)
            await sends(rig, phone, 5 if quick else 100)
            await rates(rig, phone, 10 if quick else 100)
            await rig.say("person", name=WRITER)
            bare = await queue(rig, size)
            sizes = SMALL if quick else SIZES
            async with peopled(rig, Path(folder), sizes) as town:
                await groups(town, sizes, 2 if quick else 7)
                await backlog(town, size, bare)
        finally:
            await rig.stop()


async def sends(rig: Rig, phone: Phone, times: int) -> None:
    """From the call to the phone that shows it, to one person; ours and bare, turn by turn."""

    async def once(text: str, send: Callable[[str], Awaitable[object]]) -> float:
        start = _now()
        await send(text)
        await phone.sees(lambda note: note.text == text)
        return _now() - start

    async with _bridge(rig) as bridge:
        ours, bare = _ours(bridge, phone), _bare(rig, phone)
        pairs = [
            await _in_turn(
                number, partial(once, f"pont {number}", ours), partial(once, f"nu {number}", bare)
            )
            for number in range(times)
        ]
    _say("pont → 1 téléphone", pairs)


async def rates(rig: Rig, phone: Phone, size: int) -> None:
    """So many to one person, each as soon as the one before is accepted: order is the rule."""

    async def all_of(send: Callable[[str], Awaitable[object]]) -> float:
        start = _now()
        for number in range(size):
            await send(f"débit {number}")
        return size / (_now() - start)

    async with _bridge(rig) as bridge:
        ours, bare = await _in_turn(
            1, lambda: all_of(_ours(bridge, phone)), lambda: all_of(_bare(rig, phone))
        )
    _print(f"{size} messages d'affilée vers Signal", ours, bare, 1, "messages/s")


async def queue(rig: Rig, size: int) -> float:
    """So many wait at Signal while nobody listens: taken by the bridge, then by nobody but it.

    Gives the bare rate, in messages a second.
    """
    await _wait_at_signal(rig, size)
    before, start = _peak(), _now()
    async with _bridge(rig, sink := _Counting(size)):
        await sink.done.wait()
        ours, grown = size / (_now() - start), _peak() - before
    await _wait_at_signal(rig, size)
    start = _now()
    await _drained_bare(rig, size)
    bare = size / (_now() - start)
    _print(f"file de {size} messages, le pont", ours, bare, 1, "messages/s", {PEAK: grown})
    return bare


async def backlog(town: Town, size: int, bare: float) -> None:
    """The same with the whole service: journal, judge of who writes, answer, all in its memory."""
    assert isinstance(town.stage, RigStage)
    assert town.stage.rig is not None
    before = (await town.stage.query(DONE))[0]["count"]
    with stopped(town) as service:
        held = _resident(service)
        await _wait_at_signal(town.stage.rig, size)
    start, most, handled = _now(), held, 0
    while handled < size:
        await asyncio.sleep(0.1)
        most = max(most, _resident(service))
        handled = (await town.stage.query(DONE))[0]["count"] - before
    ours, name = size / (_now() - start), f"file de {size} messages, le service entier"
    _print(name, ours, bare, 1, "messages/s", {PEAK: most - held})


@asynccontextmanager
async def peopled(rig: Rig, folder: Path, sizes: Sequence[tuple[str, int]]) -> AsyncIterator[Town]:
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
    try:
        yield town
    finally:
        await close_town(town)


async def groups(town: Town, sizes: Sequence[tuple[str, int]], times: int) -> None:
    """Each way, at each size."""
    stage, numbers = town.stage, count()
    assert isinstance(stage, RigStage)
    assert stage.rig is not None
    wire = await Wire.open(stage.rig.bridge.port)
    await wire.call("subscribeReceive", account=SERVICE)
    for trade, size in sizes:
        members = [person for person in town.cast.people.values() if trade in person.trades]
        phones = [stage.phones[person.number] for person in members]
        crowd = Crowd(town, trade, phones, wire, numbers)
        # Keys are shared, sessions made, and what the phones still read of groups is read.
        await crowd.out()
        out = [await _in_turn(n, crowd.out, crowd.bare_out) for n in range(times)]
        async with crowd.alone():
            back = [await _in_turn(n, crowd.back, crowd.bare_back) for n in range(times)]
        name = f"Element → {size} téléphones"
        _say(f"{name}, contre « send » nu", [(ours, send) for ours, (send, _) in out])
        _say(f"{name}, contre le PUT et « send » nus", [(ours, both) for ours, (_, both) in out])
        name = f"téléphone → Element, groupe de {size}"
        _say(f"{name}, contre l'événement nu", [pair for pair, _ in back])
        _say(f"{name}, contre l'événement et le PUT nus", [(one[0], two) for one, two in back])
    await wire.close()


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


async def _wait_at_signal(rig: Rig, size: int) -> None:
    for number in range(size):
        await rig.say("say", **{"from": WRITER, "to": SERVICE, "text": f"message {number}"})


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


@asynccontextmanager
async def _bridge(rig: Rig, sink: _Counting | None = None) -> AsyncIterator[SignalBridge]:
    settings = SignalSettings(SERVICE, port=rig.bridge.port, check_url=rig.bridge.check_url)
    bridge = SignalBridge(settings)
    await bridge.start(sink or _Counting())
    yield bridge
    # Receipts are on their way: signal-cli loses what it decrypts as its client goes away.
    await asyncio.sleep(MOMENT)
    await bridge.stop()


def _ours(bridge: SignalBridge, phone: Phone) -> Callable[[str], Awaitable[object]]:
    return lambda text: bridge.send(Outgoing(text, phone.aci, text))


def _bare(rig: Rig, phone: Phone) -> Callable[[str], Awaitable[object]]:
    return lambda text: rig.ask("send", recipient=[phone.aci], message=text)


async def _in_turn(
    number: int, ours: Callable[[], Awaitable[T]], floor: Callable[[], Awaitable[R]]
) -> tuple[T, R]:
    """A B B A: who does not rest afterwards leaves receipts on the way of who comes second."""
    if number % 2:
        mine = await ours()
        return mine, await floor()
    bare = await floor()
    return await ours(), bare


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _resident(process: int) -> float:
    """MiB that it holds now."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return next(int(s.split()[1]) for s in status.splitlines() if s.startswith("VmRSS")) / 1024


def _now() -> float:
    return asyncio.get_running_loop().time()


def _say(size: str, pairs: Sequence[tuple[float, float]]) -> None:
    ours, floor = (statistics.median(side) * 1000 for side in zip(*pairs, strict=True))
    _print(size, ours, floor, len(pairs), "ms")


def _print(
    size: str,
    ours: float,
    floor: float,
    n: int,
    unit: str,
    parts: dict[str, float] | None = None,
) -> None:
    row = {"size": size, "ours": ours, "floor": floor, "n": n, "unit": unit}
    sys.stdout.write(json.dumps({**row, "parts": parts or {}}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    words = argparse.ArgumentParser()
    words.add_argument("--quick", action="store_true")
    asyncio.run(main(words.parse_args().quick))
