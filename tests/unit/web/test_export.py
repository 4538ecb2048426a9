"""The register as a file: of one land, harmless to spreadsheets, and noted."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest
from support.console import LIFFRE, MANTES, ConsoleTown

from appservice.domain.member import Role
from appservice.web.enrolling.sheet import harmless


@pytest.mark.parametrize("text", ["=1+1", "+33612", "-2", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_becomes_a_text(text: str):
    assert harmless(text) == f"'{text}"
    assert harmless("Tabac = presse") == "Tabac = presse"


async def test_a_mairie_takes_its_own_register_and_the_chain_says_so(town: ConsoleTown):
    mairie = await town.mairie(LIFFRE)
    agent = await town.agent(Role.GENDARME, LIFFRE)
    await town.agent(Role.GENDARME, MANTES)
    async with town.store.transaction() as tx:
        await tx.members.save(replace(agent, name='=HYPERLINK(1);"x"'))
    page = await mairie.get("/participants.csv")
    assert page.headers["Content-Type"].startswith("text/csv")
    assert page.headers["Content-Disposition"] == 'attachment; filename="participants.csv"'
    assert page.headers["Cache-Control"] == "no-store"
    rows = list(csv.reader(io.StringIO(page.text.lstrip("\ufeff")), delimiter=";"))
    assert len(rows) == 3, "a header and two people"
    assert {len(row) for row in rows} == {10}
    assert '\'=HYPERLINK(1);"x"' in [row[0] for row in rows]
    assert f"'{agent.phone}" in [row[5] for row in rows]
    act = town.store.acts[-1]
    assert (act.verb, act.subject) == ("register-export", LIFFRE)


async def test_taking_the_register_asks_for_a_code_and_a_right(town: ConsoleTown):
    mairie = await town.mairie()
    town.clock.advance(timedelta(minutes=6))
    assert (await mairie.get("/participants.csv")).path == "/confirmer"
    chief = await town.signed_in(await town.agent(Role.CHEF_DE_QUART))
    assert (await chief.get("/participants.csv")).status == 403
    assert "register-export" not in [act.verb for act in town.store.acts]
