"""Somebody at the console, watch in hand; and what the database alone needs for the same."""

import asyncio
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp
import asyncpg

from appservice.web.rendering import form_token

PAGE = 50  # people of a page
LOOKS = 0.5  # seconds between two
_SEALED = bytes(range(200))  # as long as a merchant's sealed words


class NotServed(LookupError):
    """The console did not answer as it must: a figure of it would be worth nothing."""


@dataclass(slots=True)
class Times:
    """Milliseconds of each measure of one side."""

    taken: list[float] = field(default_factory=list)

    @property
    def p50(self) -> float:
        return statistics.median(self.taken)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.taken, n=20, method="inclusive")[18]


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser that is signed in. `http` has no cookie jar: the cookie is given by hand."""

    http: aiohttp.ClientSession
    console: str
    empty: str
    session: str

    async def reads(self, path: str) -> float:
        """Milliseconds until the whole page is here."""
        return await self._timed("GET", f"{self.console}{path}", 200)

    async def sends(self, path: str, form: Mapping[str, str], status: int = 303) -> float:
        """Milliseconds until the answer to a form is here."""
        whole = {"jeton": form_token(self.session), **form}
        return await self._timed("POST", f"{self.console}{path}", status, whole)

    async def given(self, path: str, form: Mapping[str, str]) -> str:
        """Sends a form that leads to a page of its own: where that is."""
        whole = {"jeton": form_token(self.session), **form}
        url = f"{self.console}{path}"
        async with self.http.post(
            url, data=whole, headers=self._headers, allow_redirects=False
        ) as answer:
            if answer.status != 303:
                raise NotServed(f"POST {path}: {answer.status}")
            return answer.headers["Location"]

    async def follows(self, path: str, until: str) -> None:
        """Looks again, as the page's script does, until something leads there."""
        while True:
            url = f"{self.console}{path}/etat"
            async with self.http.get(url, headers=self._headers) as answer:
                text = await answer.text()
            if 'data-still="yes"' not in text:
                await asyncio.sleep(LOOKS)
            elif until in text:
                return
            else:
                raise NotServed(f"GET {path}: not what was to come")

    async def reads_nothing(self) -> float:
        return await self._timed("GET", self.empty, 200)

    async def sends_to_nobody(self, form: Mapping[str, str]) -> float:
        return await self._timed("POST", self.empty, 303, form)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Cookie": f"maillage={self.session}", "Origin": self.console}

    async def _timed(
        self, method: str, url: str, status: int, form: Mapping[str, str] | None = None
    ) -> float:
        start = time.perf_counter()
        async with self.http.request(
            method, url, data=form, headers=self._headers, allow_redirects=False
        ) as answer:
            await answer.read()
            took = (time.perf_counter() - start) * 1000
            if answer.status != status:
                raise NotServed(f"{method} {url.removeprefix(self.console)}: {answer.status}")
            return took


@dataclass(slots=True)
class BareTables:
    """One connection, one statement, one commit: nothing opened, nothing judged."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    written: int = 0

    async def prepare(self) -> None:
        await self.connection.execute(CREATE)

    async def page(self, territory: str) -> float:
        """Milliseconds for how many there are and the first of them."""
        start = time.perf_counter()
        await self.connection.fetchval(COUNT, territory)
        rows: Sequence[asyncpg.Record] = await self.connection.fetch(LIST, territory, PAGE)
        took = (time.perf_counter() - start) * 1000
        if not rows:
            raise NotServed("an empty register")
        return took

    async def row(self) -> float:
        """Milliseconds for a row as large as a merchant's."""
        self.written += 1
        start = time.perf_counter()
        await self.connection.execute(ADD, f"bare-{self.written}", f"{self.written}", _SEALED)
        return (time.perf_counter() - start) * 1000


COUNT = "SELECT count(*) FROM members WHERE territory = $1"
LIST = "SELECT * FROM members WHERE territory = $1 ORDER BY id LIMIT $2"
CREATE = "CREATE TABLE bare (id text PRIMARY KEY, phone text UNIQUE, sealed bytea NOT NULL)"
ADD = "INSERT INTO bare (id, phone, sealed) VALUES ($1, $2, $3)"
