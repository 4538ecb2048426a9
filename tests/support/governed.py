"""A governed room and the people around it, as the gate's attackers would like to find it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appservice.demo.child import wait_until
from appservice.demo.homeserver import Homeserver
from appservice.demo.ports import is_free
from support.client import Answer, Client
from support.homeserver import MakeAccount
from support.proofs import CHARTER, Signer, unix_now

MERCHANT = pytest.param(0, id="merchant", marks=pytest.mark.acceptance("S0-02"))
AGENT = pytest.param(50, id="agent", marks=pytest.mark.acceptance("S0-03"))

GOVERNED = {"m.federate": False, CHARTER: {}}
ENCRYPTED = {
    "type": "m.room.encryption",
    "state_key": "",
    "content": {"algorithm": "m.megolm.v1.aes-sha2"},
}


def governed_room(**changes: Any) -> dict[str, Any]:
    """What the service asks of the homeserver for one of its rooms."""
    wish: dict[str, Any] = {
        "preset": "private_chat",
        "name": "Buralistes – alertes",
        "creation_content": GOVERNED,
        "initial_state": [ENCRYPTED],
    }
    return wish | changes


@dataclass(frozen=True, slots=True)
class World:
    """One room. Its power levels let everything through: the gate alone stands in the way."""

    room: str
    bot: Client
    signer: Signer
    member: Client  # in the room by a valid proof, with every power a person can have
    person: Client  # whose charter is in question
    root: Client  # administrator of the server

    async def invite(self, proof: object, user: Client | None = None) -> Answer:
        """The bot invites, its invite carrying whatever proof is given."""
        invited = (user or self.person).mxid
        content = {"membership": "invite", CHARTER: proof}
        return await self.bot.put_state(self.room, "m.room.member", content, invited)

    async def admit(self, seconds: float = 3600) -> dict[str, object]:
        """The person comes in by the right door; the proof used is returned."""
        proof = self.signer.proof(self.room, self.person.mxid, seconds)
        assert (await self.invite(proof)).ok
        assert (await self.person.join(self.room)).ok
        return proof

    async def renew(self, proof: object, by: Client | None = None) -> Answer:
        key = self.person.mxid.removeprefix("@")
        return await (by or self.bot).put_state(self.room, CHARTER, proof, key)


async def build_world(bot: Client, signer: Signer, people: dict[str, Client], power: int) -> World:
    """Make the room; `power` is the power level that waits there for the person."""
    levels = {
        "users": {people["member"].mxid: 100, people["person"].mxid: power},
        "invite": 0,
        "events_default": 0,
        "state_default": 0,
        "events": {"m.room.tombstone": 100, "m.room.power_levels": 50},
    }
    room = await bot.create_room(**governed_room(power_level_content_override=levels))
    world = World(room["room_id"], bot, signer, **people)
    proof = signer.proof(world.room, world.member.mxid)
    assert (await world.invite(proof, world.member)).ok
    assert (await world.member.join(world.room)).ok
    return world


@pytest.fixture(scope="module")
def signer(charter_key: Ed25519PrivateKey) -> Signer:
    return Signer(charter_key)


@pytest.fixture(scope="module", params=[MERCHANT, AGENT])
def power(request: pytest.FixtureRequest) -> int:
    """An agent is somebody whose power level in the room is higher. The gate does not care."""
    level: int = request.param
    return level


@pytest.fixture(scope="module")
async def regulars(make_account: MakeAccount) -> dict[str, Client]:
    """Those who are not in question: a member of every room, an administrator of the server."""
    return {"member": await make_account("membre"), "root": await make_account("root", admin=True)}


@pytest.fixture
async def world(
    homeserver: Homeserver,
    bot: Client,
    signer: Signer,
    make_account: MakeAccount,
    regulars: dict[str, Client],
    power: int,
) -> AsyncIterator[World]:
    assert is_free(homeserver.plan.service_port), "these tests want the service down"
    people = {**regulars, "person": await make_account("personne")}
    world = await build_world(bot, signer, people, power)
    yield world
    assert world.root.mxid not in await bot.joined(world.room)


async def end_of(moment: object) -> None:
    """Wait until a proof has run out by the clock."""
    assert isinstance(moment, int)

    async def passed() -> bool:
        return unix_now() > moment

    await wait_until(passed, "the end of a proof", 15)
