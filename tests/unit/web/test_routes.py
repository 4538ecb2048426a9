"""The route table: every route says who may take it, and everybody else is kept out."""

import re

import pytest
from support.console import LIFFRE, ConsoleTown

from appservice.domain.console import HOLDERS, Position, Right, position_of
from appservice.domain.member import Role
from appservice.web.admission import admitted
from appservice.web.routes import ROUTES
from appservice.web.routing import Access, Route
from appservice.web.server import application

PUBLIC = {
    "/style.css", "/script.js", "/maillage.svg", "/droits", "/transparence",
    "/connexion", "/invitation/{token}",
    "/signer/{token}", "/signer/{token}/charte", "/signer/{token}/fait",
    "/signer/{token}/recu.pdf",
    "/arrivee/{token}", "/arrivee/{token}/compte", "/connexion/cle",
    "/connexion/organisme/{organisation}",
    "/connexion/organisme/{organisation}/retour",
}  # fmt: skip


def test_what_is_public_is_written_down_twice():
    assert {route.path for route in ROUTES if route.access is Access.PUBLIC} == PUBLIC


async def test_nothing_is_served_that_is_not_in_the_table(town: ConsoleTown):
    assert town.server is not None
    served = application(town.server.desk).router.routes()
    assert [(r.method, r.resource.canonical) for r in served if r.resource] == [
        (route.method, route.path) for route in ROUTES
    ]
    names = {r.handler.__qualname__ for r in served}
    assert names == {f"{admitted.__name__}.<locals>.answer"}


def test_a_form_is_sent_by_post_and_only_read_by_get():
    assert {route.method for route in ROUTES} == {"GET", "POST"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method} {r.path}")
async def test_a_stranger_gets_no_further_than_the_door(town: ConsoleTown, route: Route):
    stranger = town.visitor()
    path = re.sub(r"\{\w+\}", "x", route.path)
    ask = stranger.get if route.method == "GET" else stranger.post
    page = await ask(path, allow_redirects=False)
    if route.access is Access.PUBLIC:
        assert page.status in (200, 404, 410, 422)
    else:
        assert page.status == 303
        assert page.headers["Location"].startswith("/connexion?suite=/")


@pytest.mark.parametrize("position", list(Position), ids=str)
async def test_each_route_is_open_to_the_holders_of_its_right_only(
    town: ConsoleTown, position: Position
):
    if not position.may_sign_in:
        return  # has no account: see test_doors
    roles = {position_of(role): role for role in Role}
    if position.is_member:
        person = await town.signed_in(await town.agent(roles[position]))
    else:
        person = await town.outsider(position, LIFFRE)
    for route in ROUTES:
        if not isinstance(route.access, Right):
            continue
        path = re.sub(r"\{\w+\}", "x", route.path)
        ask = person.get if route.method == "GET" else person.post
        page = await ask(path, allow_redirects=False)
        if position in HOLDERS[route.access]:
            assert page.status != 403, route
        else:
            assert page.status == 403, route


def test_the_matrix_agrees_with_what_roles_may_do_in_rooms():
    for role in Role:
        position = position_of(role)
        assert (position in HOLDERS[Right.SUBMIT_ALERT]) == role.may_submit_alert
        assert (position in HOLDERS[Right.APPROVE_ALERT]) == role.may_approve
        assert (position in HOLDERS[Right.READ_REPORTS]) == role.is_officer


def test_every_right_has_a_holder():
    assert set(HOLDERS) == set(Right)
    assert all(HOLDERS.values())


async def test_the_matrix_that_is_shown_is_the_one_that_is_applied(town: ConsoleTown):
    page = await town.visitor().get("/droits")
    rows = re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', page.text, re.DOTALL)
    shown = {
        unescaped(name): [cell == "oui" for cell in re.findall(r">(oui|non)<", cells)]
        for name, cells in rows
    }
    assert shown == {
        right.french: [position in HOLDERS[right] for position in Position] for right in Right
    }


def unescaped(text: str) -> str:
    return text.replace("&#39;", "'")
