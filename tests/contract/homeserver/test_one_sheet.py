"""Merchants by the sheet, from the mairie's file to the rooms of a real homeserver."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.console import ConsoleTown, Page, Person
from support.golden import small_world
from support.houses import RealHouse
from support.matrix_rig import Rig, utc_now
from support.signing import filled, handed_code, send
from support.store_builders import HandClock, counted_ids

from appservice.domain.member import Member, Role
from appservice.domain.membership import Step
from appservice.domain.room import Kind
from appservice.files.keys import make_keys
from appservice.flows.membership import Membership
from appservice.flows.signature import Signing
from appservice.store.migrate import migrate
from appservice.store.postgres import PgStore, connect

pytestmark = pytest.mark.e2e

LAND, COMMUNE, MANY = "contrat-35009", "35009", 150


@pytest.fixture
def house(real_rig: Rig, charter_key: Ed25519PrivateKey, http: aiohttp.ClientSession) -> RealHouse:
    return RealHouse(real_rig, charter_key, http)


@pytest_asyncio.fixture
async def town(
    fresh_database: Callable[[], Awaitable[str]], tmp_path: Path
) -> AsyncIterator[ConsoleTown]:
    dsn = await fresh_database()
    await migrate(dsn)
    clock = HandClock(utc_now())
    store = await connect(dsn, make_keys(tmp_path / "keys"), clock, counted_ids())
    world = small_world({"id": LAND, "communes": [COMMUNE]})
    opened = await ConsoleTown(store, clock, counted_ids(), world).open()
    yield opened
    await opened.close()
    await store.close()


def a_sheet(server: str, **mistakes: str) -> str:
    """As a mairie fills it in; `mistakes` replace a whole line, by its number in the file."""
    lines = ["nom;commerce;metiers;commune;canaux;element"]
    lines += [
        f"Personne {n};Tabac numéro {n};buralistes;{COMMUNE};element;@feuille{n}:{server}"
        for n in range(MANY)
    ]
    for number, line in mistakes.items():
        lines[int(number.removeprefix("line")) - 1] = line
    return "\r\n".join(lines)


async def upload(mairie: Person, text: str) -> Page:
    await mairie.get("/importer")
    data = aiohttp.FormData()
    data.add_field("jeton", mairie.token)
    data.add_field("sheet", text.encode(), filename="commercants.csv", content_type="text/csv")
    return await mairie.raw("POST", "/importer", data=data, headers={"Origin": mairie.origin})


async def stood_still(mairie: Person, page: Page) -> Page:
    """Once the service is through with the sheet."""
    async with asyncio.timeout(60):
        while 'data-still="yes"' not in page.text:
            page = await mairie.get(page.path)  # waits a moment by itself
    return page


async def merchants(store: PgStore) -> list[Member]:
    async with store.transaction() as tx:
        return [m for m in await tx.members.everyone(LAND) if m.role is Role.MERCHANT]


async def shared_steps(membership: Membership) -> list[Step]:
    """What is left to do in rooms that several share."""
    return [step for step in await membership.plan() if step.key.kind is not Kind.GUICHET]


async def signed_by_link(town: ConsoleTown, mairie: Person, member: Member) -> None:
    """On the page that the mairie printed, with the code that it said aloud."""
    await mairie.get(f"/participants/{member.id}")
    printed = await mairie.post(f"/participants/{member.id}/lien")
    found = re.search(r"<code>https?://[^/<]+(/signer/[^<]+)</code>", printed.text)
    assert found is not None
    reader, path = town.visitor(), found[1]
    form = filled(await reader.get(path), handed_code(printed), name=member.name)
    done = await send(reader, path, form)
    assert done.path == f"{path}/fait", done.text


@pytest.mark.acceptance("S2-09")
async def test_S2_09_150_merchants_of_one_sheet_are_enrolled_invited_and_listed(
    town: ConsoleTown, house: RealHouse
):
    server = house.ourselves.server_name
    mairie = await town.mairie(LAND)
    wrong = a_sheet(
        server,
        line3=f"Personne;Tabac;astronautes;{COMMUNE};element;@x:{server}",
        line77=f"Personne;Tabac;buralistes;Paris;pigeon;@y:{server}",
    )
    refused = await stood_still(mairie, await upload(mairie, wrong))
    faults = re.findall(r"<tr><td>(\d+)</td><td>(\w+)</td>", refused.text)
    assert faults == [("3", "metiers"), ("77", "canaux"), ("77", "commune")]
    assert (await mairie.post(f"{refused.path}/inscrire")).status == 409
    assert await merchants(town.store) == [], "nobody, while anything is wrong"

    looked = await stood_still(mairie, await upload(mairie, a_sheet(server)))
    done = await stood_still(mairie, await mairie.post(f"{looked.path}/inscrire"))
    assert f"Au registre : {MANY}." in done.text
    enrolled = await merchants(town.store)
    assert len(enrolled) == MANY
    listed = await mairie.get("/participants?charte=never-signed")
    assert f"{MANY} sur {MANY + 1}" in listed.text

    # Each is handed a link of their own and signs by it: two here, the others at the desk.
    for member in enrolled[:2]:
        await signed_by_link(town, mairie, member)
    signing = Signing(town.store, house.seals, town.clock, town.world)
    for member in enrolled[2:]:
        await signing.sign(member.id, (await signing.shown_to(member.id)).hash)
    listed = await mairie.get("/participants?charte=in-force&metier=buralistes")
    assert f"{MANY} sur {MANY + 1}" in listed.text
    assert 'page=3"' in listed.text

    membership = Membership(
        *(town.store, house.homeserver, None, house.seals, utc_now, town.world),
        house.ourselves,
    )
    # Not their guichets: 150 rooms more, each made as the test of one is.
    applied = await membership.apply(await shared_steps(membership))
    assert applied.complete, applied.failures
    async with town.store.transaction() as tx:
        [alertes] = await tx.rooms.of(LAND, Kind.ALERTES)
    seats = (await house.homeserver.snapshot([alertes.room_id]))[alertes.room_id].seats
    invited = {user for user, seat in seats.items() if seat.membership == "invite"}
    assert invited == {member.mxid for member in enrolled}
    assert await shared_steps(membership) == []
