"""`sms`: an alert to 1,000 and 7,000 telephones through Kannel, against bare posts to it."""

import asyncio
import gc
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.parse import quote

import aiohttp
from aiohttp import web

from appservice.app import clock
from appservice.bench.beneath.kannel import KannelProcess
from appservice.bench.beneath.operator_apart import Arrivals, OperatorApart
from appservice.bench.fanout import TEXT, NoGuichets, alert_by, text_to
from appservice.bench.lab import Lab
from appservice.bench.measure import in_turn
from appservice.bench.merchants import enrol, merchants
from appservice.bench.outcome import Outcome, Row
from appservice.demo.ports import LOOPBACK, any_free_port
from appservice.domain.member import Channel, Member
from appservice.domain.world import World
from appservice.files.media import CleanMedia
from appservice.files.world import load_world, shipped_paths
from appservice.flows.delivery import Delivery
from appservice.flows.inbound import Inbound, Inbox
from appservice.store.postgres import PgStore
from bridges.sms.bridge import SmsBridge
from bridges.sms.kannel import Kannel
from bridges.sms.settings import KannelSettings

GOAL, FLAT = 0.8, 1.1
WINDOW = 8  # posts whose answer is awaited, on both sides


@dataclass(slots=True)
class _Gateway:
    kannel: KannelProcess
    operator: OperatorApart
    port: int

    def headers(self, number: str, place: int, report: str) -> dict[str, str]:
        """What our own bridge asks, no more and no less."""
        url = f"http://{LOOPBACK}:{report}/dlr?id={quote(str(place))}&state=%d&at=%T"
        return {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-Kannel-Username": "maillage",
            "X-Kannel-Password": self.kannel.secret("password"),
            "X-Kannel-From": "MANTES",
            "X-Kannel-To": number,
            "X-Kannel-Coding": "0",
            "X-Kannel-Validity": "30",
            "X-Kannel-DLR-Mask": "19",
            "X-Kannel-DLR-Url": url,
        }


@dataclass(slots=True)
class _Ours:
    """Rates, and what phones saw of the last run."""

    gateway: _Gateway
    store: PgStore
    world: World
    people: Sequence[Member]
    seen: list[tuple[float, float]] = field(default_factory=list)  # seconds to first, to last

    async def run(self) -> float:
        """Texts a second, from the first claim to the last phone; queueing is not counted."""
        store, loop = self.store, asyncio.get_running_loop()
        async with store.transaction() as tx:
            alert = await tx.alerts.open(alert_by(self.people[0]))
            name = f"alert:{alert.reference}:r1"
            await tx.outbox.put([text_to(name, alert.id, member) for member in self.people])
        bridge, inbox = self._bridge(), self._inbox()
        await bridge.start(inbox.sink())
        delivery = Delivery(
            *(Channel.SMS, bridge, store, store.queue, store.wake, self.world, clock),
            NoGuichets(),
        )
        start = loop.time()
        tasks = [asyncio.create_task(part) for part in (inbox.run(), delivery.run())]
        arrivals = await self.gateway.operator.arrivals(len(self.people))
        await delivery.stop()
        self.seen.append((arrivals.first - start, arrivals.last - start))
        await bridge.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return len(self.people) / (arrivals.last - start)

    def _bridge(self) -> SmsBridge:
        kannel = self.gateway.kannel
        settings = KannelSettings(
            url=kannel.url,
            username="maillage",
            password=kannel.secret("password"),
            secret=kannel.secret("secret"),
            sender="MANTES",
            port=self.gateway.port,
            window=WINDOW,
        )
        return SmsBridge(Kannel(settings, clock), settings)

    def _inbox(self) -> Inbox:
        store = self.store
        inbound = Inbound(store, store.queue, self.world, clock, CleanMedia())
        return Inbox(Channel.SMS, store.journal, store, store.wake, inbound, clock)


@dataclass(slots=True)
class _Bare:
    """A loop of posts, and a server that says yes to every report."""

    gateway: _Gateway
    people: Sequence[Member]
    seen: list[tuple[float, float]] = field(default_factory=list)
    posted: list[float] = field(default_factory=list)  # answers of Kannel a second

    async def run(self) -> float:
        """Texts a second, to the last phone."""
        loop, app = asyncio.get_running_loop(), web.Application()
        app.router.add_get("/dlr", _yes)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, LOOPBACK, 0).start()
        report = str(runner.addresses[0][1])
        numbers = iter([(n, person.phone or "") for n, person in enumerate(self.people)])
        connector = aiohttp.TCPConnector(force_close=True)
        async with aiohttp.ClientSession(connector=connector) as http:

            async def post() -> None:
                for place, number in numbers:
                    headers = self.gateway.headers(number, place, report)
                    async with http.post(
                        self.gateway.kannel.url, data=TEXT.encode(), headers=headers
                    ) as answer:
                        await answer.read()

            start = loop.time()
            coming = asyncio.create_task(self.gateway.operator.arrivals(len(self.people)))
            await asyncio.gather(*(post() for _ in range(WINDOW)))
            self.posted.append(len(self.people) / (loop.time() - start))
            arrivals: Arrivals = await coming
        self.seen.append((arrivals.first - start, arrivals.last - start))
        await runner.cleanup()
        return len(self.people) / (arrivals.last - start)


async def _yes(_: web.Request) -> web.Response:
    return web.Response()


async def bench(lab: Lab) -> Outcome:
    """Each text is claimed, its reader's charter checked, sent, settled, and its report kept."""
    sizes = (20, 60) if lab.quick else (1000, 7000)
    turns = (1, 1) if lab.quick else (7, 5)
    postgres = await lab.postgres("maillage")
    store = await lab.store(postgres.dsn("maillage"))
    world = load_world(shipped_paths())
    people = merchants(world, sizes[-1], Channel.SMS)
    lab.say(f"{len(people)} personnes")
    await enrol(store, world, people)
    gateway = await _gateway(lab)
    gc.collect()
    gc.freeze()  # as the service does
    rows: list[Row] = []
    for size, rounds in zip(sizes, turns, strict=True):
        lab.say(f"{size} téléphones")
        ours = _Ours(gateway, store, world, people[:size])
        bare = _Bare(gateway, people[:size])
        mine, others = await in_turn(rounds, ours.run, bare.run)
        (first, last), (_, floor_last) = _middle(ours.seen), _middle(bare.seen)
        parts = {
            "premier téléphone (s)": first,
            "dernier (s)": last,
            "dernier du plancher (s)": floor_last,
            "réponses au plancher (/s)": median(bare.posted),
            "MiB": _resident_mib(),
        }
        rows.append(Row(f"{size} téléphones", mine, others, rounds, parts=parts))
    grown = rows[-1].parts["MiB"] / rows[0].parts["MiB"]
    goals = {
        f"rapport ≥ {GOAL:g}": all(row.ratio >= GOAL for row in rows),
        f"mémoire plate (ici × {grown:.2f})": grown <= FLAT,
    }
    what = f"autant de POST nus au même Kannel, {WINDOW} à la fois, jusqu'au dernier téléphone"
    return Outcome("sms", "textes/s", what, rows, goals)


async def _gateway(lab: Lab) -> _Gateway:
    lab.say("Kannel")
    operator = await OperatorApart.start()
    lab.stack.push_async_callback(operator.close)
    port = any_free_port()
    kannel = KannelProcess(Path(lab.folder) / "kannel", operator.port, port)
    await kannel.prepare()
    await kannel.start()
    lab.stack.push_async_callback(kannel.stop)
    return _Gateway(kannel, operator, port)


def _middle(seen: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The median run, by its end."""
    return sorted(seen, key=lambda run: run[1])[len(seen) // 2]


def _resident_mib() -> float:
    """What this process holds now."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
