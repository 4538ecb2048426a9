"""Golden cases of membership: a settled place, what happened, and the steps that put it right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from appservice.domain.charter import Signature
from appservice.domain.ids import Insee, MemberId, RoomId, TradeId, UserId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.territory import Level, Territory, Trade, Zone
from appservice.domain.world import World
from appservice.files.communes import communes_of
from appservice.flows.membership import Membership, Ourselves
from bridges.protocol import Group
from support.bridges import FakeBridge
from support.homeserver_sim import SimulatedHomeserver
from support.land import NOW, shipped_world, user
from support.memory_store import MemoryStore

TERRITORY = "essai"
OURSELVES = Ourselves(UserId("@maillage:maillage.test"), "aci-service")


@dataclass
class PlainSeals:
    """Signs with the length of what it signs: enough to see that something was signed."""

    signed: list[bytes] = field(default_factory=list)

    def sign(self, payload: bytes) -> str:
        self.signed.append(payload)
        return f"sealed-{len(payload)}"


def small_world(land: Mapping[str, Any] | None = None) -> World:
    """One territory: Liffré and its tobacconists, unless the case says otherwise."""
    land = land or {}
    communes = communes_of("35")
    codes = [Insee(str(code)) for code in land.get("communes", ["35152"])]
    trades = land.get("trades", {"buralistes": "commune"})
    territory = Territory(
        id=land.get("id", TERRITORY),
        name="Essai",
        department="35",
        communes={code: communes[code] for code in codes},
        trades={TradeId(t): Trade(TradeId(t), t, Level(level)) for t, level in trades.items()},
        poste_level=Level(land.get("poste", "commune")),
        charters={"merchant": "charte-commercants", "agent": "charte-agents"},
        contact="la mairie",
    )
    world = shipped_world()
    charters = dict(world.charters)
    for charter in land.get("new_charters", []):
        charters[charter] = replace(charters[charter], text="Autre texte.", version="2027-1")
    return replace(world, territories={territory.id: territory}, charters=charters)


def person(name: str, facts: Mapping[str, Any]) -> Member:
    """`{role, commune, trades, zones, channels}`, a tobacconist of Liffré by default."""
    role = Role(facts.get("role", "merchant"))
    channels = frozenset(Channel(c) for c in facts.get("channels", ["matrix"]))
    zones = [zone.split(":") for zone in facts.get("zones", ["commune:35152"])]
    merchant = role is Role.MERCHANT
    return Member(
        id=MemberId(name),
        role=role,
        name=name.title(),
        territory=facts.get("territory", TERRITORY),
        shop=f"Chez {name.title()}" if merchant else "",
        trades=tuple(TradeId(t) for t in facts.get("trades", ["buralistes"])) if merchant else (),
        commune=Insee(str(facts.get("commune", "35152"))) if merchant else Insee(""),
        zones=() if merchant else tuple(Zone(Level(level), code) for level, code in zones),
        channels=channels,
        mxid=user(name) if Channel.MATRIX in channels else None,
        phone="+33639980000" if Channel.SMS in channels else None,
        signal=f"aci-{name}" if Channel.SIGNAL in channels else None,
    )


def signature(member: Member, facts: Mapping[str, Any]) -> Signature | None:
    """As `signed` says: `in-force` (by default), `never`, `expired`, `revoked` or a date."""
    state = facts.get("signed", "in-force")
    merchant = member.role is Role.MERCHANT
    charter = shipped_world().charters["charte-commercants" if merchant else "charte-agents"]
    if state == "never":
        return None
    at = NOW - timedelta(days=400 if state == "expired" else 1)
    if isinstance(state, datetime):
        at = state.replace(tzinfo=NOW.tzinfo)
    return Signature(
        member.id,
        charter.id,
        charter.version,
        charter.hash,
        at,
        at + timedelta(days=365),
        revoked_at=NOW - timedelta(hours=1) if state == "revoked" else None,
    )


class Place:
    """A service, a homeserver and Signal, in memory."""

    def __init__(self) -> None:
        self.now = NOW
        self.store = MemoryStore(lambda: self.now)
        self.homeserver = SimulatedHomeserver()
        self.signal = FakeBridge("signal")
        self.seals = PlainSeals()

    async def play(self, case: Mapping[str, Any]) -> Membership:
        """Settles the case's `before`, lets its deeds happen; the answer sees its `now`."""
        land = case.get("territory")
        if "before" in case:
            await self.people(case["before"]["people"])
            await self.settle(small_world(land))
        for deed in case.get("by_hand", []):
            self.happen(deed)
        for title, members in case.get("foreign_groups", {}).items():
            self.signal.groups[title] = Group(title, title, "", frozenset(members))
        now = case.get("now", {})
        if "people" in now:
            await self.people(now["people"])
        self.signal.down = case.get("signal_down", False)
        return self.membership(small_world(now.get("territory", land)))

    def membership(self, world: World) -> Membership:
        return Membership(
            self.store,
            self.homeserver,
            self.signal,
            self.seals,
            lambda: self.now,
            world,
            OURSELVES,
        )

    async def people(self, people: Mapping[str, Mapping[str, Any] | None]) -> None:
        """The register holds these people and their signatures, and nobody else."""
        self.store.tables.members.clear()
        self.store.tables.signatures.clear()
        async with self.store.transaction() as tx:
            for name, facts in people.items():
                member = person(name, facts or {})
                await tx.members.save(member)
                signed = signature(member, facts or {})
                if signed is not None:
                    await tx.signatures.add(signed)

    async def settle(self, world: World) -> None:
        """Everything is made, everybody has joined, and nothing is left to do."""
        membership = self.membership(world)
        for _ in range(3):
            applied = await membership.reconcile()
            assert applied.complete, applied.failures
            self.homeserver.join_everywhere()
        assert await membership.plan() == ()

    def happen(self, deed: Mapping[str, Any]) -> None:
        """One deed of `by_hand`: `{room: alias, …fields}` or `{group: title, …fields}`."""
        if "group" in deed:
            self._happen_to_group(deed)
        else:
            self._happen_to_room(deed)

    def _happen_to_room(self, deed: Mapping[str, Any]) -> None:
        room = self.homeserver.named(f"maillage_{deed['room']}")
        for verb, value in deed.items():
            if verb == "put_in":
                self.homeserver.put_in(room, user(value), deed.get("as", "join"))
            elif verb == "leaves":
                self.homeserver.leave(room, user(value))
            elif verb == "comes":
                self.homeserver.join(room, user(value))
            elif verb == "vanishes":
                del self.homeserver.rooms[room]
                self.homeserver.aliases.pop(f"maillage_{deed['room']}")
            elif verb in {"children", "parents"}:
                self.homeserver.tamper(room, **{verb: frozenset(RoomId(r) for r in value)})
            elif verb not in {"room", "as"}:
                self.homeserver.tamper(room, **{verb: value})

    def _happen_to_group(self, deed: Mapping[str, Any]) -> None:
        group = next(g for g in self.signal.groups.values() if g.title == deed["group"])
        changes = {
            field: frozenset(value) if isinstance(value, Sequence) and field in _SETS else value
            for field, value in deed.items()
            if field != "group"
        }
        self.signal.groups[group.id] = replace(group, **changes)


_SETS = {"members", "pending", "requesting"}


def read_case(path: Path) -> dict[str, Any]:
    """The case, as YAML holds it."""
    case = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    assert isinstance(case, dict)
    return case
