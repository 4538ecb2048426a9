"""The demonstration's stage under a service that dies when told, and what came through it."""

import asyncio
import contextlib
import json
import re
import secrets
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
from ruamel.yaml import YAML

from appservice.app import clock, open_office
from appservice.demo.cast import Cast
from appservice.demo.child import Child, wait_until
from appservice.demo.element import ElementFailed
from appservice.demo.failure import StartFailed
from appservice.demo.people import BRETAGNE
from appservice.demo.prompt import Answer, maillage
from appservice.demo.stage import Stage
from appservice.domain.room import Kind
from appservice.files.config import load_config
from support.forked import Forked

ENTRY = Path(__file__).with_name("faulty_service.py")
PATIENCE = 90.0  # seconds; never a measure
LEASE = 130  # seconds: a little more than a delivery's lease
BURALISTES = ("tanguy", "brient", "legoff", "riou")
BIJOUTIERS = ("aurore", "fabre")

WAITING = """
SELECT (SELECT count(*) FROM deliveries WHERE state IN ('queued', 'submitting'))
     + (SELECT count(*) FROM journal WHERE done_at IS NULL AND source <> 'matrix-waiting')
"""
ABANDONED = "SELECT count(*) FROM deliveries WHERE state = 'submitting'"
FATES = """
SELECT channel, state, count(*) AS n FROM parcels JOIN deliveries USING (id)
WHERE alert = $1 AND kind = 'post' GROUP BY channel, state
"""


@dataclass(slots=True)
class FaultStage(Stage):
    """Runs `maillage` through `faulty_service`, under orders that may change at any time."""

    skew: int = 0  # seconds that the service's clock is ahead
    die: str = ""
    together: int = 0  # minutes in which like reports share a card; 0: a card each

    @property
    def orders(self) -> Path:
        return self.state / "orders.json"

    @property
    def died(self) -> Path:
        """Written by the service as it dies: where."""
        return self.state / "died"

    def order(self, die: str = "", skew: int | None = None) -> None:
        """Dies there from now on; `skew` moves the service's clock."""
        self.die, self.skew = die, self.skew if skew is None else skew
        fresh = self.orders.with_suffix(".new")
        fresh.write_text(json.dumps({"die": die, "skew": self.skew}), "utf-8")
        fresh.replace(self.orders)

    async def gathers(self, minutes: int) -> None:
        """From now on reports of one event share a card, or don't (0)."""
        self.together = minutes
        self._write_config()
        await self.stop_service()
        await self.restart_service()

    def _write_config(self) -> None:
        """Stories are told again and again in the same words: they are not of one event."""
        Stage._write_config(self)
        yaml = YAML(typ="safe", pure=True)
        content = yaml.load(self.config.read_text("utf-8"))
        content["alerts"]["same_event_minutes"] = self.together
        with self.config.open("w", encoding="utf-8") as file:
            yaml.dump(content, file)

    async def dies_at(self, point: str) -> None:
        """Waits for the service to have died there, whatever it was doing."""
        assert self.service is not None
        async with asyncio.timeout(PATIENCE):
            await self.service.process.wait()
        assert self.died.is_file(), f"ended before « {point} »"
        assert self.died.read_text("utf-8") == point
        self.died.unlink()
        self.order()

    async def kill(self) -> None:
        """SIGKILL, now."""
        assert self.service is not None
        self.service.process.kill()
        await self.service.process.wait()

    async def query(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """Asks the service's database."""
        connection = await asyncpg.connect(self.postgres.dsn("maillage"))
        try:
            return list(await connection.fetch(sql, *values))
        finally:
            await connection.close()

    async def lapse(self) -> None:
        """Time passes until no lease holds; what a dead process had in hand is let go."""
        if (await self.query(ABANDONED))[0]["count"]:
            self.order(self.die, self.skew + LEASE)

    async def settle(self, seconds: float = PATIENCE) -> None:
        """Waits until nothing is on its way in or out."""
        await wait_until(self.quiet, "Le calme", seconds, 0.1)

    async def quiet(self) -> bool:
        return (await self.query(WAITING))[0][0] == 0

    async def maillage(self, *words: str) -> Answer:
        config = str(self.config)
        return await maillage(str(self.orders), "--config", config, *words, program=ENTRY)

    async def _serve(self, words: Sequence[str], output: Path) -> Child:
        given = (str(self.orders), "--config", str(self.config), "serve", *words)
        process = Forked(ENTRY, given, output)
        await process.start()
        return Child(process, signal.SIGTERM, output)


@dataclass(slots=True)
class Town:
    """The stage, its people inside their rooms, and a supply of alerts that may circulate."""

    stage: FaultStage
    cast: Cast
    written: int = 0
    since: datetime = field(default_factory=lambda: clock() - timedelta(hours=1))
    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)  # text -> who gets it

    @property
    def poste(self) -> str:
        return self.cast.scenery.room(Kind.POSTE, BRETAGNE)

    def fact(self) -> str:
        """A text that the judge lets through, unlike any before, and no part of another."""
        number = self.written = self.written + 1
        hour, minute = 7 + number // 60 % 13, number % 60
        where = ("Liffré", "Redon", "Fougères", "Vitré")[number // 780 % 4]
        place = ("un tabac", "une boulangerie", "une pharmacie")[number // 3120 % 3]
        return (
            f"Vol par ruse constaté à {where} hier à {hour} h {minute:02d} dans {place}, "
            "faux livreur. Vérifiez vos livraisons."
        )

    def seen_at(self, what: str, more: str) -> str:
        """A report that was never written before."""
        number = self.written = self.written + 1
        return f"{what} hier à {7 + number // 60 % 13} h {number % 60:02d}, {more}"

    def on_element(self, key: str) -> Callable[[str], int]:
        """Counts what that person's Element shows."""
        element = self.cast.elements[key]
        return lambda text: sum(text in s.text for s in element.timeline() if not s.deleted)

    async def publishes(self, who: str = "kerboul") -> str:
        """An officer writes an alert in the poste of Ille-et-Vilaine; its text."""
        text = self.fact()
        self.texts[text] = BURALISTES
        await self.insists(who, self.poste, f"alerte buralistes 35 : {text}")
        return text

    async def insists(self, who: str, room: str, text: str) -> None:
        """Says it again, as the same message, while the homeserver answers that it can't."""
        element, transaction = self.cast.elements[who], secrets.token_hex(8)
        content = {"msgtype": "m.text", "body": text}

        async def said() -> bool:
            with contextlib.suppress(ElementFailed, TimeoutError):
                await element.send(room, content, transaction=transaction)
                return True
            return False

        await wait_until(said, f"{who} écrit", PATIENCE, 0.5)

    def copies(self, text: str) -> Counter[str]:
        """How many messages with that text the phones of each person show."""
        return Counter({key: self.cast.copies(key, text) for key in self.texts[text]})

    def missing(self, text: str) -> dict[str, int]:
        """Copies short of one a channel. Fails at once for a copy too many."""
        short = {}
        for key, seen in self.copies(text).items():
            wanted = len(self.cast.people[key].channels)
            assert seen <= wanted, f"{key} has {seen} copies of « {text} »"
            if seen < wanted:
                short[key] = wanted - seen
        return short

    def officers_read(self, who: str = "kerboul") -> list[str]:
        """What that officer's poste shows."""
        return [seen.text for seen in self.cast.timeline(who) if seen.room == self.poste]

    async def comes_back(self) -> None:
        """Starts the service again, lets the leases of the dead one run out, waits for calm."""
        await self.stage.restart_service()
        await self.stage.lapse()
        await self.stage.settle()

    async def each_has_it_or_an_officer_knows(self, text: str) -> None:
        """Once a person and channel; for each copy that is missing, the poste names its fate."""
        await self.all_have_it_or_an_officer_knows([text])

    async def all_have_it_or_an_officer_knows(self, texts: Sequence[str]) -> None:
        """The same of many; what a dead process had in hand is let go first."""
        await self.stage.lapse()
        await until_none(lambda n: self._untold(texts, n), self.numbers, "un bilan au poste")
        numbers = await self.numbers()
        for text in texts:
            await self._accounted_for(text, numbers[text])
        await self.stage.settle()
        for text in texts:
            self.missing(text)  # fails for a copy too many

    async def _accounted_for(self, text: str, number: int) -> None:
        fates = {
            (row["channel"], row["state"]): row["n"]
            for row in await self.stage.query(FATES, number)
        }
        assert not {state for _, state in fates} - {"accepted", "delivered", "unknown"}, fates
        unknown = sum(n for (_, state), n in fates.items() if state == "unknown")

        def complete() -> bool:
            return sum(self.missing(text).values()) <= unknown

        await until(complete, f"« {text} » chez chacun, sauf {unknown} sort(s) inconnu(s)")
        for channel in {channel for channel, state in fates if state == "unknown"}:
            name = {"signal": "Signal", "sms": "SMS"}[channel]
            line = f"A{number} : un envoi par {name} a un sort inconnu"
            await until(lambda line=line: self._said(line) == 1, line)

    def _said(self, line: str) -> int:
        return sum(line in said for said in self.officers_read())

    def _untold(self, texts: Sequence[str], numbers: Mapping[str, int]) -> str:
        """An alert whose last line the poste does not show yet; nothing when there is none."""
        said = self.officers_read()
        for text in texts:
            number = numbers.get(text)
            if number is None:
                return f"« {text} » n'est jamais partie"
            if not any(line.startswith(f"A{number}, bilan") for line in said):
                about = [line for line in said if f"A{number}" in line]
                return f"A{number} « {text} » ; le poste en dit {about}"
        return ""

    async def numbers(self) -> dict[str, int]:
        """The number of each alert, by its text. Fails for a text that was opened twice."""
        async with (
            open_office(load_config(self.stage.config)) as office,
            office.store.transaction() as tx,
        ):
            alerts = await tx.alerts.recent(self.since)
        found = {alert.text: int(alert.id) for alert in alerts}
        assert len(found) == len(alerts)
        return found

    async def number(self, text: str) -> int:
        """Of the alert with that text."""
        return (await self.numbers())[text]

    def wipe(self) -> None:
        """Empties every screen: what was checked need not be looked through again."""
        self.since = clock() + timedelta(seconds=self.stage.skew)
        for element in self.cast.elements.values():
            element.seen.clear()
        self.stage.signal.world.register.notes.clear()
        self.stage.kannel._texts.clear()

    async def plan_is_empty(self) -> None:
        """As a command says it; the service repairs at its own pace."""

        async def empty() -> bool:
            return (await self.cast.maillage("plan")).out == ""

        await wait_until(empty, "Un plan vide", PATIENCE, 1)


def report_number(card: str) -> str:
    """S12, of the card that shows it."""
    found = re.search(r"S\d+", card)
    assert found, card
    return found[0]


async def until_none(
    lacking: Callable[[Mapping[str, int]], str],
    numbers: Callable[[], Awaitable[Mapping[str, int]]],
    what: str,
) -> None:
    """Looks again and again; names what is still lacking."""
    lacks = "?"

    async def look() -> bool:
        nonlocal lacks
        lacks = lacking(await numbers())
        return not lacks

    try:
        await wait_until(look, what, PATIENCE, 0.5)
    except StartFailed as failure:
        raise AssertionError(f"{failure} Manque : {lacks}") from None


async def until_all(
    count: Callable[[], Awaitable[int]], wanted: int, what: str, patience: float = PATIENCE
) -> None:
    """Waits for so many, as long as they keep coming; fails at once for one too many."""
    seen, loop = -1, asyncio.get_running_loop()
    deadline = loop.time()
    while (now := await count()) != wanted:
        assert now < wanted, f"{what} : {now} au lieu de {wanted}"
        if now != seen:
            seen, deadline = now, loop.time() + patience
        assert loop.time() < deadline, f"{what} : {now} sur {wanted}, et plus rien ne vient"
        await asyncio.sleep(0.1)


async def until(found: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Looks again and again."""

    async def look() -> bool:
        return found()

    await wait_until(look, what, seconds, 0.1)
