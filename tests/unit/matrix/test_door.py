"""The door answers 200 only for what is written, and only to the homeserver."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from appservice.demo.ports import any_free_port
from appservice.domain.errors import TemporaryFailure
from appservice.matrix.server import Door

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
GOOD = {"Authorization": "Bearer hs-token"}


class Book:
    """A journal that remembers keys, or fails as it is told."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.written: dict[str, bytes] = {}
        self.failure = failure

    async def write(self, source: str, key: str, payload: bytes, at: datetime) -> bool:
        if self.failure is not None:
            raise self.failure
        assert (source, at) == ("matrix", NOON)
        return self.written.setdefault(key, payload) is payload

    async def pending(self, source: str, limit: int) -> Sequence[tuple[int, bytes]]:
        return []

    async def done(self, entry: int) -> None:
        return None


class House:
    def __init__(self, book: Book, url: str, http: aiohttp.ClientSession) -> None:
        self.book, self.url, self.http = book, url, http
        self.woken = 0

    async def put(self, transaction: str, body: Any, headers: dict[str, str] = GOOD) -> int:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"{self.url}/_matrix/app/v1/transactions/{transaction}"
        async with self.http.put(url, data=data, headers=headers) as answer:
            said = await answer.json()
            assert said == {} if answer.status == 200 else said["errcode"].startswith("M_")
            return answer.status

    async def ask(self, method: str, path: str, headers: dict[str, str] = GOOD) -> int:
        async with self.http.request(method, self.url + path, headers=headers, data=b"{}") as got:
            return got.status


@asynccontextmanager
async def house(failure: Exception | None = None) -> AsyncIterator[House]:
    book = Book(failure)
    port = any_free_port()
    async with aiohttp.ClientSession() as http:
        it = House(book, f"http://127.0.0.1:{port}", http)

        def wake() -> None:
            it.woken += 1

        door = Door(book, "hs-token", lambda: NOON, wake)
        await door.open("127.0.0.1", port)
        try:
            yield it
        finally:
            await door.close()


async def test_a_transaction_is_written_raw_then_answered() -> None:
    async with house() as it:
        body = b'{"events": [ {"event_id":"$1"} ],"ephemeral":[]}'
        assert await it.put("7", body) == 200
        assert list(it.book.written.values()) == [body]
        assert it.woken == 1


async def test_a_resend_is_the_same_and_a_homeserver_made_anew_is_not() -> None:
    async with house() as it:
        await it.put("1", {"events": [{"event_id": "$1", "unsigned": {"age": 1}}]})
        await it.put("1", {"events": [{"event_id": "$1", "unsigned": {"age": 999}}]})
        assert len(it.book.written) == 1
        await it.put("1", {"events": [{"event_id": "$2"}]})
        assert len(it.book.written) == 2


@pytest.mark.parametrize("failure", [TemporaryFailure(), ValueError("of the store"), OSError()])
async def test_what_can_t_be_written_is_not_answered(failure: Exception) -> None:
    async with house(failure) as it:
        assert await it.put("1", {"events": []}) == 503
        assert it.woken == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'{"events": {}}', 400),
        (b'{"event": []}', 400),
        (b'{"events":' + b"[" * 50_000, 200),
    ],
)
async def test_bodies_that_are_no_transaction(body: bytes, status: int) -> None:
    async with house() as it:
        assert await it.put("1", body) == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer other"}, 403),
        ({"Authorization": "Bearer hs-toke"}, 403),
        ({"Authorization": "Bearer hs-token"}, 200),
    ],
)
async def test_only_the_homeserver_comes_in(headers: dict[str, str], status: int) -> None:
    async with house() as it:
        assert await it.put("1", {"events": []}, headers) == status
        assert len(it.book.written) == (1 if status == 200 else 0)


async def test_other_questions_of_the_homeserver() -> None:
    async with house() as it:
        assert await it.ask("POST", "/_matrix/app/v1/ping") == 200
        assert await it.ask("GET", "/_matrix/app/v1/users/@x:s") == 404
        assert await it.ask("GET", "/_matrix/app/v1/rooms/%23x:s") == 404
        assert await it.ask("GET", "/other") == 404
        assert await it.ask("POST", "/_matrix/app/v1/transactions/1") == 405
        assert await it.ask("GET", "/health", {}) == 503
