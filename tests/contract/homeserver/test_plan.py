"""From nothing to settled, and back after somebody's hand: the same walk on both homeservers."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from support.golden import person, small_world
from support.houses import House
from support.matrix_rig import utc_now
from support.memory_store import MemoryStore

from appservice.domain.enrolment import OPERATOR
from appservice.domain.ids import RoomId
from appservice.domain.member import Member
from appservice.domain.membership import Phase
from appservice.domain.room import Kind
from appservice.flows.enrolment import Enrolment
from appservice.flows.membership import Membership
from appservice.flows.signature import Signing

_numbers = itertools.count(1)


class Service:
    """The flows of membership over a store in memory and the house's homeserver."""

    def __init__(self, house: House, land: dict[str, Any]) -> None:
        world = small_world(land)
        self.house = house
        self.store = MemoryStore(utc_now)
        self.enrolment = Enrolment(
            self.store,
            utc_now,
            lambda: f"contrat-{next(_numbers)}",
            world,
            house.ourselves.server_name,
        )
        self.signing = Signing(self.store, house.seals, utc_now, world)
        self.membership = Membership(
            self.store, house.homeserver, None, house.seals, utc_now, world, house.ourselves
        )

    async def enrol(self, name: str, role: str, commune: str) -> Member:
        """Somebody of that commune, who has not signed yet."""
        facts = {
            "role": role,
            "commune": commune,
            "zones": [f"commune:{commune}"],
            "territory": f"contrat-{commune}",
        }
        wanted = replace(person(name, facts), mxid=await self.house.person())
        return await self.enrolment.enrol(wanted, OPERATOR)

    async def sign(self, member: Member) -> None:
        shown = await self.signing.shown_to(member.id)
        await self.signing.sign(member.id, shown.hash)

    async def rooms(self) -> dict[Kind, RoomId]:
        async with self.store.transaction() as tx:
            return {room.key.kind: room.room_id for room in await tx.rooms.all()}

    async def join_everywhere(self) -> None:
        async with self.store.transaction() as tx:
            rooms = [room.room_id for room in await tx.rooms.all()]
        for room in (await self.house.homeserver.snapshot(rooms)).values():
            for user, seat in room.seats.items():
                if seat.membership == "invite":
                    await self.house.join(room.room_id, user)

    async def phases(self) -> set[Phase]:
        return {step.phase for step in await self.membership.plan()}

    async def reconcile(self) -> None:
        applied = await self.membership.reconcile()
        assert applied.complete, applied.failures


@pytest.fixture
async def settle(house) -> Callable[[str], Any]:
    """A merchant and a gendarme of a commune, signed, invited, in; each test takes its commune."""

    async def settled(commune: str) -> tuple[Service, Member, Member]:
        service = Service(house, {"id": f"contrat-{commune}", "communes": [commune]})
        anne = await service.enrol("anne", "merchant", commune)
        camille = await service.enrol("camille", "gendarme", commune)
        await service.reconcile()
        assert await service.phases() == set()
        for member in (anne, camille):
            await service.sign(member)
        await service.reconcile()
        assert await service.phases() == set()
        await service.join_everywhere()
        assert await service.phases() == {Phase.WELCOMES}
        await service.reconcile()
        assert await service.phases() == set()
        return service, anne, camille

    return settled


async def test_everything_that_a_hand_can_change_is_put_right(settle, house):
    service, anne, _ = await settle("35001")
    rooms = await service.rooms()
    talk, poste = rooms[Kind.ECHANGES], rooms[Kind.POSTE]
    powers = {"users": {anne.mxid: 50}, "invite": 100}
    await house.homeserver.set_state(talk, "m.room.name", "", {"name": "Café"})
    await house.homeserver.set_state(talk, "m.room.topic", "", {"topic": ""})
    await house.homeserver.set_state(talk, "m.room.power_levels", "", powers)
    (space,) = (await house.homeserver.snapshot([talk]))[talk].parents
    await house.homeserver.set_state(space, "m.space.child", talk, {})
    await house.homeserver.invite(poste, anne.mxid, house.proof(poste, anne.mxid, 1000))
    stranger = await house.person()
    await house.homeserver.invite(talk, stranger, house.proof(talk, stranger, 1000))
    assert await service.phases() == {Phase.SETTINGS, Phase.LINKS, Phase.REMOVALS}
    await service.reconcile()
    assert await service.phases() == set()


async def test_revocation_empties_every_seat_and_a_new_signature_gives_them_back(settle, house):
    service, anne, camille = await settle("35002")
    applied = await service.membership.revoke(anne.id, camille.id)
    assert (applied.done, applied.complete) == (5, True)
    assert await service.phases() == set()
    shown = await service.signing.shown_to(anne.id)
    await service.signing.sign(anne.id, shown.hash, readmitted_by=camille.id)
    await service.reconcile()
    await service.join_everywhere()
    await service.reconcile()
    talk = (await service.rooms())[Kind.ECHANGES]
    seat = (await house.homeserver.snapshot([talk]))[talk].seats[anne.mxid]
    assert seat.membership == "join"
    assert await service.phases() == set()


async def test_who_leaves_stays_out_until_they_sign_again(settle, house):
    service, anne, _ = await settle("35003")
    talk = (await service.rooms())[Kind.ECHANGES]
    await house.leave(talk, anne.mxid)
    assert await service.phases() == set()


async def test_a_renewed_signature_renews_the_proofs_of_who_sits_there(settle, house):
    service, anne, _ = await settle("35004")
    talk = (await service.rooms())[Kind.ECHANGES]
    service.signing = replace(service.signing, clock=lambda: utc_now() + timedelta(hours=1))
    await service.sign(anne)
    async with service.store.transaction() as tx:
        signature = await tx.signatures.latest(anne.id)
    until = int(signature.valid_until.timestamp())
    assert await service.phases() == {Phase.PROOFS}
    await service.reconcile()
    assert (await house.homeserver.snapshot([talk]))[talk].seats[anne.mxid].until == until
    assert await service.phases() == set()
