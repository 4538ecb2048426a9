"""Whatever is sent to any route, the answer is no failure of ours, and leads nowhere else."""

import asyncio
import io
import re
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from support.console import LIFFRE, ConsoleTown, Page, Person
from support.fuzz import examples
from support.hostile import MARK, Hostile, fields, requests

from appservice.domain.console import Position
from appservice.domain.member import Role
from appservice.web.protection import HEADERS, SCRIPTED
from appservice.web.routes import ROUTES

PEOPLE = ("mairie", "chef de quart", "auditor", "stranger")
POLICY = "Content-Security-Policy"
OURS = {"maillage", "langue"}  # cookies, "hash", "boxes", "act",


@pytest.fixture
async def crowd(town: ConsoleTown) -> Mapping[str, Person]:
    chief = await town.signed_in(await town.agent(Role.CHEF_DE_QUART))
    auditor = await town.outsider(Position.AUDITOR, LIFFRE)
    crowd = dict(zip(PEOPLE, (await town.mairie(), chief, auditor, town.visitor()), strict=True))
    for person in crowd.values():
        await person.get("/")  # for the token of its form
    return crowd


def test_every_field_of_the_forms_of_today_is_tried():
    assert {"login", "suite", "name", "shop", "sheet", "q", "page", "langue"} <= set(fields())


async def test_no_route_fails_nor_leads_elsewhere_whatever_is_sent(
    town: ConsoleTown, crowd: Mapping[str, Person]
):
    known = (await town.agent(Role.GENDARME)).id

    async def tried(hostile: Hostile) -> None:
        person = crowd[hostile.who]
        headers = {"Origin": town.url, **dict(hostile.headers)}
        path = hostile.path(known)
        if hostile.route.method == "GET":
            path = f"{path}?{hostile.query()}"
            page = await person.raw("GET", path, headers=headers, allow_redirects=False)
        else:
            body = hostile.body(person.token)
            page = await person.raw(
                "POST", path, data=body, headers=headers, allow_redirects=False
            )
        check(town.url, page)

    loop, ended = asyncio.get_running_loop(), []

    @settings(examples(300), suppress_health_check=list(HealthCheck))
    @given(requests(PEOPLE))
    def all_of_them(hostile: Hostile) -> None:
        asyncio.run_coroutine_threadsafe(tried(hostile), loop).result(60)

    def run() -> None:
        all_of_them()
        ended.append(True)

    await asyncio.to_thread(run)
    assert ended


def check(url: str, page: Page) -> None:
    assert page.status < 500, page.text[:300]
    assert "X-Injected" not in page.headers
    for cookie in page.headers.getall("Set-Cookie", ()):  # type: ignore[attr-defined]
        assert cookie.partition("=")[0] in OURS
    location = page.headers.get("Location")
    if location is not None:
        assert urlsplit(urljoin(url, location)).netloc == urlsplit(url).netloc
        assert location.startswith("/")
        assert "\\" not in location
    if page.status != 400:  # aiohttp's own word on what is no request at all
        policy = {POLICY: page.headers[POLICY]}
        assert policy[POLICY] in (HEADERS[POLICY], SCRIPTED)
        assert (HEADERS | policy).items() <= dict(page.headers).items()
    if page.headers.get("Content-Type", "").startswith("text/html"):
        assert MARK not in page.text


FINE = {b"200", b"400", b"403", b"404", b"405", b"414", b"421"}
HEAD = b"Host: %b\r\nConnection: close\r\n"


STARTS = (
    b"GET /connexion?suite=/a\r\nX-Injected: oui HTTP/1.1\r\n" + HEAD,
    b"GET /\x00 HTTP/1.1\r\n" + HEAD,
    b"GET //exemple.net/%%0d%%0aX-Injected:oui HTTP/1.1\r\n" + HEAD,
    b"GET http://exemple.net/droits HTTP/1.1\r\n" + HEAD,
    b"GET /%%00/%%ff/%%c0%%af HTTP/1.1\r\n" + HEAD,
    b"GET /connexion HTTP/1.1\r\nHost: exemple.net\r\n" + HEAD,
    b"GET /connexion HTTP/1.1\r\nCookie: maillage=\xff\x01; langue=\xff\r\n" + HEAD,
    b"GET /connexion HTTP/1.1\r\nAccept-Language: \xff,;q=,,fr;q=NaN,en;q=1e999\r\n" + HEAD,
    b"GET /connexion HTTP/1.0\r\nConnection: close\r\n\r\n%b",
    b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 70_000 + b"\r\n" + HEAD,
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + HEAD,
    b"TRACE /connexion HTTP/1.1\r\n" + HEAD,
    b"CONNECT exemple.net:443 HTTP/1.1\r\n" + HEAD,
    b"POST /connexion HTTP/1.1\r\nContent-Length: -5\r\n" + HEAD,
    b"POST /connexion HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n" + HEAD,
    b"POST /connexion HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + HEAD + b"\r\nzz\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03%b",
)


async def test_what_no_browser_would_send_is_refused_without_a_failure(town: ConsoleTown):
    host = urlsplit(town.url).netloc
    wrong = {}
    for start in STARTS:
        answer = await sent(host, start % host.encode() + b"\r\n")
        first, _, head = answer.partition(b"\r\n\r\n")[0].lower().partition(b"\r\n")
        names = {line.partition(b":")[0] for line in head.split(b"\r\n")}
        if first.split()[1] not in FINE or names & {b"x-injected", b"location"}:
            wrong[start[:60]] = answer[:200]
    assert wrong == {}


async def sent(host: str, data: bytes) -> bytes:
    name, _, port = host.partition(":")
    reader, writer = await asyncio.open_connection(name, int(port))
    try:
        writer.write(data)
        await writer.drain()
        async with asyncio.timeout(30):
            return await reader.read(4096)
    finally:
        writer.close()


async def test_a_crowd_that_never_finishes_its_request_keeps_nobody_out(town: ConsoleTown):
    name, _, port = urlsplit(town.url).netloc.partition(":")
    slow = [await asyncio.open_connection(name, int(port)) for _ in range(100)]
    try:
        for number, (_, writer) in enumerate(slow):
            writer.write(b"POST /connexion HTTP/1.1\r\nX: 1\r\n"[: number % 36 + 1])
        async with asyncio.timeout(30):
            page = await town.visitor().get("/connexion")
        assert page.status == 200
    finally:
        for _, writer in slow:
            writer.close()


async def test_a_body_beyond_the_limit_of_its_route_is_refused(
    town: ConsoleTown, crowd: Mapping[str, Person]
):
    statuses = {}
    for route in ROUTES:
        if route.method == "POST":
            path = re.sub(r"\{\w+\}", "x", route.path)
            body = io.BytesIO(b"q=" + b"x" * (route.largest + 1))
            headers = {"Origin": town.url, "Content-Type": "application/x-www-form-urlencoded"}
            page = await crowd["mairie"].raw(
                "POST", path, data=body, headers=headers, allow_redirects=False
            )
            statuses[path] = page.status
    # 403: not the mairie's, so nothing of it is read.
    assert set(statuses.values()) <= {413, 403}, statuses
    assert statuses["/connexion"] == statuses["/importer"] == 413
    assert (await crowd["mairie"].get("/")).path == "/", "still signed in"
