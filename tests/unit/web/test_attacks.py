"""What a hostile request gets: nothing, in plain words."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files

import aiohttp
import pytest
from support.console import ConsoleTown
from support.store_builders import HandClock

from appservice.domain.console import Position
from appservice.web import admission
from appservice.web.desk import Desk, local
from appservice.web.protection import HEADERS
from appservice.web.routes import ROUTES
from appservice.web.routing import Access, Route
from appservice.web.server import application


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", "x", path)


FORMS = [filled(route.path) for route in ROUTES if route.method == "POST"]
BEYOND_THE_DOOR = [
    route for route in ROUTES if route.method == "POST" and route.access is not Access.PUBLIC
]
OUR_SCRIPT = '<script src="{{ script }}" defer></script>'
ELSEWHERE = "https://exemple.net"


@pytest.mark.parametrize("path", ["/connexion", "/droits", "/style.css", "/nulle-part", "/"])
async def test_every_answer_carries_the_headers(town: ConsoleTown, path: str):
    page = await town.visitor().get(path, allow_redirects=False)
    for name, value in HEADERS.items():
        assert page.headers[name] == value
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    stays = path == "/style.css"
    assert ("no-store" in page.headers["Cache-Control"]) != stays


def test_no_template_holds_what_the_policy_would_block():
    folder = files("appservice.web") / "templates"
    for page in folder.iterdir():
        text = page.read_text("utf-8")
        text = text.replace(OUR_SCRIPT, "")
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:|//\w", text), page.name
        assert "|safe" not in text.replace(" ", ""), page.name


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": ELSEWHERE},
        {"Origin": "null"},
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=["other", "null", "none", "cross", "same-site"],
)
async def test_a_form_from_another_site_is_refused(
    town: ConsoleTown, path: str, headers: dict[str, str]
):
    person = await town.outsider(Position.AUDITOR)
    await person.get("/")
    if "Sec-Fetch-Site" in headers:
        headers = {**headers, "Origin": town.url}
    page = await person.raw("POST", path, data={"jeton": person.token}, headers=headers)
    assert page.status == 403
    assert "ne vient pas d&#39;une page de la console" in page.text
    assert (await person.get("/")).path == "/", "still signed in"


@pytest.mark.parametrize("route", BEYOND_THE_DOOR, ids=lambda route: route.path)
@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
async def test_a_form_without_its_token_is_refused(town: ConsoleTown, route: Route, token: str):
    person = await town.holder_of(route.access)
    page = await person.post(filled(route.path), {"jeton": token})
    assert page.status == 403
    assert "ouverte trop longtemps" in page.text
    assert (await person.get("/")).path == "/", "nothing was done"


async def test_a_token_of_another_session_is_refused(town: ConsoleTown):
    one, other = await town.outsider(Position.AUDITOR), await town.outsider(Position.OPERATOR)
    await one.get("/")
    page = await other.post("/deconnexion", {"jeton": one.token})
    assert page.status == 403


@pytest.mark.parametrize(
    "wish",
    [
        "https://exemple.net/", "//exemple.net", "/\\exemple.net", "\\\\exemple.net", "/a\\b",
        "javascript:alert(1)", "/\t/exemple.net", "/a\r\nSet-Cookie: b=c", "",
    ],
)  # fmt: skip
async def test_nobody_is_sent_to_another_site(town: ConsoleTown, wish: str):
    assert local(wish) == "/"
    page = await town.visitor().raw(
        "POST",
        "/connexion",
        data={"login": "x", "suite": wish},
        headers={"Origin": town.url},
        allow_redirects=False,
    )
    assert 'name="suite" value="/"' in page.text


def test_a_page_of_this_site_may_be_come_back_to():
    assert local("/inscrire?commune=35152") == "/inscrire?commune=35152"


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=a>', "{{70001*70001}}"]
)
async def test_what_is_typed_is_shown_as_text(town: ConsoleTown, text: str):
    page = await town.visitor().post("/connexion", {"login": text, "suite": f"/{text}"})
    assert text not in page.text or text == "{{70001*70001}}"
    assert "&lt;script&gt;" in page.text or "&lt;img" in page.text or text in page.text
    assert "4900140001" not in page.text.split("<main")[1].split("</main>")[0]


async def test_a_name_of_the_register_is_shown_as_text(town: ConsoleTown):
    token = await town.invitations.invite("audit", "<b>Zoé</b>", Position.AUDITOR, "")
    page = await town.visitor().get(f"/invitation/{token}")
    assert "&lt;b&gt;Zoé&lt;/b&gt;" in page.text
    assert "<b>" not in page.text


@pytest.mark.parametrize("path", ["/connexion", "/invitation/x"])
async def test_a_body_that_is_too_big_is_refused(town: ConsoleTown, path: str):
    stranger = town.visitor()
    page = await stranger.post(path, {"login": "x" * 20_000})
    assert page.status == 413

    async def endless():
        for _ in range(40):
            yield b"login=" + b"x" * 1024

    headers = {"Origin": town.url, "Content-Type": "application/x-www-form-urlencoded"}
    page = await stranger.raw("POST", path, data=endless(), headers=headers)
    assert page.status == 413, "whatever its length says"


async def test_whoever_sends_slowly_is_not_waited_for(town: ConsoleTown, monkeypatch):
    monkeypatch.setattr(admission, "PATIENCE", timedelta(milliseconds=50))
    never = asyncio.Event()

    async def stuck():
        yield b"login="
        await never.wait()

    headers = {"Origin": town.url, "Content-Type": "application/x-www-form-urlencoded"}
    page = await town.visitor().raw("POST", "/connexion", data=stuck(), headers=headers)
    assert page.status == 408


async def test_a_host_that_is_not_ours_is_refused(town: ConsoleTown):
    page = await town.visitor().raw("GET", "/connexion", headers={"Host": "exemple.net"})
    assert page.status == 421


async def test_a_body_that_is_not_a_form_is_refused(town: ConsoleTown):
    headers = {"Origin": town.url, "Content-Type": "multipart/form-data; boundary=x"}
    page = await town.visitor().raw("POST", "/connexion", data=b"nothing of it", headers=headers)
    assert page.status in (400, 422)
    headers["Content-Type"] = "application/json"
    page = await town.visitor().raw("POST", "/connexion", data=b'{"login": 1}', headers=headers)
    assert page.status == 422


async def test_a_file_where_a_text_is_expected_is_nothing(town: ConsoleTown):
    data = aiohttp.FormData()
    data.add_field("login", b"\xff\x00", filename="a.bin")
    page = await town.visitor().raw("POST", "/connexion", data=data, headers={"Origin": town.url})
    assert page.status == 422


async def test_a_failure_of_ours_says_nothing_of_itself(town: ConsoleTown, caplog):
    def broken():
        raise ValueError("Camille Secret")

    town.store.transaction = broken
    page = await town.visitor().post("/connexion", {"login": "x"})
    assert page.status == 500
    assert "Secret" not in page.text + caplog.text
    assert "ValueError" in caplog.text


async def test_the_cookie_is_for_this_site_alone(town: ConsoleTown):
    token = await town.invitations.invite("audit", "Dominique", Position.AUDITOR, "")
    person = town.visitor()
    [invitation] = town.store.tables.invitations.values()
    person.secret = invitation.secret
    page = await person.post(f"/invitation/{token}", person.credentials(), allow_redirects=False)
    cookie = page.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


async def test_by_https_the_browser_keeps_the_cookie_from_everybody(world):
    desk = Desk(
        "https://console.exemple.fr",
        HandClock(),
        world,
        *[None] * 5,
        casework=None,
        composing=None,
        dispatch=None,
        signing_links=None,
        signer=None,
        arriving=None,
        audiences=None,
        receipts=None,
        receipt_maker=None,
        importing=None,
        log=None,
        public_key="",
        openly=None,
        watching=None,
        training=None,
        conditions=None,
        protocol=None,
    )
    assert desk.is_secure
    assert desk.cookie.startswith("__Host-")
    assert application(desk)


async def test_tries_are_counted_by_the_address_that_the_proxy_saw(town: ConsoleTown):
    headers = {"X-Forwarded-For": "1.2.3.4, 5.6.7.8"}
    form = {"login": "audit"}
    await town.visitor().post("/connexion", form, headers=headers)
    assert "place:127.0.0.1" in town.store.tables.attempts, "a header that anybody may send"
    assert town.server is not None
    town.server.desk = replace(town.server.desk, behind_proxy=True)
    await town.server.close()
    await town.server.open("127.0.0.1", int(town.url.rpartition(":")[2]))
    await town.visitor().post("/connexion", form, headers=headers)
    assert "place:5.6.7.8" in town.store.tables.attempts


async def test_two_hands_on_one_invitation_make_one_session(town: ConsoleTown):
    token = await town.invitations.invite("audit", "Dominique", Position.AUDITOR, "")
    one, two = town.visitor(), town.visitor()
    secret = next(iter(town.store.tables.invitations.values())).secret
    one.secret = two.secret = secret
    pages = await asyncio.gather(
        one.post(f"/invitation/{token}", one.credentials()),
        two.post(f"/invitation/{token}", two.credentials()),
    )
    assert sorted(page.status for page in pages) == [200, 410]
    assert len(town.store.tables.sessions) == 1
