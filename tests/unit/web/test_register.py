"""The list of participants: filtered, sorted, paged, of one land; bad filters are explained."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from support.console import LIFFRE, MANTES, ConsoleTown, Page

from appservice.domain.ids import Insee, MemberId, TradeId
from appservice.domain.member import Channel, Member, Role
from appservice.flows.console import register

PLACE = {LIFFRE: Insee("35152"), MANTES: Insee("78361")}
REDON = Insee("35236")


async def merchant(town: ConsoleTown, name: str, **changes: Any) -> Member:
    territory = changes.get("territory", LIFFRE)
    member = Member(
        id=MemberId(town.new_id()),
        role=Role.MERCHANT,
        name=name,
        territory=territory,
        shop=f"Tabac {name}",
        trades=(TradeId("buralistes"),),
        commune=PLACE[territory],
        channels=frozenset({Channel.SIGNAL}),
    )
    member = replace(member, **changes)
    async with town.store.transaction() as tx:
        await tx.members.save(member)
    return member


def names(page: Page) -> list[str]:
    return re.findall(r'<th scope="row"><a [^>]*>([^<]+)</a>', page.text)


def rows(page: Page) -> list[list[str]]:
    return list(csv.reader(io.StringIO(page.text.lstrip("\ufeff")), delimiter=";"))[1:]


async def test_filters_narrow_the_list_and_the_file_alike(town: ConsoleTown):
    mairie = await town.mairie()
    await merchant(town, "Anne", commune=REDON, trades=(TradeId("bijoutiers"),))
    signed = await merchant(town, "Bruno", channels=frozenset({Channel.SMS}), phone="+33639980050")
    await town.sign(signed)
    soon = await merchant(town, "Chloé")
    await town.sign(soon, valid_until=town.clock() + timedelta(days=10))
    await merchant(town, "Denis", territory=MANTES)
    for query, expected in {
        "metier=bijoutiers": ["Anne"],
        "commune=35236+Redon": ["Anne"],
        "commune=liffr%C3%A9&canal=signal": ["Chloé"],
        "canal=sms&metier=buralistes": ["Bruno"],
        "charte=expiring": ["Chloé"],
        "charte=never-signed": ["Anne"],
        "charte=in-force&metier=buralistes": ["Bruno", "Chloé"],
        "q=tabac": ["Anne", "Bruno", "Chloé"],
        "q=06+39+98+00+50": ["Bruno"],
        "q=denis": [],
        "q=tabac&ordre=echeance": ["Chloé", "Bruno", "Anne"],
    }.items():
        page = await mairie.get(f"/participants?{query}")
        assert page.status == 200
        assert names(page) == expected, query
        assert f"{len(expected)} sur 4" in page.text
        file = await mairie.get(f"/participants.csv?{query}")
        assert sorted(row[0] for row in rows(file)) == sorted(expected)
        act = town.store.acts[-1]
        assert (act.verb, act.subject) == ("register-export", LIFFRE)
        assert all("tabac" not in code and "50" not in code for code in act.codes)
    assert town.store.acts[-1].codes == ("words",)
    assert "Bientôt échue" in (await mairie.get("/participants?charte=expiring")).text


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ("q=%21%21", "q", "au moins deux lettres"),
        ("q=a", "q", "au moins deux lettres"),
        (f"q={'ab' * 50}", "q", "au moins deux lettres"),
        ("q=a%00bc", "q", "au moins deux lettres"),
        ("metier=astronautes", "metier", "Ce choix n&#39;existe pas"),
        ("commune=78361", "commune", "pas dans votre territoire"),
        ("commune=Paris", "commune", "pas dans votre territoire"),
        ("canal=pigeon", "canal", "Ce choix n&#39;existe pas"),
        ("charte=autre", "charte", "Ce choix n&#39;existe pas"),
        ("ordre=id;DROP", "ordre", "Ce choix n&#39;existe pas"),
        ("page=-1", "page", "Ce numéro de page"),
        ("page=0", "page", "Ce numéro de page"),
        ("page=%C2%B2", "page", "Ce numéro de page"),
    ],
)
async def test_a_bad_filter_is_explained_and_shows_nobody(
    town: ConsoleTown, query: str, field: str, said: str
):
    mairie = await town.mairie()
    await merchant(town, "Anne")
    page = await mairie.get(f"/participants?{query}")
    assert page.status == 422
    assert said in page.text
    assert f'href="#{field}"' in page.text
    assert names(page) == []
    file = await mairie.get(f"/participants.csv?{query}")
    assert file.status == 422
    assert said in file.text
    assert "register-export" not in [act.verb for act in town.store.acts]


async def test_filters_of_another_land_find_nobody(town: ConsoleTown):
    stranger = await town.mairie(MANTES)
    await merchant(town, "Anne")
    for query in ("q=anne", "q=tabac", "metier=buralistes", "charte=never-signed", "page=1"):
        page = await stranger.get(f"/participants?{query}")
        assert "Anne" not in page.text.split("<table")[-1]
        assert "Anne" not in (await stranger.get(f"/participants.csv?{query}")).text
    assert (await stranger.get("/participants?commune=35152")).status == 422


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=a>', "' OR 1"]
)
async def test_what_is_looked_for_is_shown_as_text(town: ConsoleTown, text: str):
    mairie = await town.mairie()
    for field in ("q", "metier", "commune", "canal", "charte", "ordre"):
        page = await mairie.get(f"/participants?{field}={quote(text)}")
        assert page.status in (200, 422)
        assert "<script>" not in page.text
        assert "<img src=x" not in page.text


async def test_a_long_list_is_sorted_by_commune_and_says_so(town: ConsoleTown, monkeypatch):
    monkeypatch.setattr(register, "FEW", 3)
    monkeypatch.setattr(register, "PAGE", 2)
    mairie = await town.mairie()
    for name, commune in (("Anne", REDON), ("Bruno", PLACE[LIFFRE]), ("Chloé", REDON)):
        await merchant(town, name, commune=commune)
    first = await mairie.get("/participants")
    assert "Trop de personnes pour les trier par nom" in first.text
    pages = [names(await mairie.get(f"/participants?page={n}")) for n in (1, 2)]
    assert pages[0][1:] + pages[1] == ["Bruno", "Anne", "Chloé"]
    assert 'href="/participants?page=2"' in first.text
    few = await mairie.get("/participants?metier=buralistes")
    assert "Trop de personnes" not in few.text
    assert names(few) == ["Anne", "Bruno"]
    assert 'href="/participants?metier=buralistes&amp;page=2"' in few.text


async def test_nobody_else_looks_for_anybody(town: ConsoleTown):
    chief = await town.signed_in(await town.agent(Role.CHEF_DE_QUART))
    for path in ("/participants?q=anne", "/participants.csv?q=anne"):
        assert (await chief.get(path)).status == 403
