"""The log of acts: of one land, filtered, taken out; officers read that of their cases only."""

import ast
import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.console import LIFFRE, MANTES, ConsoleTown, Page

import appservice
from appservice.domain.audit import Act
from appservice.domain.console import Position
from appservice.domain.console.acts import ACTS
from appservice.domain.member import Role
from appservice.flows.console import log as flow
from appservice.store.audit import read_export

DAY = datetime(2026, 11, 21, tzinfo=UTC)


async def did(town: ConsoleTown, *acts: Act) -> None:
    async with town.store.transaction() as tx:
        for act in acts:
            await tx.acts.append(act)


def shown(page: Page) -> list[tuple[str, str]]:
    """What was done, and about what."""
    found = re.findall(
        r'<th scope="row">(.*?)</th>\s*<td><code>(.*?)</code>', page.text, re.DOTALL
    )
    return [(name.replace("&#39;", "'"), subject) for name, subject in found]


async def test_an_auditor_reads_who_did_what_when_and_each_reading_is_an_act(town: ConsoleTown):
    agent = await town.agent(Role.GENDARME)
    at = datetime(2026, 11, 21, 10, 5, 7, tzinfo=UTC)
    await did(town, Act(agent.id, "report.take", "S12", at, ("founded",), LIFFRE))
    auditor = await town.outsider(Position.AUDITOR, LIFFRE)
    page = await auditor.get("/journal?acte=report.take")
    assert shown(page) == [("Signalement pris en charge", "S12")]
    assert "21/11/2026 11:05:07" in page.text, "by the clocks of Paris"
    assert "gendarmerie" in page.text
    assert agent.id in page.text
    assert agent.name not in page.text, "a function and an id, never a name"
    read = town.store.acts[-1]
    assert (read.verb, read.subject, read.territory) == ("audit.read", LIFFRE, LIFFRE)
    assert read.codes == ("act:report.take",)
    assert read.actor.startswith("account:")
    again = await auditor.get("/journal?acte=audit.read")
    assert shown(again) == [("Journal lu", LIFFRE)]
    assert "auditeur" in again.text


async def test_filters_narrow_the_page_and_the_file_alike(town: ConsoleTown):
    await did(
        town,
        Act("g1", "report.take", "S1", DAY, (), LIFFRE),
        Act("g1", "report.close", "S1", DAY + timedelta(hours=23, minutes=30), (), LIFFRE),
        Act("g1", "report.take", "=S2", DAY + timedelta(days=2), (), LIFFRE),
    )
    auditor = await town.outsider(Position.AUDITOR, LIFFRE)
    for query, subjects in {
        "acte=report.take": ["=S2", "S1"],
        "sujet=S1": ["S1", "S1"],
        "sujet=S1&du=2026-11-22&au=2026-11-22": ["S1"],  # half past midnight, in Paris
        "sujet=S1&au=2026-11-21": ["S1"],
        "sujet=S1&au=2026-11-20": [],
        "acte=report.take&du=2026-11-23": ["=S2"],
    }.items():
        page = await auditor.get(f"/journal?{query}")
        assert [subject for _, subject in shown(page)] == subjects, query
        file = await auditor.get(f"/journal.csv?{query}")
        rows = list(csv.reader(io.StringIO(file.text.lstrip("\ufeff")), delimiter=";"))
        assert [row[5].lstrip("'") for row in rows[1:]] == subjects
        assert town.store.acts[-1].verb == "audit.export"
    assert "'=S2" in file.text, "no cell is a formula"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("acte=autre", "acte"),
        ("du=hier", "du"),
        ("du=2026-13-01", "du"),
        ("au=0001-01-01", "au"),
        ("au=9999-12-31", "au"),
        ("du=2026-11-22&au=2026-11-21", "au"),
        ("sujet=a%00", "sujet"),
        (f"sujet={'x' * 300}", "sujet"),
        ("avant=-1", "avant"),
        (f"avant={'9' * 30}", "avant"),
    ],
)
async def test_a_bad_filter_is_explained(town: ConsoleTown, query: str, field: str):
    auditor = await town.outsider(Position.AUDITOR, LIFFRE)
    page = await auditor.get(f"/journal?{query}")
    assert page.status == 422
    assert f'href="#{field}"' in page.text
    assert f'id="{field}"' in page.text
    assert shown(page) == []
    assert (await auditor.get(f"/journal.csv?{query}")).status == 422


async def test_a_long_log_is_read_page_by_page(town: ConsoleTown, monkeypatch):
    monkeypatch.setattr(flow, "PAGE", 2)
    monkeypatch.setattr(flow, "_BATCH", 2)
    await did(town, *(Act("g1", "report.take", f"S{n}", DAY, (), LIFFRE) for n in range(1, 6)))
    auditor = await town.outsider(Position.AUDITOR, LIFFRE)
    path, seen = "/journal?acte=report.take", []
    while path:
        page = await auditor.get(path)
        seen += [subject for _, subject in shown(page)]
        found = re.search(r'href="(/journal\?[^"]*avant=\d+)"', page.text)
        path = found[1].replace("&amp;", "&") if found else ""
    assert seen == ["S5", "S4", "S3", "S2", "S1"]
    file = await auditor.get("/journal.csv?acte=report.take")
    assert file.text.count("Signalement pris en charge") == 5


async def test_an_auditor_of_one_land_reads_nothing_of_another(town: ConsoleTown):
    await did(
        town,
        Act("of-liffre", "report.take", "S71", DAY, (), LIFFRE),
        Act("of-mantes", "report.take", "S72", DAY, (), MANTES),
        Act("operator", "keys.rotate", "the-master", DAY),
    )
    auditor = await town.outsider(Position.AUDITOR, MANTES)
    for path in ("/journal", "/journal?sujet=S71", "/journal.csv", "/journal.jsonl"):
        page = await auditor.get(path)
        assert page.status == 200
        assert "of-liffre" not in page.text
        assert "the-master" not in page.text
        assert ("of-mantes" in page.text) == ("S71" not in path)
    whole = await town.outsider(Position.AUDITOR)
    subjects = {subject for _, subject in shown(await whole.get("/journal"))}
    assert {"S71", "S72", "the-master"} <= subjects


async def test_the_chain_is_taken_with_a_code_and_names_no_other_land(town: ConsoleTown):
    await did(town, Act("p1", "report.take", "S2", DAY, (), MANTES))
    auditor = await town.outsider(Position.AUDITOR, LIFFRE)
    page = await auditor.get("/journal.jsonl")
    entries, points = read_export(page.text.splitlines())
    assert len(points) == 1
    told = [entry.act.verb for entry in entries if entry.act is not None]
    assert "audit.chain" in told, "taking it is in it"
    assert "report.take" not in told
    town.clock.advance(timedelta(minutes=6))
    for path in ("/journal.jsonl", "/journal.csv"):
        assert (await auditor.get(path)).path == "/confirmer"


async def test_only_those_on_a_case_read_its_log_and_that_is_noted(town: ConsoleTown):
    on_it, other = await town.agent(Role.GENDARME), await town.agent(Role.GENDARME)
    away = await town.agent(Role.MUNICIPAL_POLICE, MANTES)
    await did(
        town,
        Act("m1", "report.open", "S12", DAY, (), LIFFRE),
        Act(on_it.id, "report.take", "S12", DAY, (), LIFFRE),
        Act(other.id, "alert.read", "S12", DAY, (), LIFFRE),  # looking is not being on it
        Act(away.id, "report.take", "S12", DAY, (), MANTES),  # of a forged chain
    )
    page = await (await town.signed_in(on_it)).get("/dossier?ref=s12")
    assert shown(page)[1:] == [("Signalement pris en charge", "S12"), ("Signalement reçu", "S12")]
    assert (town.store.acts[-1].verb, town.store.acts[-1].subject) == ("audit.read-case", "S12")
    acts = len(town.store.acts)
    for person in (await town.signed_in(other), await town.signed_in(away)):
        acts += 2  # invited, and came in
        page = await person.get("/dossier?ref=S12")
        if person.login.startswith(away.id):
            assert "m1" not in page.text
        else:
            assert page.status == 404
        for nonsense in ("S12'--", "S0", "<b>", "S" + "9" * 40, "%00"):
            assert (await person.get(f"/dossier?ref={nonsense}")).status == 404
    assert [act.verb for act in town.store.acts].count("audit.read-case") == 2


async def test_nobody_else_reads_the_log(town: ConsoleTown):
    people = [await town.mairie(), await town.signed_in(await town.agent(Role.CHEF_DE_QUART))]
    people += [
        await town.outsider(position) for position in (Position.PREFECTURE, Position.OPERATOR)
    ]
    for person in people:
        for path in ("/journal", "/journal.csv", "/journal.jsonl"):
            assert (await person.get(path)).status == 403
    assert not [act for act in town.store.acts if act.verb.startswith("audit.")]


def verbs() -> set[str]:
    """Every act that the code writes, read in the code."""
    found = set()
    for path in Path(appservice.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            place = {"Act": 1, "record": 0, "_record": 1, "_act": 0, "_note": 2}.get(name)
            if place is not None and len(node.args) > place:
                given = node.args[place]
                if isinstance(given, ast.Constant) and isinstance(given.value, str):
                    found.add(given.value)
    return found


def test_every_act_has_a_name_that_people_read():
    assert len(verbs()) > 35
    assert verbs() - set(ACTS) == set()
    assert len(set(ACTS.values())) == len(ACTS)
