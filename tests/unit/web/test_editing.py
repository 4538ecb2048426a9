"""Mending what the register says of a merchant: in its place, once, and on one's own land."""

import re
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from support.console import LIFFRE, MANTES, ConsoleTown, Page, Person

from appservice.domain.console import Position
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.telephone.consent import Agreed, Asked
from appservice.flows.reconciliation import TOPIC

SAME: dict[str, Any] = {
    "name": "Tanguy",
    "shop": "Tabac Tanguy",
    "siret": "",
    "trades": ["buralistes"],
    "commune": "35152",
    "channels": ["sms"],
    "mxid": "@tanguy:maillage.test",
    "language": "fr",
}


async def sent(person: Person, member: Member, **changes: Any) -> Page:
    data = aiohttp.FormData()
    phone = {"phone": member.phone or ""}
    for name, value in {"jeton": person.token, **SAME, **phone, **changes}.items():
        for one in value if isinstance(value, list) else [value]:
            data.add_field(name, one)
    path = f"/participants/{member.id}/modifier"
    return await person.raw("POST", path, data=data, headers={"Origin": person.origin})


async def read(town: ConsoleTown, member: Member) -> Member:
    async with town.store.transaction() as tx:
        found = await tx.members.get(member.id)
    assert isinstance(found, Member)
    return found


async def edits(town: ConsoleTown) -> list[tuple[str, ...]]:
    return [act.codes for act in town.store.acts if act.verb == "member.edit"]


@pytest.fixture
async def shop(town: ConsoleTown) -> Member:
    made = replace(await town.merchant("Tanguy"), signal="0b1c2d3e-0000-4000-8000-123456789abc")
    async with town.store.transaction() as tx:
        await tx.members.save(made)
    return made


async def test_the_form_shows_what_is_known_and_writes_what_has_changed(
    town: ConsoleTown, shop: Member
):
    mairie = await town.mairie()
    page = await mairie.get(f"/participants/{shop.id}")
    assert f'href="/participants/{shop.id}/modifier"' in page.text
    page = await mairie.get(f"/participants/{shop.id}/modifier")
    assert 'value="Tabac Tanguy"' in page.text
    assert re.search(r'value="buralistes"[^>]* checked', page.text)
    done = await sent(
        mairie, shop, shop="Tabac du Port", commune="35236", trades=["bijoutiers"], language="es"
    )
    assert done.path == f"/participants/{shop.id}"
    assert "Tabac du Port" in done.text
    found = await read(town, shop)
    assert found == replace(
        shop, shop="Tabac du Port", commune="35236", trades=("bijoutiers",), language="es"
    )
    assert TOPIC in town.rung, "rooms follow at once"
    [codes] = await edits(town)
    assert set(codes) == {"shop", "commune", "trades", "language"}
    assert "Port" not in str(town.store.acts)


async def test_the_same_form_twice_is_once_and_nothing_changed_is_nothing(
    town: ConsoleTown, shop: Member
):
    mairie = await town.mairie()
    await mairie.get(f"/participants/{shop.id}/modifier")
    assert (await sent(mairie, shop)).path == f"/participants/{shop.id}"
    assert await edits(town) == []
    for _ in range(2):
        await sent(mairie, shop, shop="Tabac du Port")
    assert await edits(town) == [("shop",)]


async def test_another_mobile_is_asked_again_before_any_text(town: ConsoleTown, shop: Member):
    mairie = await town.mairie()
    await mairie.get(f"/participants/{shop.id}/modifier")
    await sent(mairie, shop, phone="06 39 98 00 77", channels=["sms", "signal"])
    found = await read(town, shop)
    assert (found.phone, found.signal) == ("+33639980077", None)
    async with town.store.transaction() as tx:
        asked = await tx.telephone.consents.of("+33639980077")
        former = await tx.telephone.consents.of(shop.phone)
    assert isinstance(asked.stage, Asked), "the former OUI was of another number"
    assert isinstance(former.stage, Agreed)
    [question] = [p for p in town.store.parcels if p.target == "+33639980077"]
    assert "OUI" in question.body


async def test_another_person_is_another_enrolment(town: ConsoleTown, shop: Member):
    mairie = await town.mairie()
    await mairie.get(f"/participants/{shop.id}/modifier")
    page = await sent(mairie, shop, name="Yann Morvan")
    assert page.status == 422
    assert "Ce nom est celui d&#39;une autre personne" in page.text
    assert "faites-lui signer la charte" in page.text
    assert await read(town, shop) == shop
    mended = await sent(mairie, shop, name="Tangui")
    assert mended.status == 200
    assert (await read(town, shop)).name == "Tangui"


async def test_before_any_signature_a_name_is_still_free(town: ConsoleTown, shop: Member):
    fresh = replace(shop, id=MemberId("fresh"), phone="+33639980099", mxid=None, signal=None)
    fresh = replace(fresh, shop="Presse du Lac")
    async with town.store.transaction() as tx:
        await tx.members.save(fresh)
    mairie = await town.mairie()
    await mairie.get("/participants/fresh/modifier")
    await sent(mairie, fresh, name="Yann Morvan", mxid="", shop="Presse du Lac")
    assert (await read(town, fresh)).name == "Yann Morvan"


async def test_an_account_and_an_address_of_somebody_else_are_refused(
    town: ConsoleTown, shop: Member
):
    other = await town.merchant("Morvan")
    mairie = await town.mairie()
    await mairie.get(f"/participants/{shop.id}/modifier")
    page = await sent(mairie, shop, phone=other.phone)
    assert (page.status, "Déjà inscrit avec ce numéro." in page.text) == (422, True)
    page = await sent(mairie, shop, mxid="autre")
    assert (page.status, "ne se change pas ici" in page.text) == (422, True)
    page = await sent(mairie, shop, siret="732 829 320 00075")
    assert (page.status, "Ce SIRET est faux" in page.text) == (422, True)
    assert await read(town, shop) == shop


async def test_a_shop_that_becomes_anothers_is_asked_about_once(town: ConsoleTown, shop: Member):
    await town.merchant("Morvan")
    mairie = await town.mairie()
    await mairie.get(f"/participants/{shop.id}/modifier")
    page = await sent(mairie, shop, shop="TABAC morvan")
    assert page.status == 422
    assert "Morvan, Tabac Morvan" in page.text
    assert await read(town, shop) == shop
    await sent(mairie, shop, shop="TABAC morvan", distinct="oui")
    assert (await read(town, shop)).shop == "TABAC morvan"
    assert (await sent(mairie, shop, shop="Tabac Morvan", language="en")).status == 200


async def test_nobody_else_edits_and_nobody_elses(town: ConsoleTown, shop: Member):
    path = f"/participants/{shop.id}/modifier"
    theirs = await town.mairie(MANTES)
    await theirs.get("/inscrire")
    assert (await theirs.get(path)).status == 404
    assert (await sent(theirs, shop, shop="Volé")).status == 404
    others = [await town.signed_in(await town.agent(role)) for role in (
        Role.CHEF_DE_QUART, Role.GENDARME, Role.MUNICIPAL_POLICE,
    )]  # fmt: skip
    others += [await town.outsider(p) for p in Position if not p.is_member]
    others.append(await town.signed_in(await town.agent(Role.MAIRIE, signed=False)))
    for person in others:
        await person.get("/droits")
        assert (await person.get(path)).status == 403
        assert (await sent(person, shop, shop="Volé")).status == 403
    ours = await town.mairie(LIFFRE)
    await ours.get(path)
    ours.token = "f" * 64
    assert (await sent(ours, shop, shop="Volé")).status == 403, "not from our page"
    agent = await town.agent(Role.GENDARME)
    assert (await ours.get(f"/participants/{agent.id}/modifier")).status == 404
    assert (await ours.get("/participants/absent/modifier")).status == 404
    assert await read(town, shop) == shop


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
async def test_what_is_typed_stays_text(town: ConsoleTown, shop: Member, text: str):
    mairie = await town.mairie()
    await mairie.get(f"/participants/{shop.id}/modifier")
    for field in (*SAME, "phone"):
        page = await sent(mairie, shop, **{field: text, "trades": [text]})
        assert page.status == 422
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    await sent(mairie, shop, shop=text)
    for path in (f"/participants/{shop.id}", f"/participants/{shop.id}/modifier", "/participants"):
        page = await mairie.get(path)
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text


async def test_a_way_to_be_reached_is_changed(town: ConsoleTown, shop: Member):
    mairie = await town.mairie()
    await mairie.get(f"/participants/{shop.id}/modifier")
    await sent(mairie, shop, channels=["matrix"])
    assert (await read(town, shop)).channels == {Channel.MATRIX}
    assert (await read(town, shop)).signal == shop.signal, "the number is the same"
