"""`alert`: from an officer's message to a merchant's screen, against a plain PUT and its /sync."""

import asyncio
import itertools
import json
import secrets
import statistics
import time
from dataclasses import dataclass, field

from appservice.bench.beneath.alert_stage import Reader, Stage
from appservice.bench.lab import Lab
from appservice.bench.outcome import Outcome, Row
from appservice.demo.element import Element
from appservice.domain.ids import RoomId, TradeId
from appservice.domain.room import Kind
from appservice.matrix.api import Api, segment

WHOLE, LATER, WIDE = 2.5, 1.5, 1.3
SMALL, LARGE = ("boulangers", 50), ("buralistes", 1000)  # trades whose rooms span a département
PAUSE = 0.5  # seconds: what the service says to the officer afterwards must not count


@dataclass(slots=True)
class Times:
    """Of one room, in milliseconds."""

    whole: list[float] = field(default_factory=list)
    later: list[float] = field(default_factory=list)  # from publishing to reading
    plain: list[float] = field(default_factory=list)
    parts: dict[str, list[float]] = field(default_factory=dict)


@dataclass(slots=True)
class PlainReader:
    """A client that does nothing but /sync, for the floor."""

    api: Api
    room: RoomId
    since: str = ""

    async def catch_up(self) -> None:
        self.since = str((await self.api.call("GET", "/sync", query=self._query(0)))["next_batch"])

    async def sees(self, text: str) -> float:
        """When that message came."""
        while True:
            answer = await self.api.call("GET", "/sync", query=self._query(30_000))
            at = time.monotonic()
            self.since = str(answer["next_batch"])
            room = answer.get("rooms", {}).get("join", {}).get(self.room, {})
            events = room.get("timeline", {}).get("events", ())
            if text in {event["content"].get("body") for event in events}:
                return at

    def _query(self, wait: int) -> dict[str, str]:
        only = {"room": {"rooms": [self.room], "timeline": {"limit": 10}}}
        query = {"filter": json.dumps(only), "timeout": str(wait)}
        return {**query, "since": self.since} if self.since else query


async def bench(lab: Lab) -> Outcome:
    """In turn: an alert to the small room, a plain message there, then both in the large one."""
    rounds, warm = (1, 1) if lab.quick else (15, 2)
    sizes = (("boulangers", 4), ("buralistes", 8)) if lab.quick else (SMALL, LARGE)
    stage = await Stage.open(lab)
    poste = await stage.room(Kind.POSTE)
    readers: dict[str, tuple[Reader, PlainReader]] = {}
    for trade, devices in sizes:
        lab.say(f"{devices} appareils entrent")
        room = await stage.room(Kind.ALERTES, TradeId(trade))
        await stage.crowd(room, TradeId(trade), devices - 2)
        reader = await stage.reader(f"lecteur-{trade}", room, TradeId(trade))
        readers[trade] = reader, await _plain(stage, reader)
    officer = await stage.officer(poste)
    await stage.serve()
    times = {trade: Times() for trade, _ in sizes}
    lab.say(f"{rounds} alertes à chaque salon")
    for turn in range(-warm, rounds):
        for trade, (reader, plain) in readers.items():
            into = times[trade] if turn >= 0 else Times()  # the first ones only warm up
            await _one_alert(stage, officer, poste, trade, reader, into)
            await asyncio.sleep(PAUSE)
            await _one_plain(stage.bot, plain, into)
    return _outcome(sizes, times)


async def _plain(stage: Stage, reader: Reader) -> PlainReader:
    """The same person's other client."""
    account = reader.element.account
    second = await stage.homeserver.login(account.mxid, account.password)
    plain = PlainReader(Api(stage.bot.http, stage.bot.url, second.access_token), reader.room)
    await plain.catch_up()
    return plain


_numbers = itertools.count(61)


async def _one_alert(
    stage: Stage, officer: Element, poste: RoomId, trade: str, reader: Reader, into: Times
) -> None:
    number = next(_numbers)
    hour = f"{number // 60 % 12 + 7} h {number % 60:02d}"
    text = f"Vol par ruse constaté à Liffré hier à {hour} dans un tabac, faux livreur"
    start = time.monotonic()
    saying = asyncio.create_task(officer.say(poste, f"alerte {trade} 35 : {text}."))
    read = await reader.reads(text)
    await saying
    came = await stage.line.when("read", after=start)
    handled = await stage.line.when("handled", after=came)
    sending = await stage.line.when("sending", text, after=start)
    sent = await stage.line.when("sent", text, after=start)
    into.whole.append((read - start) * 1000)
    into.later.append((read - sending) * 1000)
    moments = {
        "jusqu'au service": came - start,
        "jugé et mis en file": handled - came,
        "file": sending - handled,
        "chiffré et accepté": sent - sending,
        "accepté → lu": read - sent,
    }
    for name, took in moments.items():
        into.parts.setdefault(name, []).append(took * 1000)


async def _one_plain(bot: Api, reader: PlainReader, into: Times) -> None:
    await reader.catch_up()
    text = f"Vol par ruse constaté hier, message {next(_numbers)}"
    path = f"/rooms/{segment(reader.room)}/send/m.room.message/{secrets.token_hex(8)}"
    seeing = asyncio.create_task(reader.sees(text))
    await asyncio.sleep(PAUSE / 10)  # the long poll hangs, as a client's always does
    start = time.monotonic()
    await bot.call("PUT", path, {"msgtype": "m.text", "body": text})
    into.plain.append((await seeing - start) * 1000)


def _outcome(sizes: tuple[tuple[str, int], ...], times: dict[str, Times]) -> Outcome:
    rows = []
    for trade, devices in sizes:
        seen = times[trade]
        plain, n = statistics.median(seen.plain), len(seen.plain)
        parts = {name: statistics.median(took) for name, took in seen.parts.items()}
        later = statistics.median(seen.later)
        rows.append(Row(f"publier → lu, {devices} appareils", later, plain, n))
        whole = statistics.median(seen.whole)
        rows.append(Row(f"tout le chemin, {devices} appareils", whole, plain, n, parts=parts))
    wide = rows[3].ours / rows[1].ours
    goals = {
        f"tout le chemin ≤ {WHOLE:g} × le plancher": max(rows[1].ratio, rows[3].ratio) <= WHOLE,
        f"publier → lu ≤ {LATER:g} × le plancher": max(rows[0].ratio, rows[2].ratio) <= LATER,
        f"{sizes[1][1]} appareils ≤ {WIDE:g} × {sizes[0][1]} (ici {wide:.2f})": wide <= WIDE,
    }
    return Outcome("alert", "ms", "PUT en clair puis /sync, même salon", rows, goals)
