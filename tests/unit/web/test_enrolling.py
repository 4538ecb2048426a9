"""Enrolling in the browser, on one's own land only."""

import re
from typing import Any

import aiohttp
import pytest
from support.console import LIFFRE, MANTES, ConsoleTown, Page, Person

from appservice.domain.console import Position
from appservice.domain.member import Channel, Role

SIRET = "732 829 320 00074"
TABAC: dict[str, Any] = {
    "name": "Claire Tanguy",
    "shop": "Tabac de la Halle",
    "siret": SIRET,
    "trades": ["buralistes", "bijoutiers"],
    "commune": "35152",
    "phone": "06 39 98 00 03",
    "channels": ["sms", "matrix"],
    "mxid": "tanguy",
    "language": "fr",
}
NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|' /C calc'!A0",
    "{{70001*70001}}",
]


async def send(person: Person, path: str, form: dict[str, Any]) -> Page:
    """With fields that come several times, as boxes do."""
    data = aiohttp.FormData()
    for name, value in {"jeton": person.token, **form}.items():
        for one in value if isinstance(value, list) else [value]:
            data.add_field(name, one)
    return await person.raw("POST", path, data=data, headers={"Origin": person.origin})


async def merchants(town: ConsoleTown) -> list[Any]:
    async with town.store.transaction() as tx:
        return [m for m in await tx.members.everyone() if m.role is Role.MERCHANT]


async def test_a_mairie_enrols_a_merchant_and_sees_them_in_the_list(town: ConsoleTown):
    mairie = await town.mairie()
    await mairie.get("/inscrire")
    page = await send(mairie, "/inscrire", TABAC)
    assert page.path.startswith("/inscrit/")
    assert "Claire Tanguy, Tabac de la Halle, est au registre" in page.text
    [member] = await merchants(town)
    assert member.territory == LIFFRE
    assert member.siret == "73282932000074"
    assert member.trades == ("buralistes", "bijoutiers")
    assert member.channels == {Channel.SMS, Channel.MATRIX}
    assert member.phone == "+33639980003"
    assert member.mxid == "@tanguy:maillage.test"
    listed = await mairie.get("/participants")
    assert "Tabac de la Halle" in listed.text
    assert "Jamais signée" in listed.text
    act = town.store.acts[-1]
    assert (act.verb, act.subject) == ("enrol", member.id)
    assert act.actor != "operator", "the mairie's own member"


async def test_the_same_form_sent_twice_enrols_once(town: ConsoleTown):
    mairie = await town.mairie()
    await mairie.get("/inscrire")
    first = await send(mairie, "/inscrire", TABAC)
    again = await send(mairie, "/inscrire", TABAC)
    assert first.path == again.path
    assert len(await merchants(town)) == 1


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "Le nom manque."),
        ("name", "x" * 81, "80 caractères lisibles au plus"),
        ("shop", " ", "Le nom du commerce manque"),
        ("siret", "732 829 320 00075", "Ce SIRET est faux"),
        ("trades", [], "Au moins un métier."),
        ("trades", ["astronautes"], "Métier inconnu « astronautes »"),
        ("commune", "", "La commune du commerce manque."),
        ("commune", "75056 Paris", "Commune inconnue dans le territoire"),
        ("phone", "", "Le canal sms demande un numéro"),
        ("phone", "bonjour", "« bonjour » n&#39;est pas un numéro"),
        ("phone", "02 99 00 00 00", "n&#39;est pas un numéro de mobile"),
        ("channels", [], "Au moins un canal"),
        ("channels", ["pigeon"], "Canaux connus"),
        ("mxid", "@tanguy:ailleurs.fr", "doit être sur maillage.test"),
        ("language", "klingon", "Langue :"),
    ],
)
async def test_each_mistake_is_said_at_its_field_and_nothing_is_lost(
    town: ConsoleTown, field: str, value: Any, said: str
):
    mairie = await town.mairie()
    await mairie.get("/inscrire")
    page = await send(mairie, "/inscrire", {**TABAC, field: value})
    assert page.status == 422
    assert said in page.text
    assert f'href="#{field}"' in page.text
    assert re.search(rf'id="{field}"', page.text), "the link leads somewhere"
    if field != "name":
        assert 'value="Claire Tanguy"' in page.text
    assert await merchants(town) == []


@pytest.mark.parametrize("text", NASTY)
async def test_what_is_typed_stays_text_in_every_field(town: ConsoleTown, text: str):
    mairie = await town.mairie()
    await mairie.get("/inscrire")
    for field in TABAC:
        page = await send(mairie, "/inscrire", {**TABAC, field: text, "phone": text})
        assert "<script>" not in page.text
        assert "<img src=x" not in page.text
        assert "4900140001" not in page.text.split("<main")[1]
    await send(mairie, "/inscrire", {**TABAC, "name": text, "shop": text})
    for path in ("/participants", f"/participants?q={text[:5]}"):
        page = await mairie.get(path.replace("<", "%3C").replace('"', "%22").replace("{", "%7B"))
        assert "<script>" not in page.text
        assert "<img src=x" not in page.text


async def test_a_shop_that_may_be_there_already_is_asked_about(town: ConsoleTown):
    mairie = await town.mairie()
    await mairie.get("/inscrire")
    await send(mairie, "/inscrire", TABAC)
    other = {**TABAC, "name": "Yann Tanguy", "phone": "06 39 98 00 04", "mxid": "yann"}
    for twin in (other, {**other, "shop": "Autre enseigne"}, {**other, "siret": ""}):
        page = await send(mairie, "/inscrire", twin)
        assert page.status == 422
        assert "peut-être déjà inscrit" in page.text
        assert "Claire Tanguy, Tabac de la Halle" in page.text
    assert len(await merchants(town)) == 1
    await send(mairie, "/inscrire", {**other, "distinct": "oui"})
    assert len(await merchants(town)) == 2


async def test_an_address_that_is_taken_is_refused(town: ConsoleTown):
    mairie = await town.mairie()
    await mairie.get("/inscrire")
    await send(mairie, "/inscrire", TABAC)
    page = await send(mairie, "/inscrire", {**TABAC, "name": "Yann", "mxid": "yann"})
    assert page.status == 422
    assert "Déjà inscrit avec ce numéro." in page.text


async def test_nobody_else_enrols(town: ConsoleTown):
    others = [await town.signed_in(await town.agent(role)) for role in (
        Role.CHEF_DE_QUART, Role.GENDARME, Role.MUNICIPAL_POLICE,
    )]  # fmt: skip
    others += [await town.outsider(p) for p in Position if not p.is_member]
    lapsed = await town.signed_in(await town.agent(Role.MAIRIE, signed=False))
    for person in (*others, lapsed):
        await person.get("/droits")
        for path in ("/inscrire", "/importer", "/importer/absent/inscrire"):
            assert (await send(person, path, TABAC)).status == 403
        assert (await person.get("/participants")).status == 403
    assert await merchants(town) == []


async def test_a_mairie_sees_its_own_land_only(town: ConsoleTown):
    ours, theirs = await town.mairie(LIFFRE), await town.mairie(MANTES)
    await ours.get("/inscrire")
    page = await send(ours, "/inscrire", TABAC)
    assert (await ours.get(page.path)).status == 200
    assert (await theirs.get(page.path)).status == 404
    assert "Tabac de la Halle" not in (await theirs.get("/participants")).text
    assert "Tabac de la Halle" not in (await theirs.get("/participants?q=tabac")).text
    await theirs.get("/inscrire")
    stolen = {**TABAC, "territory": LIFFRE, "phone": "06 39 98 00 05", "mxid": "x"}
    refused = await send(theirs, "/inscrire", stolen)
    assert refused.status == 422, "Liffré is not a commune of Mantes' land"
    assert "Tabac de la Halle" not in refused.text.split("<form method")[0]
    assert (await ours.get("/inscrit/absent")).status == 404


async def test_the_list_is_filtered_by_the_state_of_charters(town: ConsoleTown):
    mairie = await town.mairie()
    await mairie.get("/inscrire")
    for number in (3, 4, 5):
        shop = {"shop": f"Tabac {number}", "phone": f"06 39 98 00 0{number}", "mxid": f"t{number}"}
        await send(mairie, "/inscrire", {**TABAC, **shop, "siret": ""})
    first, *_ = await merchants(town)
    await town.sign(first)
    assert "2 sur 4" in (await mairie.get("/participants?charte=never-signed")).text
    assert "2 sur 4" in (await mairie.get("/participants?charte=in-force")).text
    assert "0 sur 4" in (await mairie.get("/participants?charte=revoked")).text
