"""`maillage`, in a process that dies by SIGKILL where a test says, with a clock that it moves.

Run as `python faulty_service.py ORDERS WORDS…`. ORDERS is a JSON file that may change at any
time: `{"die": POINT, "skew": SECONDS}`. The product knows nothing of it: its parts are wrapped
here, and every wrapper names the boundaries that it goes through.
"""

import functools
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from appservice import app, cli
from appservice.flows import alerts, progress, reports
from appservice.flows.arrival import tidying
from appservice.matrix.people import SynapseAccounts, SynapseIntroductions
from appservice.matrix.reading import Reader
from appservice.matrix.rooms import Rooms
from appservice.matrix.server import Door
from appservice.store.journal import PgJournal
from appservice.store.mail.outbox import PgOutbox
from appservice.store.mail.queue import PgQueue
from appservice.store.members import PgMembers
from appservice.store.postgres import PgStore
from appservice.store.rooms import PgRooms
from bridges.signal.bridge import SignalBridge

Names = Callable[..., str]
LOOK_EVERY = timedelta(seconds=1)  # at last lines; the product takes its time


class Orders:
    """What the test wants, read again whenever the file has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = 0
        self._said: dict[str, Any] = {}

    @property
    def said(self) -> dict[str, Any]:
        stamp = self._path.stat().st_mtime_ns
        if stamp != self._stamp:
            self._stamp, self._said = stamp, json.loads(self._path.read_text("utf-8"))
        return self._said

    def clock(self, real: Callable[[], datetime]) -> datetime:
        return real() + timedelta(seconds=self.said.get("skew", 0))

    def reach(self, point: str) -> None:
        """Dies here if this is where the test wants it, at once and without a word."""
        if self.said.get("die") == point:
            self._path.with_name("died").write_text(point, "utf-8")
            os.kill(os.getpid(), signal.SIGKILL)


def around(orders: Orders, owner: Any, method: str, name: str | Names) -> None:
    """Names the boundary before and after each call: `before NAME`, `after NAME`."""
    original = getattr(owner, method)

    @functools.wraps(original)
    async def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        called = name if isinstance(name, str) else name(*args)
        orders.reach(f"before {called}")
        result = await original(self, *args, **kwargs)
        orders.reach(f"after {called}")
        return result

    setattr(owner, method, call)


def after_verdict(orders: Orders, module: Any) -> None:
    judge = module.judge

    def judged(*args: Any) -> Any:
        verdict = judge(*args)
        orders.reach(f"judged {verdict.decision.value}")
        return verdict

    module.judge = judged


def around_claims(orders: Orders) -> None:
    """`claimed CHANNEL KIND`, where the bridge has not been asked yet."""
    claim = PgQueue.claim

    async def claimed(self: Any, *args: Any, **more: Any) -> Any:
        found = await claim(self, *args, **more)
        for one in found:
            orders.reach(f"claimed {_parcel(one.parcel)}")
        return found

    PgQueue.claim = claimed  # type: ignore[method-assign] # what this process is for


def around_settlements(orders: Orders) -> None:
    """`before settling CHANNEL KIND`, `after settling…`: whichever parcel of a batch it is."""
    settle = PgQueue.settle

    async def settled(self: Any, outcomes: Any) -> Any:
        names = [f"settling {_parcel(said.claimed.parcel)}" for said in outcomes]
        for name in names:
            orders.reach(f"before {name}")
        written = await settle(self, outcomes)
        for name in names:
            orders.reach(f"after {name}")
        return written

    PgQueue.settle = settled  # type: ignore[method-assign] # what this process is for


def around_commits(orders: Orders) -> None:
    """`before commit VERB`, `after commit VERB`: the acts that a transaction records."""
    begin = PgStore.transaction

    @asynccontextmanager
    async def transaction(self: Any) -> AsyncIterator[Any]:
        async with begin(self) as tx:
            yield tx
            verbs = {act.verb for act in tx.acts._acts}
            for verb in verbs:
                orders.reach(f"before commit {verb}")
        for verb in verbs:
            orders.reach(f"after commit {verb}")

    PgStore.transaction = transaction  # type: ignore[method-assign] # what this process is for


def _parcel(parcel: Any) -> str:
    """`sms alert`, `matrix report`, `signal edit`…"""
    kind = "alert" if parcel.alert else "report" if parcel.report else "word"
    return f"{parcel.channel} {parcel.kind if parcel.kind != 'post' else kind}"


def _event(event: Any) -> str:
    return "echo" if event.sender.startswith("@maillage:") else f"reading {event.kind}"


def wrap(orders: Orders) -> None:
    """Every boundary that the tests name."""
    around(orders, Door, "_transaction", "transaction")
    around(orders, PgJournal, "write", lambda source, *_: f"journal {source}")
    around(orders, PgJournal, "done", "entry done")
    around(orders, Reader, "read", _event)
    for module in (alerts, reports):
        after_verdict(orders, module)
    around(orders, PgOutbox, "put", lambda parcels: f"queueing {_first(parcels)}")
    around_commits(orders)
    around_claims(orders)
    around_settlements(orders)
    around(orders, PgQueue, "receipts", lambda channel, *_: f"receipt {channel}")
    around(orders, PgMembers, "save", "saving a member")
    around(orders, PgRooms, "remember", "remembering a room")
    for step in ("create", "set_state", "invite", "remove", "pin_welcome"):
        around(orders, Rooms, step, f"step {step}")
    around(orders, SynapseAccounts, "give", "account give")
    around(orders, SynapseIntroductions, "invite", "introduction invite")
    for step in ("create_group", "add", "remove"):
        around(orders, SignalBridge, step, f"group {step}")


def _first(parcels: Any) -> str:
    return _parcel(parcels[0]) if parcels else "nothing"


def main() -> int:
    orders = Orders(Path(sys.argv[1]))
    wrap(orders)
    real = app.clock
    app.clock = lambda: orders.clock(real)
    app.watch = functools.partial(progress.watch, every=LOOK_EVERY)
    tidying.EVERY = LOOK_EVERY
    return cli.main(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
