"""A town to test in: the demonstration's parts and people, a world whose files may be edited."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from appservice.app import clock, open_office, provisioning
from appservice.demo.cast import Cast
from appservice.demo.child import wait_until
from appservice.demo.people import (
    BRETAGNE,
    LIFFRE,
    MANTES,
    MANTES_LA_JOLIE,
    PEOPLE,
    REDON,
    Person,
)
from appservice.demo.ports import any_free_port
from appservice.demo.prompt import Answer
from appservice.demo.stage import SERVICES, Stage
from appservice.domain.charter import Signature
from appservice.domain.enrolment import OPERATOR
from appservice.domain.room import Kind
from appservice.files.config import load_config
from appservice.files.world import WorldPaths, shipped_paths
from appservice.flows.membership import Membership
from appservice.flows.ports import Clock
from appservice.flows.reconciliation import TOPIC
from appservice.flows.signature import Signing
from support.homeserver import fleeting

PATIENCE = 60  # seconds; machines are slow at times
FINISTERE, QUIMPER = "finistere", "29232"
EVERY_CHANNEL = ("matrix", "signal", "sms")

TERRITORY = """\
id: finistere
name: Finistère
department: "29"
communes:
  - 29232 # Quimper
poste: commune
contact: "la mairie de Quimper, maillage@quimper.example"
senders: chef_de_quart
charters:
  merchant: charte-essai
  agent: charte-essai-agents
trades:
  boulangers: commune
"""

NEWCOMERS = (
    Person(
        "hamon", "merchant", "Gilles Hamon", BRETAGNE, EVERY_CHANNEL, shop="Tabac Hamon",
        trades=("buralistes",), commune=LIFFRE, number="+33639980021", signs=False,
    ),
    Person(
        "prigent", "gendarme", "Gendarme Prigent", BRETAGNE, EVERY_CHANNEL,
        zone="departement:35", number="+33639980022", signs=False,
    ),
    Person(
        "guyot", "merchant", "Anne Guyot", BRETAGNE, EVERY_CHANNEL, shop="Tabac Guyot",
        trades=("buralistes",), commune=REDON, number="+33639980023",
    ),
    Person(
        "nedelec", "merchant", "Jean Nédélec", FINISTERE, EVERY_CHANNEL, shop="Fournil Nédélec",
        trades=("boulangers",), commune=QUIMPER, number="+33639980024",
    ),
    Person(
        "kervella", "merchant", "Maël Kervella", FINISTERE, EVERY_CHANNEL,
        shop="Fournil Kervella", trades=("boulangers",), commune=QUIMPER, number="+33639980027",
    ),
    Person(
        "salaun", "gendarme", "Gendarme Salaün", FINISTERE, ("sms",),
        zone=f"commune:{QUIMPER}", number="+33639980026",
    ),
    Person(
        "cariou", "chef_de_quart", "Major Cariou", FINISTERE, EVERY_CHANNEL,
        zone=f"commune:{QUIMPER}", number="+33639980025",
    ),
    Person(
        "nguyen", "national_police", "Gardien Nguyen", MANTES, ("matrix",),
        zone=f"commune:{MANTES_LA_JOLIE}",
    ),
    Person(
        "moreau", "asvp", "Agente Moreau", MANTES, ("matrix",),
        zone=f"commune:{MANTES_LA_JOLIE}",
    ),
    Person(
        "dupre", "mairie", "Odile Dupré", MANTES, ("matrix",), zone=f"commune:{MANTES_LA_JOLIE}"
    ),
)  # fmt: skip
"""`hamon` and `prigent` never sign; `guyot` comes and goes; Finistère has charters of its own;
Mantes has somebody of each role."""


def townspeople() -> dict[str, Person]:
    """The people of the demonstration, the newcomers, and somebody with two trades everywhere."""
    known = {p.key: p for p in (*PEOPLE, *NEWCOMERS) if p.key != "gare"}
    brient = replace(known["brient"], channels=EVERY_CHANNEL)
    return known | {"brient": brient}


def copy_world(folder: Path) -> WorldPaths:
    """What ships, where tests may write, and a territory more."""
    shipped = shipped_paths()
    rooms, policies = folder / "room-templates", folder / "policies"
    shutil.copytree(shipped.templates, rooms)
    shutil.copytree(shipped.policies, policies)
    charters = rooms / "chartes"
    for old, new in (("commercants", "essai"), ("agents", "essai-agents")):
        text = (charters / f"charte-{old}.md").read_text(encoding="utf-8")
        text = text.replace(f"id: charte-{old}\n", f"id: charte-{new}\n", 1)
        (charters / f"charte-{new}.md").write_text(text, encoding="utf-8")
    (rooms / "territoires" / "finistere.yaml").write_text(TERRITORY, encoding="utf-8")
    checklists = rooms / "territoires" / "conformite"
    shutil.copy(checklists / "ille-et-vilaine.yaml", checklists / "finistere.yaml")
    return WorldPaths(rooms, rooms / "territoires", charters, policies)


@dataclass(slots=True)
class News:
    """What somebody's phones show that they did not show before."""

    cast: Cast
    key: str
    before: Counter[str] = field(init=False)

    def __post_init__(self) -> None:
        self.before = Counter(self.cast.texts(self.key))

    def holding(self, text: str) -> list[str]:
        """The new messages that hold the text."""
        fresh = Counter(self.cast.texts(self.key)) - self.before
        return [shown for shown in fresh.elements() if text in shown]

    async def of(self, text: str, seconds: float = PATIENCE) -> str:
        """Waits for a new message that holds the text; the whole of it."""

        async def shown() -> bool:
            return bool(self.holding(text))

        await wait_until(shown, f"« {text[:60]} » chez {self.key}", seconds)
        return self.holding(text)[0]


@dataclass(slots=True)
class Town:
    """A Stage and a Cast, built, gathered, and shared by all tests of the story."""

    cast: Cast

    @property
    def stage(self) -> Stage:
        return self.cast.stage

    def news(self, key: str) -> News:
        return News(self.cast, key)

    def heard_by(self, key: str) -> list[str]:
        """What others, the service above all, wrote on that person's Element, oldest first."""
        me = self.cast.mxid(key)
        return [seen.text for seen in self.cast.timeline(key) if seen.sender != me]

    def poste(self, territory: str) -> str:
        return self.cast.scenery.room(Kind.POSTE, territory)

    def alertes(self, territory: str, trade: str) -> str:
        return self.cast.scenery.room(Kind.ALERTES, territory, trade)

    def group(self, kind: Kind, territory: str, trade: str = "") -> str:
        return self.cast.scenery.group(kind, territory, trade)

    async def ask(self, key: str, room: str, text: str, answer: str) -> str:
        """Somebody writes in a room; waits for what they then read."""
        news = self.news(key)
        await self.cast.elements[key].say(room, text)
        return await news.of(answer)

    async def shows(self, key: str, text: str, copies: int) -> None:
        """Waits until the person's phones show the text that many times."""
        await self.cast.receives(key, text, copies, PATIENCE)

    async def once_a_channel(self, text: str, keys: Iterable[str]) -> None:
        """Each shows the text once per channel."""
        for key in keys:
            await self.shows(key, text, len(self.cast.people[key].channels))

    async def sign(self, *keys: str, at: Clock = clock) -> None:
        """They sign the charter in force, as `maillage sign --readmit` does; `at` is the hour."""
        async with open_office(load_config(self.stage.config)) as office:
            signing = Signing(office.store, office.keys, at, office.world)
            async with office.store.transaction() as tx:
                members = await tx.members.everyone()
            for key in keys:
                address = self.cast.address(key)
                person = next(m for m in members if address in (m.mxid, m.signal, m.phone))
                shown = await signing.shown_to(person.id)
                await signing.sign(person.id, shown.hash, OPERATOR)
            await office.store.wake.ring(TOPIC)

    async def come_in(self, *keys: str) -> None:
        """Those who may be in are in every room and group of theirs."""
        await self.settled()
        await self.cast.look_around()
        inside = [key for key in keys if key in self.cast.elements]
        await asyncio.gather(*(self.cast.accept_invitations([key]) for key in inside))
        await self.settled()

    async def welcome(self, *people: Person) -> None:
        """More people, enrolled and signed; they come in with `come_in`."""
        cast = self.cast
        cast.people = {**cast.people, **{person.key: person for person in people}}
        for person in people:
            if person.on_element:
                await cast.open_element(person)
        await cast.enrol(people)
        await self.sign(*(person.key for person in people))

    async def farewell(self, *keys: str) -> None:
        """They are erased, and their phones put away."""
        for key in keys:
            await self.cast.maillage("shred", "member", self.cast.address(key))
            element = self.cast.elements.pop(key, None)
            if element is not None:
                await element.close()
        self.cast.people = {k: p for k, p in self.cast.people.items() if k not in keys}

    async def settled(self) -> None:
        """Waits until the service has nothing left to put right, as long as it gets less."""
        config = load_config(self.stage.config)
        async with open_office(config) as office, provisioning(office) as rooms:
            left = len(await rooms.plan())
            while left:
                left = await _fewer(rooms, left)

    async def standing_plan(self) -> Answer:
        return await self.cast.maillage("plan")

    async def signature(self, key: str) -> Signature | None:
        """The latest record of that person's signature."""
        member = self.cast.scenery.member(self.cast.address(key))
        config = load_config(self.stage.config)
        async with open_office(config) as office, office.store.transaction() as tx:
            return await tx.signatures.latest(member.id)

    async def is_outside(self, key: str) -> bool:
        """In no room, invited to none, in no Signal group."""
        element = self.cast.elements.get(key)
        if element is not None and (await element.seats() or element.invitations):
            return False
        return not self.circles(key)

    def circles(self, key: str) -> list[str]:
        """Names of the Signal groups that the person is in, or asked into."""
        aci = self.cast.aci(key)
        circles = self.stage.signal.world.register.circles.values()
        return [c.name for c in circles if aci in (*c.members, *c.pending)]

    async def restart(self) -> None:
        """The service reads its files again."""
        await self.stage.stop_service()
        await self.stage.restart_service()

    async def kill(self) -> None:
        """The service dies without a word."""
        child = self.stage.service
        assert child is not None
        child.process.kill()
        await child.process.wait()


async def _fewer(rooms: Membership, steps: int) -> int:
    """How many steps are left, once they are fewer."""
    left = steps

    async def are_fewer() -> bool:
        nonlocal left
        left = len(await rooms.plan())
        return left < steps

    await wait_until(are_fewer, f"Un plan de moins de {steps} pas", PATIENCE, 0.3)
    return left


async def open_town(folder: Path) -> Town:
    """Everything started, everybody in who may be."""
    ports = {name: any_free_port() for name in SERVICES}
    stage = Stage(folder / "state", ports, copy_world(folder))
    stage.postgres = fleeting(stage.state / "postgres")
    return await people_it(stage, townspeople())


async def people_it(stage: Stage, people: dict[str, Person]) -> Town:
    """Starts what the stage stands on, and lets these people in."""
    cast = Cast(stage, people)
    town = Town(cast)
    try:
        await stage.start_database()
        await stage.start_homeserver()
        await stage.start_standins()
        await stage.prepare_service()
        await cast.enter()
        await cast.enrol()
        signers = [key for key, person in cast.people.items() if person.signs]
        await town.sign(*signers)
        await cast.maillage("apply")
        await stage.start_service()
        await town.come_in(*signers)
        await cast.agree(signers)
    except BaseException:
        await close_town(town)
        raise
    return town


async def close_town(town: Town) -> None:
    await town.cast.leave()
    await town.stage.stop()
