"""What the bridge costs over signal-cli itself, measured in turn on the rig; and a long queue.

Run: PYTHONPATH=tests:. python -m support.signal_rig.bench [--quick]
"""

import argparse
import asyncio
import json
import platform
import resource
import statistics
import sys
import tempfile
from pathlib import Path

from bridges.protocol import Inbound, Message, Outgoing
from bridges.signal.bridge import SignalBridge
from bridges.signal.settings import SignalSettings
from support.signal_rig.phone import Phone
from support.signal_rig.rig import SERVICE, Rig


async def main(quick: bool) -> None:
    """Prints one JSON object per measure, as `maillage bench` does."""
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder))
        await rig.start()
        try:
            phone = await rig.phone("Paul")
            await rig.introduce(phone)
            await _sends(rig, phone, 20 if quick else 100)
            await _queue(rig, 200 if quick else 2000)
        finally:
            await rig.stop()


async def _sends(rig: Rig, phone: Phone, count: int) -> None:
    """From the call to the phone that shows it, to one person; ours and bare, turn by turn."""
    bridge = await _bridge(rig, _Counting())
    clock = asyncio.get_running_loop().time
    ours: list[float] = []
    floor: list[float] = []
    for number in range(count):
        for times, name in ((ours, "pont"), (floor, "nu")):
            text, start = f"{name} {number}", clock()
            if times is ours:
                await bridge.send(Outgoing(text, phone.aci, text))
            else:
                await rig.ask("send", recipient=[phone.aci], message=text)
            await phone.sees(lambda note, text=text: note.text == text)
            times.append(clock() - start)
    await bridge.stop()
    middle = statistics.median
    _say("signal-send", middle(ours) * 1000, middle(floor) * 1000, count, "ms, median")


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


async def _queue(rig: Rig, count: int) -> None:
    """So many messages wait at Signal while nobody listens; the bridge then takes them all."""
    await rig.say("person", name="Foule")
    for number in range(count):
        await rig.say("say", **{"from": "Foule", "to": SERVICE, "text": f"message {number}"})
    sink = _Counting(count)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    clock = asyncio.get_running_loop().time
    start = clock()
    bridge = await _bridge(rig, sink)
    await sink.done.wait()
    seconds = clock() - start
    await bridge.stop()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    _say("signal-queue", count / seconds, None, count, "messages a second")
    _say("signal-queue-memory", grown / 1024, None, count, "MiB more at the peak")


async def _bridge(rig: Rig, sink: _Counting) -> SignalBridge:
    where = {"port": rig.bridge.port, "check_url": rig.bridge.check_url}
    bridge = SignalBridge(SignalSettings(account=SERVICE, **where))  # type: ignore[arg-type] # a port and an address
    await bridge.start(sink)
    return bridge


def _say(name: str, ours: float, floor: float | None, n: int, unit: str) -> None:
    figure = {
        "name": name,
        "ours": round(ours, 1),
        "floor": None if floor is None else round(floor, 1),
        "ratio": None if floor is None else round(ours / floor, 2),
        "n": n,
        "unit": unit,
        "machine": platform.processor() or platform.machine(),
    }
    sys.stdout.write(json.dumps(figure, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    words = argparse.ArgumentParser()
    words.add_argument("--quick", action="store_true")
    asyncio.run(main(words.parse_args().quick))
