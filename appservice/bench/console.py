"""`console`: the list of 10,000 members, enrolment, a big import, as somebody waits for them."""

import re
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import asyncpg
from ruamel.yaml import YAML

from appservice.app import clock, new_id
from appservice.bench.beneath.console_visit import BareTables, Times, Visitor
from appservice.bench.lab import Lab
from appservice.bench.merchants import BRETAGNE, TRADE, signed
from appservice.bench.outcome import Outcome, Row
from appservice.demo.child import Child, start_child, wait_until
from appservice.demo.ports import LOOPBACK, any_free_port
from appservice.domain.console import Account, AccountId, Position
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.territory import Level, Zone
from appservice.domain.world import World
from appservice.files.registration import registration
from appservice.files.world import load_world, shipped_paths
from appservice.flows.console.entry import open_session
from appservice.store.postgres import PgStore

CONSTANT = 1.1
"""How much more memory ten times the lines may take."""
Side = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class _Sizes:
    sheet: int  # lines
    sheets: int
    times: int


async def bench(lab: Lab) -> Outcome:
    """The console as `serve` opens it, in a process of its own; a browser on the other side."""
    sizes = _Sizes(20, 2, 4) if lab.quick else _Sizes(1000, 10, 40)
    postgres = await lab.postgres("maillage")
    store = await lab.store(postgres.dsn("maillage"))
    world = load_world(shipped_paths())
    child, visitor = await _open(lab, postgres.dsn("maillage"), await _mairie(store, world))
    communes = sorted(world.territories[BRETAGNE].communes)
    rows = [await _import(lab, sizes, child, visitor, communes)]
    await _sign_everybody(store, world)
    connection = await asyncpg.connect(postgres.dsn("maillage"))
    lab.stack.push_async_callback(connection.close)
    bare = BareTables(connection)
    await bare.prepare()
    enrolled = sizes.sheet * sizes.sheets

    async def enrols() -> float:
        return await visitor.sends("/inscrire", _person(enrolled + bare.written + 1, communes))

    async def form() -> float:
        return await visitor.sends_to_nobody(_person(bare.written, communes))

    async def reads() -> float:
        return await visitor.reads("/participants")

    async def page() -> float:
        return await bare.page(BRETAGNE)

    lab.say("inscription")
    rows += await _compared("inscription", sizes.times, enrols, bare.row, form)
    lab.say(f"liste de {enrolled} membres")
    rows += await _compared(
        f"liste de {enrolled} membres", sizes.times, reads, page, visitor.reads_nothing
    )
    goals = {f"import en mémoire constante (≤ {CONSTANT:g} ×)": rows[0].ratio <= CONSTANT}
    floor = "une page vide d'aiohttp, le SQL seul"
    return Outcome("console", "ms, médiane", floor, rows, goals)


async def _compared(what: str, times: int, ours: Side, sql: Side, empty: Side) -> list[Row]:
    """The three in turn, so that whatever else the machine does hits them all."""
    mine, database, page = Times(), Times(), Times()
    for _ in range(times):
        for side, taken in ((ours, mine), (sql, database), (empty, page)):
            taken.taken.append(await side())
    return [
        Row(
            *(f"{what}, contre {name}", mine.p50, floor.p50, times),
            parts={"95e centile": mine.p95, "du plancher": floor.p95},
        )
        for name, floor in (("le SQL seul", database), ("une page vide", page))
    ]


async def _import(
    lab: Lab, sizes: _Sizes, child: Child, visitor: Visitor, communes: Sequence[str]
) -> Row:
    """A sheet, then one ten times as long: looked at, then enrolled, as the mairie does. The first
    one's peak is the floor."""
    peaks, rates = [], []
    lengths = (sizes.sheet, sizes.sheet * (sizes.sheets - 1))
    for first, length in zip((0, sizes.sheet), lengths, strict=True):
        lab.say(f"import : un fichier de {length} lignes")
        text = _sheet(range(first, first + length), communes)
        start = time.perf_counter()
        sheet = await visitor.given("/importer", {"sheet": text})
        await visitor.follows(sheet, until="/inscrire")
        await visitor.sends(f"{sheet}/inscrire", {})
        await visitor.follows(sheet, until="/participants")
        rates.append(length / (time.perf_counter() - start))
        peaks.append(_peak(child))
    first, then = lengths
    return Row(
        *(f"import d'un fichier de {then} lignes, contre {first}", peaks[-1], peaks[0], 1),
        unit="MiB au plus haut",
        parts={"lignes/s": rates[-1], "du premier": rates[0]},
    )


def _person(number: int, communes: Sequence[str]) -> dict[str, str]:
    """One merchant, as the form sends them."""
    return {
        "name": f"Personne {number}",
        "shop": f"Commerce {number}",
        "commune": communes[number % len(communes)],
        "trades": TRADE,
        "phone": f"06{39_000_000 + number:08}",
        "channels": Channel.SMS.value,
        "language": "fr",
    }


def _sheet(numbers: range, communes: Sequence[str]) -> str:
    people = (_person(number, communes) for number in numbers)
    fields = ("name", "shop", "trades", "commune", "phone", "channels")
    lines = [";".join(person[field] for field in fields) for person in people]
    return "\n".join(["nom;commerce;metiers;commune;mobile;canaux", *lines])


def _peak(child: Child) -> float:
    """MiB, as the kernel counts them."""
    status = Path(f"/proc/{child.process.pid}/status").read_text("utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    if found is None:
        raise LookupError("VmHWM")
    return int(found[1]) / 1024


async def _mairie(store: PgStore, world: World) -> str:
    """Somebody who may enrol, signed in: the token of their session."""
    member = Member(
        MemberId(new_id()),
        Role.MAIRIE,
        "Mairie",
        BRETAGNE,
        zones=(Zone(Level.TERRITORY, BRETAGNE),),
        channels=frozenset({Channel.SMS}),
        phone="+33639980000",
    )
    account = Account(
        AccountId(new_id()), "mairie", member.name, Position.MAIRIE, BRETAGNE, member.id
    )
    async with store.transaction() as tx:
        await tx.members.save(member)
        await tx.signatures.add(signed(world, member))
        await tx.console.accounts.save(account)
        return await open_session(tx, account, clock, new_id)


async def _sign_everybody(store: PgStore, world: World) -> None:
    """The list says where each one's charter stands: it must have one to look at."""
    async with store.transaction() as tx:
        for person in await tx.members.everyone(BRETAGNE):
            if person.role is Role.MERCHANT:
                await tx.signatures.add(signed(world, person))


async def _open(lab: Lab, dsn: str, session: str) -> tuple[Child, Visitor]:
    console, empty = any_free_port(), any_free_port()
    config = _config(lab.folder, console, dsn)
    words = [sys.executable, "-m", "appservice.bench.beneath.console_apart", str(config)]
    child = await start_child([*words, str(empty)], config.with_name("console.log"))
    lab.stack.push_async_callback(child.stop)
    http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
    await lab.stack.enter_async_context(http)
    visitor = Visitor(http, f"http://{LOOPBACK}:{console}", f"http://{LOOPBACK}:{empty}/", session)

    async def ready() -> bool:
        try:
            return await visitor.reads_nothing() > 0
        except aiohttp.ClientError:
            return False

    await wait_until(ready, "La console")
    return child, visitor


def _config(folder: Path, port: int, dsn: str) -> Path:
    yaml, paths = YAML(typ="safe", pure=True), shipped_paths()
    known = registration(server_name="maillage.test", url=None, as_token="a", hs_token="h")  # noqa: S106 - of a homeserver that is not there
    with (folder / "registration.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(known, file)
    content = {
        "homeserver": {
            "url": f"http://{LOOPBACK}:1",
            "server_name": "maillage.test",
            "registration": "registration.yaml",
        },
        "listen": {"port": any_free_port()},
        "console": {"url": f"http://{LOOPBACK}:{port}", "port": port},
        "database": {"dsn": dsn},
        "keys": "keys",
        "world": {
            "templates": str(paths.templates),
            "territories": str(paths.territories),
            "charters": str(paths.charters),
            "policies": str(paths.policies),
        },
    }
    path = folder / "maillage.yaml"
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(content, file)
    return path
