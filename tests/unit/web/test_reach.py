"""The page that says who would receive an alert: counts, a map and a table, of one land."""

import re
from dataclasses import replace
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from support.console import LIFFRE, MANTES, ConsoleTown, Page

from appservice.domain.console import Position
from appservice.domain.console.reached import Share
from appservice.domain.ids import Insee, MemberId, TradeId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.territory import Commune
from appservice.web.land_map import MARGIN, WIDTH, drawn

CODES = ("35152", "35236")


async def merchant(town: ConsoleTown, name: str, territory: str = LIFFRE, **changes: object):
    place = next(iter(town.world.territories[territory].communes))
    fields: dict = {
        "trades": (TradeId("buralistes"),), "commune": place,
        "channels": frozenset({Channel.SIGNAL}), "signal": f"aci-{name}", **changes,
    }  # fmt: skip
    member = Member(
        MemberId(town.new_id()), Role.MERCHANT, name, territory, f"Tabac {name}", **fields
    )
    async with town.store.transaction() as tx:
        await tx.members.save(member)
    return member


def svg(page: Page) -> ElementTree.Element:
    found = re.search(r"<svg.*?</svg>", page.text, re.DOTALL)
    assert found is not None
    return ElementTree.fromstring(found[0])


async def test_counts_are_of_ones_own_land_and_name_nobody(town: ConsoleTown):
    chief = await town.signed_in(await town.agent(Role.CHEF_DE_QUART))
    anne, bruno = await merchant(town, "Anne"), await merchant(town, "Bruno")
    await town.sign(anne)
    await merchant(town, "Denis", MANTES)
    page = await chief.get("/portee")
    assert page.status == 200
    assert "<strong>1 sur 2</strong>" in page.text
    assert "Charte jamais signée" in page.text
    for hidden in (anne.name, bruno.name, "Denis", "Mantes"):
        assert hidden not in page.text.split("<main")[1]
    shapes = svg(page)
    assert len([c for c in shapes.iter("circle") if c.get("class") == "all"]) == 1
    assert len([c for c in shapes.iter("circle") if c.get("class") == "reached"]) == 1
    assert "1 sur 2" in "".join(title.text or "" for title in shapes.iter("title"))
    table = page.text.split('aria-labelledby="by-place"')[1]
    assert re.search(r"<td>1</td><td>2</td>", table), "the map's numbers, as a table"


async def test_zone_and_trades_are_chosen(town: ConsoleTown):
    mairie = await town.mairie()
    await town.sign(await merchant(town, "Anne", commune=Insee(CODES[0])))
    other = (TradeId("bijoutiers"),)
    await town.sign(await merchant(town, "Bruno", commune=Insee(CODES[1]), trades=other))
    for query, count in {
        "": "2 sur 2",
        "zone=35152+Liffr%C3%A9": "1 sur 1",
        "metier=bijoutiers": "1 sur 1",
        "metier=bijoutiers&metier=buralistes": "2 sur 2",
        "zone=redon&metier=buralistes": "0 sur 0",
    }.items():
        page = await mairie.get(f"/portee?{query}")
        assert f"<strong>{count}</strong>" in page.text, query


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("zone=78361", "zone"),
        ("zone=Paris", "zone"),
        ("zone=EPCI+999999999", "zone"),
        ("zone=EPCI+", "zone"),
        ("zone=%00", "zone"),
        ("metier=astronautes", "metier"),
        ("metier=", "metier"),
        (f"zone={quote('<script>')}", "zone"),
    ],
)
async def test_a_zone_that_is_none_is_explained(town: ConsoleTown, query: str, field: str):
    page = await (await town.mairie()).get(f"/portee?{query}")
    assert page.status == 422
    assert f'href="#{field}"' in page.text
    assert "<script>" not in page.text
    assert "<svg" not in page.text


async def test_another_land_is_not_counted(town: ConsoleTown):
    await town.sign(await merchant(town, "Anne"))
    stranger = await town.mairie(MANTES)
    assert "<strong>0 sur 0</strong>" in (await stranger.get("/portee")).text
    assert (await stranger.get("/portee?zone=35152")).status == 422
    for position in (Position.AUDITOR, Position.PREFECTURE):
        assert (await (await town.outsider(position, LIFFRE)).get("/portee")).status == 403


def a_commune(insee: str, lat: float | None, lon: float = 0.0) -> Commune:
    centre = None if lat is None else (lat, lon)
    return Commune(Insee(insee), f"Commune {insee}", "35", centre=centre)


def test_communes_are_where_they_are_and_inside_the_drawing():
    places = [a_commune("1", 48.5, -2.0), a_commune("2", 47.5, -1.0), a_commune("3", 48.0, -1.5)]
    land = drawn(places, {Insee("1"): Share(1, 4), Insee("3"): Share(3, 3)})
    assert land is not None
    dots = {dot.name[-1]: dot for dot in land.dots}
    assert dots["1"].y < dots["3"].y < dots["2"].y, "north is up"
    assert dots["1"].x < dots["3"].x < dots["2"].x, "east is right"
    for dot in land.dots:
        assert MARGIN <= dot.x <= WIDTH - MARGIN
        assert MARGIN <= dot.y <= land.height - MARGIN
    assert dots["1"].inner * 2 == dots["1"].outer, "a quarter of the area"
    assert dots["3"].inner == dots["3"].outer < dots["1"].outer
    assert (dots["2"].inner, dots["2"].is_named) == (0.0, False)


def test_one_commune_or_none_is_no_difficulty():
    alone = drawn([a_commune("1", 48.5)], {Insee("1"): Share(0, 2)})
    assert alone is not None
    assert [(dot.x, dot.inner) for dot in alone.dots] == [(WIDTH / 2, 0.0)]
    assert drawn([a_commune("1", None)], {Insee("1"): Share(0, 2)}) is None
    beside = drawn([a_commune("1", 48.5), a_commune("2", None)], {Insee("2"): Share(1, 1)})
    assert beside is not None
    assert beside.nowhere == ("Commune 2",)


@pytest.mark.acceptance("S0-15")
async def test_in_a_test_phase_those_off_the_list_are_said_to_be_kept_out(town: ConsoleTown):
    """Whatever their charter says: the list alone decides, and the page says so."""
    chief = await town.signed_in(await town.agent(Role.CHEF_DE_QUART))
    listed, out, unsigned = [await merchant(town, name) for name in ("Anne", "Bruno", "Carl")]
    for member in (listed, out):
        await town.sign(member)
    assert "Hors de la liste d&#39;essai" not in (await chief.get("/portee")).text
    lands = dict(town.world.territories)
    lands[LIFFRE] = replace(lands[LIFFRE], test_list=frozenset({"aci-Anne"}))
    world = replace(town.world, territories=lands)
    assert town.server is not None
    desk = town.server.desk
    audiences = replace(desk.audiences, world=world)
    town.server.desk = replace(desk, world=world, audiences=audiences)
    await town.server.close()
    await town.server.open("127.0.0.1", int(town.url.rpartition(":")[2]))
    page = await chief.get("/portee")
    assert "<strong>1 sur 3</strong>" in page.text
    found = re.search(r"Hors de la liste d&#39;essai.*?</(?:li|tr)>", page.text, re.DOTALL)
    assert found is not None
    assert "2" in found[0]
    assert "Charte jamais signée" not in page.text, unsigned.name
