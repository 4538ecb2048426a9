"""`provision`: rooms made a second by `apply`, against bare createRoom with the same state."""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass

from appservice.app import clock
from appservice.bench.beneath.crowd import each
from appservice.bench.country import country
from appservice.bench.lab import Lab
from appservice.bench.measure import in_turn
from appservice.bench.outcome import Outcome, Row
from appservice.domain.ids import UserId
from appservice.domain.membership import Step, desired, plan
from appservice.domain.membership.people_steps import PinWelcome
from appservice.domain.room import GOVERNED, DesiredRoom, Kind, RoomKey
from appservice.domain.world import World
from appservice.files.world import load_world, shipped_paths
from appservice.flows.membership import Membership, Ourselves
from appservice.matrix.api import Api, Json, segment
from appservice.matrix.crypto.share import MEGOLM
from appservice.matrix.rooms import Rooms, no_voice

GOAL = 0.9


@dataclass(slots=True)
class _Land:
    """Another land at each turn: an alias is taken once."""

    shipped: World
    communes: int
    number: int = 0

    def rooms(self) -> tuple[list[DesiredRoom], Sequence[Step]]:
        """What must be, and how `apply` is told. Welcomes need the device of the service."""
        self.number += 1
        land = country(self.shipped, self.communes, 0, clock(), first=self.number)
        wanted = desired(land.world, (), {}, clock())
        steps = [s for s in plan(wanted, (), {}, None) if not isinstance(s, PinWelcome)]
        return list(wanted.rooms.values()), steps


async def bench(lab: Lab) -> Outcome:
    """Spaces, rooms with their state and their links, nobody in them."""
    communes, rounds = (1, 1) if lab.quick else (3, 5)
    postgres = await lab.postgres("maillage", "synapse")
    homeserver = await lab.homeserver(postgres)
    dsn = postgres.dsn("maillage")
    bot = await lab.bot(homeserver, lab.matrix_settings(homeserver, dsn))
    store = await lab.store(dsn)
    shipped = load_world(shipped_paths())
    membership = Membership(
        store,
        Rooms(bot, homeserver.server_name, no_voice),
        None,
        lab.keys,
        clock,
        shipped,
        Ourselves(UserId(homeserver.bot)),
    )
    land = _Land(shipped, communes)
    count = len(land.rooms()[0])
    turns = itertools.count(1)

    async def ours() -> float:
        lab.say(f"{count} salons, tour {next(turns)} sur {rounds}")
        rooms, steps = land.rooms()
        start = time.perf_counter()
        applied = await membership.apply(steps)
        took = time.perf_counter() - start
        if not applied.complete:
            raise ConnectionError(applied.failures[0].code)
        return len(rooms) / took

    async def floor() -> float:
        rooms, _ = land.rooms()
        start = time.perf_counter()
        await _bare(bot, homeserver.server_name, rooms)
        return len(rooms) / (time.perf_counter() - start)

    row = Row(f"{count} salons", *await in_turn(rounds, ours, floor), rounds)
    goals = {f"rapport ≥ {GOAL:g}": row.ratio >= GOAL}
    what = "createRoom avec le même état, huit à la fois"
    return Outcome("provision", "salons/s", what, [row], goals)


async def _bare(bot: Api, server_name: str, rooms: list[DesiredRoom]) -> None:
    """Spaces first, then rooms; each child is named in its space."""
    ids: dict[RoomKey, str] = {}
    via = {"via": [server_name]}

    async def make(room: DesiredRoom) -> None:
        parent = ids.get(room.parent) if room.parent else None
        answer = await bot.call("POST", "/createRoom", _wish(room, parent, via))
        made = ids[room.key] = str(answer["room_id"])
        if parent is not None:
            path = f"/rooms/{segment(parent)}/state/m.space.child/{segment(made)}"
            await bot.call("PUT", path, via)

    roots = [room for room in rooms if room.parent is None]
    spaces = [room for room in rooms if room.key.kind is Kind.SPACE and room.parent is not None]
    others = [room for room in rooms if room.key.kind is not Kind.SPACE]
    for same in (roots, spaces, others):
        await each(same, make)


def _wish(room: DesiredRoom, parent: str | None, via: Json) -> Json:
    creation: Json = {"m.federate": False, GOVERNED: {"room": str(room.key)}}
    if room.key.kind is Kind.SPACE:
        creation["type"] = "m.space"
    state: list[tuple[str, str, Json]] = [
        ("m.room.history_visibility", "", {"history_visibility": "joined"}),
        ("m.room.join_rules", "", {"join_rule": "invite"}),
        ("m.room.guest_access", "", {"guest_access": "forbidden"}),
    ]
    if room.encrypted:
        state.append(("m.room.encryption", "", {"algorithm": MEGOLM}))
    if parent is not None:
        state.append(("m.space.parent", parent, {**via, "canonical": True}))
    return {
        "preset": "private_chat",
        "room_alias_name": room.alias,
        "name": room.name,
        "topic": room.topic,
        "creation_content": creation,
        "power_level_content_override": dict(room.power_levels),
        "initial_state": [
            {"type": kind, "state_key": key, "content": content} for kind, key, content in state
        ],
    }
