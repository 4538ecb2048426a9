"""Whatever is sent to any route, the answer is never a failure of ours."""

import io
import random
import re
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
from support.console import ConsoleTown, Person

from appservice.domain.console import Position
from appservice.web.routes import ROUTES
from appservice.web.routing import Route

SEED, EACH = 20261121, 12
FIELDS = (
    "login", "password", "again", "code", "suite", "name", "shop", "siret", "trades", "commune",
    "phone", "channels", "mxid", "language", "fallback", "distinct", "sheet", "q", "charte",
    "page", "langue",
)  # fmt: skip
WORDS = (
    "", " ", "0", "-1", "9" * 30, "\x00", "a\x00b", "\ud800", "é" * 300, "🙂", "\u202eabc",
    "<script>", "' OR 1=1 --", "%s%n%d", "%(name)s", "{{7*7}}", "../../etc/passwd", "//a.fr",
    "\r\nSet-Cookie: a=b", "35152", "sms", "buralistes", "+33639980001", "fr", "[]", "\ufeff",
    'nom;commerce;metiers;commune;canaux\n"\x00', "nom;commerce;metiers;commune;canaux\na;b;c;d;e",
)  # fmt: skip


async def try_out(person: Person, route: Route, dice: random.Random) -> list[str]:
    """Which of a handful of requests failed."""
    failures = []
    for _ in range(EACH):
        word = dice.choice(WORDS).encode("utf-8", "surrogatepass")
        path = re.sub(r"\{\w+\}", quote(word, safe="") or "x", route.path)
        fields = {field: dice.choice(WORDS) for field in dice.sample(FIELDS, 8)}
        if route.method == "GET":
            pairs = (
                f"{f}={quote(v.encode('utf-8', 'surrogatepass'), safe='')}"
                for f, v in fields.items()
            )
            page = await person.get(f"{path}?{'&'.join(pairs)}", allow_redirects=False)
        else:
            page = await person.raw(
                "POST",
                path,
                data=body(fields, person, dice),
                headers={"Origin": person.origin},
                allow_redirects=False,
            )
        if page.status >= 500:
            failures.append(f"{route.method} {path} {fields}")
    return failures


def body(fields: dict[str, str], person: Person, dice: random.Random) -> Any:
    """As a form, or with a file in each field."""
    raw = {"jeton": person.token.encode()}
    raw |= {field: value.encode("utf-8", "surrogatepass") for field, value in fields.items()}
    if dice.random() < 0.7:
        return aiohttp.BytesPayload(
            urlencode(raw).encode(), content_type="application/x-www-form-urlencoded"
        )
    data = aiohttp.FormData()
    data.add_field("jeton", person.token)
    for field in fields:
        data.add_field(field, io.BytesIO(raw[field]), filename="a.csv", content_type="text/csv")
    return data


async def test_no_route_fails_whatever_is_sent(town: ConsoleTown):
    dice = random.Random(SEED)
    failures = []
    for route in ROUTES:
        if route.path == "/deconnexion":
            continue
        for person in (await town.mairie(), await town.outsider(Position.AUDITOR)):
            await person.get("/")
            failures += await try_out(person, route, dice)
            await person.close()
    assert failures == []
