"""Agents enrolled and mended by their mairie: after a code, on its land, the poste being told."""

from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from support.console import LIFFRE, MANTES, ConsoleTown, Page, Person

from appservice.domain.console.account import CONFIRMED_FOR
from appservice.domain.ids import RoomId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.room import Kind, KnownRoom, RoomKey
from appservice.domain.territory import Level, Zone

PATH = "/inscrire/agent"
GENDARME: dict[str, Any] = {
    "name": "Nolwenn Kerboul",
    "role": "gendarme",
    "zones": ["departement:35"],
    "phone": "06 39 98 00 07",
    "channels": ["sms", "matrix"],
    "language": "fr",
}


async def send(person: Person, path: str = PATH, **changes: Any) -> Page:
    data = aiohttp.FormData()
    for name, value in {"jeton": person.token, **GENDARME, **changes}.items():
        for one in value if isinstance(value, list) else [value]:
            data.add_field(name, one)
    return await person.raw("POST", path, data=data, headers={"Origin": person.origin})


async def agents(town: ConsoleTown) -> list[Member]:
    async with town.store.transaction() as tx:
        everyone = await tx.members.everyone()
    return [m for m in everyone if not m.name.startswith("Camille")]


async def read(town: ConsoleTown, member: Member) -> Member:
    async with town.store.transaction() as tx:
        found = await tx.members.get(member.id)
    assert isinstance(found, Member)
    return found


@pytest.fixture
async def poste(town: ConsoleTown) -> RoomId:
    key = RoomKey(Kind.POSTE, Zone(Level.DEPARTMENT, "35"), LIFFRE)
    room = KnownRoom(key, RoomId("!poste:maillage.test"))
    async with town.store.transaction() as tx:
        await tx.rooms.remember(room)
    return room.room_id


def told(town: ConsoleTown, room: RoomId) -> list[str]:
    return [parcel.body for parcel in town.store.parcels if parcel.target == room]


async def test_an_agent_is_enrolled_once_and_the_poste_is_told(town: ConsoleTown, poste: RoomId):
    mairie = await town.mairie()
    await mairie.get(PATH)
    page = await send(mairie)
    assert page.path.startswith("/inscrit/")
    assert "Nolwenn Kerboul, gendarmerie, est au registre" in page.text
    assert (await send(mairie)).path == page.path, "twice is once"
    [agent] = await agents(town)
    assert (agent.role, agent.territory) == (Role.GENDARME, LIFFRE)
    assert agent.zones == (Zone(Level.DEPARTMENT, "35"),)
    assert agent.phone == "+33639980007"
    assert agent.channels == {Channel.SMS, Channel.MATRIX}
    assert (agent.shop, agent.trades, agent.commune) == ("", (), "")
    [said] = told(town, poste)
    assert said.startswith("Nolwenn Kerboul (gendarmerie, département 35) : inscription")
    act = town.store.acts[-1]
    assert (act.verb, act.subject, act.territory) == ("enrol", agent.id, LIFFRE)
    listed = await mairie.get(f"/participants/{agent.id}")
    assert "département 35" in listed.text
    assert "Remettre un lien de signature" in listed.text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "Le nom manque."),
        ("role", "", "Choisissez la fonction."),
        ("role", "merchant", "Choisissez la fonction."),
        ("role", "operator", "Choisissez la fonction."),
        ("zones", [], "Au moins une zone de compétence."),
        ("zones", ["departement:78"], "Au moins une zone de compétence."),
        ("communes", "Mantes-la-Jolie", "Une de ces communes n&#39;est pas dans votre territoire"),
        ("phone", "01 02", "pas un numéro de"),
        ("channels", ["pigeon"], "Canaux connus"),
        ("channels", [], "Au moins un canal"),
        ("mxid", "@a:matrix.org", "doit être sur maillage.test"),
        ("language", "xx", "Langue :"),
    ],
)
async def test_each_mistake_is_said_at_its_field(
    town: ConsoleTown, poste: RoomId, field: str, value: Any, said: str
):
    mairie = await town.mairie()
    await mairie.get(PATH)
    page = await send(mairie, **{field: value})
    assert page.status == 422
    assert said in page.text
    assert f'href="#{field}"' in page.text
    assert await agents(town) == []
    assert told(town, poste) == []


async def test_communes_are_typed_by_name_or_code(town: ConsoleTown):
    mairie = await town.mairie()
    await mairie.get(PATH)
    await send(mairie, zones=[], communes="Liffré ; 35236 Redon; 35152")
    [agent] = await agents(town)
    assert agent.zones == (Zone(Level.COMMUNE, "35152"), Zone(Level.COMMUNE, "35236"))


async def test_it_is_asked_for_a_code_and_for_the_mairie_alone(town: ConsoleTown):
    mairie = await town.mairie()
    await mairie.get("/")
    town.clock.advance(CONFIRMED_FOR + timedelta(seconds=1))
    door = await mairie.get(PATH, allow_redirects=False)
    assert door.headers["Location"].startswith("/confirmer?suite=/inscrire/agent")
    assert (await send(mairie)).status == 403
    for role in (Role.GENDARME, Role.MUNICIPAL_POLICE, Role.CHEF_DE_QUART):
        other = await town.signed_in(await town.agent(role))
        await other.get("/")
        assert (await other.get(PATH)).status == 403
        assert (await send(other)).status == 403
    assert await agents(town) == []


async def test_the_form_shows_what_is_known_and_another_function_is_told(
    town: ConsoleTown, poste: RoomId
):
    mairie = await town.mairie()
    await mairie.get(PATH)
    await send(mairie, zones=["departement:35", "commune:35236"])
    [agent] = await agents(town)
    path = f"/participants/{agent.id}/agent"
    page = await mairie.get(path)
    assert 'value="departement:35" id="zones" checked' in page.text or "checked" in page.text
    assert 'value="gendarme" selected' in page.text
    same = await send(mairie, path, zones=["departement:35", "commune:35236"])
    assert same.path == f"/participants/{agent.id}"
    assert len(told(town, poste)) == 1, "nothing has changed"
    await send(mairie, path, role="municipal_police", zones=["commune:35236"])
    after = await read(town, agent)
    assert (after.role, after.zones) == (Role.MUNICIPAL_POLICE, (Zone(Level.COMMUNE, "35236"),))
    assert told(town, poste)[-1].startswith("Nolwenn Kerboul (police municipale, Redon)")
    act = town.store.acts[-1]
    assert (act.verb, act.codes) == ("member.edit", ("role", "zones"))
    wrong = await send(mairie, path, name="")
    assert wrong.status == 422
    assert await read(town, agent) == after


async def test_another_person_or_another_land_is_not_edited(town: ConsoleTown):
    mairie, elsewhere = await town.mairie(), await town.mairie(MANTES)
    agent = await town.agent(Role.GENDARME)
    path = f"/participants/{agent.id}/agent"
    for person in (mairie, elsewhere):
        await person.get("/")
    assert (await elsewhere.get(path)).status == 404
    assert (await send(elsewhere, path)).status == 404
    merchant = await town.merchant("Tanguy")
    assert (await mairie.get(f"/participants/{merchant.id}/agent")).status == 404
    assert (await send(mairie, f"/participants/{merchant.id}/agent")).status == 404
    refused = await send(mairie, path, name="Quelqu'un d'Autre", phone=agent.phone or "")
    assert refused.status == 422
    assert "celui d&#39;une autre personne" in refused.text
    assert await read(town, agent) == agent


async def test_nobody_gives_themselves_another_function(town: ConsoleTown):
    member = await town.agent(Role.MAIRIE)
    mairie = await town.signed_in(member)
    await mairie.get("/")
    path = f"/participants/{member.id}/agent"
    page = await send(mairie, path, name=member.name, role="chef_de_quart", phone=member.phone)
    assert page.status == 403
    assert "votre propre fiche" in page.text
    assert (await read(town, member)).role is Role.MAIRIE
    assert path not in (await mairie.get(f"/participants/{member.id}")).text


async def test_what_is_typed_is_shown_as_text(town: ConsoleTown):
    mairie = await town.mairie()
    await mairie.get(PATH)
    nasty = '"><img src=x onerror=alert(1)>'
    page = await send(mairie, name=nasty, communes=nasty, mxid=nasty, phone=nasty, role=nasty)
    assert page.status == 422
    assert "<img src=x" not in page.text
    done = await send(mairie, name=nasty)
    assert "<img src=x" not in done.text
    assert "<img src=x" not in (await mairie.get("/participants")).text
