"""Training over PostgreSQL: a column of the sheet, a mark in the console, shown in lists."""

import pytest
from aiohttp import FormData
from support.console import LIFFRE, MANTES, ConsoleTown, Person

from appservice.domain.console import Position
from appservice.domain.ids import MemberId
from appservice.domain.member import Member, Role

HEADER = "nom;commerce;metiers;commune;mobile;canaux;formation"


def line(name: str, number: int, trained: str = "") -> str:
    shop = f"Tabac {name}"
    return f"{name};{shop};buralistes;35152;06 39 98 30 {number:02};sms;{trained}"


async def sent(mairie: Person, *lines: str) -> str:
    """The sheet, looked at and then confirmed."""
    content = "\r\n".join((HEADER, *lines))
    await mairie.get("/importer")
    file = FormData({"jeton": mairie.token})
    file.add_field("sheet", content.encode(), filename="a.csv", content_type="text/csv")
    looked = await mairie.raw("POST", "/importer", data=file, headers={"Origin": mairie.origin})
    if "Inscrire ces personnes" not in looked.text:
        return looked.text
    return (await mairie.post(f"{looked.path}/inscrire")).text


async def people(town: ConsoleTown) -> dict[str, Member]:
    async with town.store.transaction() as tx:
        everyone = await tx.members.everyone(LIFFRE)
    return {one.name: one for one in everyone if one.role is Role.MERCHANT}


@pytest.mark.acceptance("S2-15")
async def test_a_column_of_the_sheet_says_who_was_trained(town: ConsoleTown):
    mairie = await town.mairie()
    wrong = await sent(mairie, line("Un", 1, "oui"))
    assert "Le jour de la formation" in wrong
    assert await people(town) == {}
    await sent(
        mairie, line("Un", 1, "21/09/2026"), line("Deux", 2), line("Trois", 3, "2026-09-21")
    )
    found = await people(town)
    assert {name for name, one in found.items() if one.trained} == {"Un", "Trois"}
    # The same sheet, completed later: nobody is enrolled twice, nobody loses their mark.
    await sent(mairie, line("Un", 1), line("Deux", 2, "01/10/2026"), line("Trois", 3))
    again = await people(town)
    assert [one.id for one in again.values()] == [one.id for one in found.values()]
    assert {name for name, one in again.items() if one.trained} == {"Un", "Deux", "Trois"}


@pytest.mark.acceptance("S2-15")
async def test_lists_show_it_and_the_mairie_marks_on_the_page_of_the_person(town: ConsoleTown):
    mairie = await town.mairie()
    trained, other = await town.merchant("Tanguy"), await town.merchant("Riou")
    page = await mairie.get(f"/participants/{trained.id}")
    assert "Noter comme formé" in page.text
    form = {"formation": "oui", "retour": "participant"}
    page = await mairie.post(f"/formation/{trained.id}", form)
    assert page.path == f"/participants/{trained.id}"
    assert town.clock().strftime("%d/%m/%Y") in page.text
    listed = (await mairie.get("/participants?formation=oui")).text
    assert trained.shop in listed
    assert other.shop not in listed
    assert "formation suivie" in listed
    listed = (await mairie.get("/participants?formation=non")).text
    assert other.shop in listed
    assert trained.shop not in listed
    assert (await mairie.get("/participants?formation=peut-etre")).status == 422
    file = (await mairie.get("/participants.csv?formation=oui")).text
    assert town.clock().strftime("%d/%m/%Y") in file


async def test_nobody_marks_elsewhere_without_the_form_or_whoever_is_nobody(town: ConsoleTown):
    merchant = await town.merchant("Tanguy")
    away = await town.outsider(Position.ASSOCIATION, MANTES)
    assert (await away.post(f"/formation/{merchant.id}", {"formation": "oui"})).status == 404
    assert (await away.post("/formation/nobody", {"formation": "oui"})).status == 404
    cci = await town.outsider(Position.ASSOCIATION, LIFFRE)
    path = f"/formation/{merchant.id}"
    assert (await cci.post(path, {"formation": "oui", "jeton": "faux"})).status == 403
    officer = await town.signed_in(await town.agent(Role.GENDARME))
    assert (await officer.post(path, {"formation": "oui"})).status == 403
    assert (await cci.get("/formation?page=x")).status == 422
    everywhere = await town.outsider(Position.ASSOCIATION)
    assert (await everywhere.get("/formation")).status == 403, "a list is of one land"
    async with town.store.transaction() as tx:
        person = await tx.members.get(MemberId(merchant.id))
    assert person is not None
    assert person.trained is None
