"""Hostile requests: every field that a page reads, and what people send to break things."""

import io
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
from hypothesis import strategies as st

import appservice.web
from appservice.web.admission import LANGUAGE
from appservice.web.routes import ROUTES
from appservice.web.routing import Route

MARK = "<b9x onmouseover=alert(1)>"
"""Shown as it is, it is an element: an answer must never hold it."""
WORDS = (
    "", " ", "0", "-1", "9" * 30, "\x00", "a\x00b", "\ud800", "é" * 300, "🙂", "\u202eabc", MARK,
    f'"{MARK}', f"'{MARK}", "' OR 1=1 --", "%s%n%d", "%(name)s", "{name}", "{{7*7}}", "{% raw %}",
    "../../etc/passwd", "//exemple.net", "/\\exemple.net", "https://exemple.net/", "javascript:a",
    "/a\r\nX-Injected: oui", "\r\nSet-Cookie: injected=oui", "/\t/exemple.net", "/%2f/exemple.net",
    "35152", "sms", "buralistes", "+33639980001", "fr", "xx", "[]", "\ufeff", "=cmd|' /C'!A0",
    'nom;commerce;metiers;commune;canaux\n"\x00', "nom;commerce;metiers;commune;canaux\na;b;c;d;e",
    "2026-02-30", "1e999", "NaN", "true", "null", "🙂" * 2000,
)  # fmt: skip
_READ = re.compile(r'(?:query\.get|text_of|secret_of|several_of)\(\s*(?:request,\s*)?"(\w+)"')
_NAMED = re.compile(r'(?:name=|forms\.\w+\(\s*)"(\w+)"')


def fields() -> tuple[str, ...]:
    """All that the pages of today read: a new one is tried as soon as it is written."""
    templates = files("appservice.web") / "templates"
    found = {
        name
        for page in templates.iterdir()
        if page.name.endswith(".html")
        for name in _NAMED.findall(page.read_text("utf-8"))
    }
    for module in Path(appservice.web.__file__).parent.rglob("*.py"):
        found |= set(_READ.findall(module.read_text("utf-8")))
    return tuple(sorted(found - {"jeton"} | {LANGUAGE}))


@dataclass(frozen=True, slots=True)
class Hostile:
    """One request. `known` puts the id of somebody real where the address wants one."""

    route: Route
    who: str
    word: str
    known: bool
    fields: tuple[tuple[str, str], ...]
    as_files: bool
    headers: tuple[tuple[str, str], ...]

    def path(self, member: str) -> str:
        word = member if self.known else self.word
        return re.sub(r"\{\w+\}", quoted(word) or "x", self.route.path)

    def query(self) -> str:
        return "&".join(f"{field}={quoted(value)}" for field, value in self.fields)

    def body(self, token: str) -> Any:
        """As a form, or with a file in each field."""
        raw = [(field, value.encode("utf-8", "surrogatepass")) for field, value in self.fields]
        if not self.as_files:
            form = urlencode([("jeton", token.encode()), *raw]).encode()
            return aiohttp.BytesPayload(form, content_type="application/x-www-form-urlencoded")
        data = aiohttp.FormData()
        data.add_field("jeton", token)
        for field, value in raw:
            data.add_field(
                field, io.BytesIO(value), filename=f"{field}.csv", content_type="text/csv"
            )
        return data


def quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def requests(people: tuple[str, ...]) -> st.SearchStrategy[Hostile]:
    """Of any route but the one that signs out, by any of these people."""
    words = st.sampled_from(WORDS) | st.text(max_size=40)
    # What a client library lets through; the others are sent by hand.
    plain = words.map(lambda word: re.sub(r"[^ -~]", "", word))
    headers = st.tuples(
        st.sampled_from(
            ("Accept-Language", "Accept", "Cookie", "Range", "If-None-Match", "X-Forwarded-For",
             "X-Forwarded-Host", "X-HTTP-Method-Override", "User-Agent", "Referer")
        ),
        plain,
    )  # fmt: skip
    return st.builds(
        Hostile,
        route=st.sampled_from([route for route in ROUTES if route.path != "/deconnexion"]),
        who=st.sampled_from(people),
        word=words,
        known=st.booleans(),
        fields=st.lists(
            st.tuples(st.sampled_from(fields()), words),
            max_size=10,
            unique_by=lambda pair: pair[0],
        ).map(tuple),
        as_files=st.booleans(),
        headers=st.lists(headers, max_size=2, unique_by=lambda pair: pair[0]).map(tuple),
    )
