"""A sheet of merchants in the browser: given, looked at, confirmed, and nobody else's."""

import io
import re
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from support.console import LIFFRE, MANTES, ConsoleTown, Page, Person

from appservice.domain.console import Position
from appservice.domain.member import Role
from appservice.web.enrolling import sheet

FAULT = re.compile(r"<tr><td>(\d+)</td><td>([\w ]*)</td><td>(.*?)</td>")


async def upload(person: Person, content: bytes) -> Page:
    """To the page of the sheet, which is through with it by then."""
    await person.get("/importer")
    data = aiohttp.FormData()
    data.add_field("jeton", person.token)
    data.add_field(
        "sheet", io.BytesIO(content), filename="commercants.csv", content_type="text/csv"
    )
    return await person.raw("POST", "/importer", data=data, headers={"Origin": person.origin})


async def enrol(person: Person, page: Page) -> Page:
    return await person.post(f"{page.path}/inscrire")


async def merchants(town: ConsoleTown) -> list[Any]:
    async with town.store.transaction() as tx:
        return [m for m in await tx.members.everyone() if m.role is Role.MERCHANT]


def a_sheet(count: int, first: int = 0, **changes: str) -> str:
    lines = [";".join(sheet.COLUMNS)]
    for n in range(first, first + count):
        words = {
            "nom": f"Personne {n}",
            "commerce": f"Commerce {n}",
            "metiers": "buralistes",
            "commune": "35152 Liffré",
            "mobile": f"06 39 98 {n // 100:02} {n % 100:02}",
            "canaux": "sms",
            **changes,
        }
        lines.append(";".join(words.get(c, "") for c in sheet.COLUMNS))
    return "\r\n".join(lines) + "\r\n\r\n"


async def test_a_hundred_and_fifty_merchants_come_from_one_sheet(town: ConsoleTown):
    mairie = await town.mairie()
    content = a_sheet(150)
    looked = await upload(mairie, content.encode())
    assert looked.status == 200
    assert "Inscrire ces personnes (150)" in looked.text.replace("</button>", "")
    assert looked.text.count("Commerce ") == 100, "a page of them"
    assert (await mairie.get(f"{looked.path}?page=2")).text.count("Commerce ") == 50
    assert await merchants(town) == [], "looking writes nothing"
    done = await enrol(mairie, looked)
    assert done.path == looked.path
    assert "Au registre : 150." in done.text
    assert "Commerce 1" not in done.text
    assert len(await merchants(town)) == 150
    act = next(act for act in town.store.acts if act.verb == "sheet.enrol")
    assert (act.codes, act.territory) == (("lines:150",), LIFFRE)
    assert "Au registre : 150." in (await enrol(mairie, looked)).text, "twice is once"
    again = await upload(mairie, content.encode())
    assert "Inscrire ces personnes (0)" in again.text
    assert "tels quels : 150." in again.text
    assert again.text.count("Déjà au registre, tel quel") == 100
    await enrol(mairie, again)
    assert len(await merchants(town)) == 150
    found = await mairie.get("/participants?q=personne-14&page=99")
    assert "11 sur 151" in found.text
    assert (await mairie.get("/participants?page=3")).text.count('<th scope="row">') == 50


async def test_a_sheet_that_waits_is_found_again(town: ConsoleTown):
    mairie = await town.mairie()
    looked = await upload(mairie, a_sheet(3).encode())
    page = await mairie.get("/importer")
    assert f'href="{looked.path}"' in page.text
    assert "Ce qui serait fait (3)" in page.text
    part = await mairie.get(f"{looked.path}/etat")
    assert 'data-still="yes"' in part.text
    assert "Inscrire ces personnes (3)" in part.text
    assert "<main" not in part.text
    await enrol(mairie, looked)
    assert looked.path not in (await mairie.get("/importer")).text


async def test_while_it_moves_the_page_says_how_far_and_asks_again_by_itself(town: ConsoleTown):
    mairie = await town.mairie()
    looked = await upload(mairie, a_sheet(300).encode())
    async with town.store.transaction() as tx:
        [found] = await tx.console.sheets.unfinished()
        await tx.console.sheets.save(replace(found.confirmed(found.by), done=200))
    # Nobody works on it: what is shown is where it was left.
    town.store.tables.sheet_lines.pop((found.id, 2))
    page = await mairie.get(looked.path)
    assert '<progress id="progress" value="200" max="300">' in page.text
    assert "200 lignes sur 300" in page.text
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page.text
    assert f'data-follow="{looked.path}/etat"' in page.text
    still = await mairie.get(f"{looked.path}?fixe=oui")
    assert "http-equiv" not in still.text, "whoever reads slowly may stop it"


async def test_each_mistake_of_a_sheet_is_told_by_line_and_column(town: ConsoleTown):
    mairie = await town.mairie()
    rows = a_sheet(4).split("\r\n")
    rows[2] = rows[2].replace("06 39 98 00 01", "pas un numéro")
    rows[3] = rows[3].replace("buralistes", "astronautes")
    rows[4] = rows[4].replace("06 39 98 00 03", "06 39 98 00 00")
    page = await upload(mairie, "\r\n".join(rows).encode())
    table = FAULT.findall(page.text)
    assert [(line, column) for line, column, _ in table] == [
        ("3", "mobile"), ("4", "metiers"), ("5", "mobile"),
    ]  # fmt: skip
    assert "n&#39;est pas un numéro de téléphone" in table[0][2]
    assert "Personne n&#39;a été inscrit" in page.text
    assert (await enrol(mairie, page)).status == 409
    assert await merchants(town) == []


async def test_a_sheet_is_of_one_land_and_of_who_may_enrol(town: ConsoleTown):
    ours, theirs = await town.mairie(LIFFRE), await town.mairie(MANTES)
    page = await upload(ours, a_sheet(2).encode())
    await theirs.get("/importer")
    assert page.path not in (await theirs.get("/importer")).text
    for path in (page.path, f"{page.path}/etat"):
        assert (await theirs.get(path)).status == 404
    assert (await enrol(theirs, page)).status == 404
    others = [await town.signed_in(await town.agent(role)) for role in (
        Role.CHEF_DE_QUART, Role.GENDARME, Role.MUNICIPAL_POLICE,
    )]  # fmt: skip
    others += [await town.outsider(p) for p in Position if not p.is_member]
    for person in others:
        await person.get("/droits")
        assert (await person.get(page.path)).status == 403
        assert (await person.get(f"{page.path}/etat")).status == 403
        assert (await enrol(person, page)).status == 403
    for absent in ("/importer/absent", "/importer/absent/etat", "/importer/%00"):
        assert (await ours.get(absent)).status == 404
    assert (await ours.post("/importer/absent/inscrire")).status == 404
    assert (await ours.post(f"{page.path}/inscrire", {"jeton": "faux"})).status == 403
    assert await merchants(town) == []


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'])
async def test_what_a_sheet_says_stays_text(town: ConsoleTown, text: str):
    mairie = await town.mairie()
    quoted = '"' + text.replace('"', '""') + '"'
    pages = [
        await upload(mairie, a_sheet(1, nom=quoted, commerce=quoted).encode()),
        await upload(mairie, a_sheet(1, metiers=quoted, mobile=quoted, canaux=quoted).encode()),
        await upload(mairie, f"nom;{quoted};commerce".encode()),
    ]
    for page in pages:
        assert page.status == 200
        assert "&lt;" in page.text.split("<main")[1], "it is shown"
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        (b"", "1", "Cette colonne manque."),
        (b"nom;commerce;metiers;commune;canaux;iban\r\n", "1", "pas attendue"),
        (b"nom;commerce;metiers;commune;canaux\r\n", "1", "ne contient personne"),
        (b'nom;commerce;metiers;commune;canaux\r\n"Zo', "2", "guillemet"),
        (b"nom;commerce;metiers;commune;canaux\r\na;b;c;d;e;f;g\r\n", "2", "Trop de colonnes"),
        (b"\x00\xff\xfe\x89PNG", "1", "Cette colonne manque."),
        (b"nom;commerce;metiers;commune;canaux\r\n" + b"x" * 600 + b"\r\n", "2", "trop long"),
    ],
    ids=["empty", "unknown", "nobody", "quote", "columns", "binary", "long"],
)
async def test_a_sheet_that_is_none_is_explained(
    town: ConsoleTown, content: bytes, line: str, said: str
):
    page = await upload(await town.mairie(), content)
    assert f"<td>{line}</td>" in page.text
    assert said in page.text


async def test_a_sheet_that_is_too_long_is_refused(town: ConsoleTown, monkeypatch: Any):
    mairie = await town.mairie()
    assert (await upload(mairie, b"x" * 4_000_000)).status == 413
    monkeypatch.setattr(sheet, "MOST_LINES", 20)
    page = await upload(mairie, a_sheet(21).encode())
    assert "20 personnes au plus" in page.text
    assert [line for line, _, _ in FAULT.findall(page.text)] == ["22"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
async def test_what_spreadsheets_write_is_read(town: ConsoleTown, encoding: str, separator: str):
    text = a_sheet(1, nom="Zoé Lefèvre").replace(";", separator)
    assert names_in(town, text.encode(encoding)) == ["Zoé Lefèvre"]


async def test_a_file_is_read_as_it_is_asked_for(town: ConsoleTown):
    file = io.BytesIO(a_sheet(9000).encode())
    lines = sheet.lines_of(sheet.text_of(file), town.world.territories[LIFFRE], "maillage.test")
    assert next(lines).number == 2
    assert file.tell() < len(file.getvalue()) / 10


def names_in(town: ConsoleTown, content: bytes) -> list[str]:
    territory = town.world.territories[LIFFRE]
    lines = sheet.lines_of(sheet.text_of(io.BytesIO(content)), territory, "maillage.test")
    return [line.person.name for line in lines if line.person is not None and not line.faults]


async def test_the_template_is_a_sheet_that_is_read(town: ConsoleTown):
    mairie = await town.mairie()
    page = await mairie.get("/importer/modele.csv")
    assert page.headers["Content-Disposition"] == 'attachment; filename="commercants.csv"'
    assert names_in(town, page.text.encode()) == ["Camille Exemple"]


async def test_a_twin_in_a_sheet_is_remarked(town: ConsoleTown):
    mairie = await town.mairie()
    await town.merchant("Tanguy")
    page = await upload(mairie, a_sheet(1, commerce="TABAC tanguy").encode())
    assert "Ressemble à Tanguy, Tabac Tanguy" in page.text
    assert re.search(r"<td>2</td><td>Personne 0, TABAC tanguy</td><td>Tanguy, Tabac", page.text)
