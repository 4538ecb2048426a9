"""Each failure of the homeserver or of the way to it is one of two errors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from appservice.demo.ports import any_free_port
from appservice.matrix.api import Api, MatrixError, Unreachable, segment


@asynccontextmanager
async def homeserver(
    status: int = 200, body: bytes = b"{}"
) -> AsyncIterator[tuple[Api, list[str]]]:
    """One that always answers the same; the list gets the paths that it was asked for."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.raw_path)
        return web.Response(status=status, body=body)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = any_free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    async with aiohttp.ClientSession() as http:
        yield Api(http, f"http://127.0.0.1:{port}/", "token", "@bot:s", "DEVICE"), asked
    await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "body", "errcode", "retry_after", "temporary"),
    [
        (
            429,
            b'{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1500}',
            "M_LIMIT_EXCEEDED",
            1.5,
            True,
        ),
        (403, b'{"errcode":"M_FORBIDDEN"}', "M_FORBIDDEN", None, False),
        (502, b"<html>Bad gateway</html>", "HTTP_502", None, True),
        (404, b'["junk"]', "HTTP_404", None, False),
        (400, b'{"errcode":{},"retry_after_ms":"bientot"}', "HTTP_400", None, False),
        (302, b"", "HTTP_302", None, False),
        (200, b"<html>", "M_NOT_JSON", None, True),
    ],
)
async def test_answers_that_say_no(
    status: int, body: bytes, errcode: str, retry_after: float | None, temporary: bool
) -> None:
    async with homeserver(status, body) as (api, _):
        with pytest.raises(MatrixError) as caught:
            await api.call("GET", "/account/whoami")
        error = caught.value
        assert (error.errcode, error.retry_after) == (errcode, retry_after)
        assert error.temporary is temporary


async def test_nobody_answers() -> None:
    async with aiohttp.ClientSession() as http:
        with pytest.raises(Unreachable):
            await Api(http, f"http://127.0.0.1:{any_free_port()}", "t").call("GET", "/sync")


async def test_an_answer_that_stops_half_way() -> None:
    async with homeserver(200, b"{}") as (api, _):
        with pytest.raises(Unreachable):
            async with api.open("GET", "/sync"):
                raise aiohttp.ClientPayloadError


async def test_ids_stay_one_segment_of_the_path_each() -> None:
    async with homeserver() as (api, asked):
        await api.call("GET", f"/rooms/{segment('!a/b?c#d%:s')}/state/x/{segment('@m:s')}")
        path, _, query = asked[0].partition("?")
        assert path.count("/") == len("/_matrix/client/v3/rooms/ID/state/x/ID".split("/")) - 1
        assert "%2F" in path
        assert "%3F" in path
        assert "%23" in path
        assert "%25" in path
        assert query == "user_id=@bot:s&device_id=DEVICE"
