"""The connection to signal-cli: readiness, lost answers, coming back."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from support.bridge_worlds import eventually

from bridges.signal.client import SignalClient
from bridges.signal.codec import Received
from bridges.signal.errors import CallRefused, NoAnswer, NotSent
from bridges.signal.settings import SignalSettings

Reply = Callable[[Any, asyncio.StreamWriter], None]


def echo(request: Any, writer: asyncio.StreamWriter) -> None:
    writer.write(json.dumps({"id": request["id"], "result": request["params"]}).encode() + b"\n")


class Daemon:
    """A signal-cli that does what `reply` says."""

    def __init__(self) -> None:
        self.reply: Reply = echo
        self.connections = 0
        self.lines: list[Any] = []
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def start(self, path: Path | None = None) -> None:
        if path is not None:
            self._server = await asyncio.start_unix_server(self._serve, path)
            return
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        while line := await reader.readline():
            self.lines.append(json.loads(line))
            self.reply(self.lines[-1], writer)
        writer.close()

    def write(self, line: bytes) -> None:
        self._writers[-1].write(line)

    def hang_up(self) -> None:
        self._writers[-1].close()

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in self._writers:
                writer.close()
            self._server = None


@pytest_asyncio.fixture
async def daemon() -> AsyncIterator[Daemon]:
    daemon = Daemon()
    await daemon.start()
    yield daemon
    await daemon.stop()


class Rig:
    """A client on that daemon and what it received."""

    def __init__(self, settings: SignalSettings) -> None:
        self.received: list[Received] = []
        self.greetings = 0
        self.greet: Callable[[], Awaitable[None]] = self._count
        self.client = SignalClient(settings, self._keep, lambda: self.greet())

    async def _keep(self, received: Received) -> None:
        self.received.append(received)

    async def _count(self) -> None:
        self.greetings += 1


@pytest_asyncio.fixture
async def make() -> AsyncIterator[Callable[[SignalSettings], Rig]]:
    rigs: list[Rig] = []

    def make(settings: SignalSettings) -> Rig:
        rigs.append(Rig(settings))
        return rigs[-1]

    yield make
    for rig in rigs:
        await rig.client.stop()


def settings(daemon: Daemon, **more: Any) -> SignalSettings:
    base = SignalSettings(
        "+33639981000", port=daemon.port, call_timeout=2, retry_first=0.01, retry_last=0.02
    )
    return replace(base, **more)


Make = Callable[[SignalSettings], Rig]


async def test_answers_find_their_calls_whatever_their_order(daemon: Daemon, make: Make) -> None:
    waiting: list[Any] = []

    def backwards(request: Any, writer: asyncio.StreamWriter) -> None:
        if request["method"] == "version":
            return echo(request, writer)
        waiting.append(request)
        if len(waiting) == 3:
            for one in reversed(waiting):
                echo(one, writer)
        return None

    daemon.reply = backwards
    rig = make(settings(daemon))
    await rig.client.start()
    answers = await asyncio.gather(*(rig.client.call("send", {"n": n}) for n in range(3)))
    assert answers == [{"account": "+33639981000", "n": n} for n in range(3)]


async def test_what_signal_cli_says_is_acknowledged_at_once(
    daemon: Daemon, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the end of each of its lines would wait for 40 ms, and so would every message."""
    opened: list[asyncio.StreamWriter] = []
    connect = asyncio.open_connection

    async def watched(*where: Any, **how: Any) -> Any:
        reader, writer = await connect(*where, **how)
        opened.append(writer)
        return reader, writer

    monkeypatch.setattr(asyncio, "open_connection", watched)
    rig = make(settings(daemon))
    await rig.client.start()
    for n in range(20):  # a conversation: from now on Linux would wait for something to say
        await rig.client.call("send", {"n": n})
    raw = opened[-1].get_extra_info("socket")
    assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK) == 1


async def test_a_refusal_reaches_its_call_only(daemon: Daemon, make: Make) -> None:
    def refuse(request: Any, writer: asyncio.StreamWriter) -> None:
        if request["method"] != "send":
            return echo(request, writer)
        error = {"code": -1, "message": "No recipients given", "data": None}
        writer.write(json.dumps({"id": request["id"], "error": error}).encode() + b"\n")
        return None

    daemon.reply = refuse
    rig = make(settings(daemon))
    await rig.client.start()
    with pytest.raises(CallRefused) as refusal:
        await rig.client.call("send", {})
    assert refusal.value.code == -1
    assert await rig.client.call("listGroups", {})


async def test_before_the_connection_nothing_is_written(daemon: Daemon, make: Make) -> None:
    await daemon.stop()
    rig = make(settings(daemon))
    await rig.client.start()
    with pytest.raises(NotSent):
        await rig.client.call("send", {})


async def test_a_connection_that_breaks_after_the_write_gives_no_answer(
    daemon: Daemon, make: Make
) -> None:
    daemon.reply = lambda request, writer: (
        echo(request, writer) if request["method"] != "send" else writer.close()
    )
    rig = make(settings(daemon))
    await rig.client.start()
    with pytest.raises(NoAnswer):
        await rig.client.call("send", {})
    await eventually(lambda: rig.greetings == 2, "a new connection")
    assert await rig.client.call("listGroups", {})


async def test_silence_ends_in_no_answer(daemon: Daemon, make: Make) -> None:
    rig = make(settings(daemon, call_timeout=0.05))
    await rig.client.start()
    daemon.reply = lambda request, writer: None
    with pytest.raises(NoAnswer):
        await rig.client.call("send", {})
    daemon.reply = echo
    assert await rig.client.call("listGroups", {}), "an answer that comes late disturbs nobody"


async def test_a_daemon_that_comes_back_is_found_again(daemon: Daemon, make: Make) -> None:
    rig = make(settings(daemon))
    await rig.client.start()
    await daemon.stop()
    await eventually(lambda: not rig.client.ready, "the end")
    await daemon.start()
    await eventually(lambda: rig.client.ready, "the return")
    assert rig.greetings == 2


async def test_an_outage_is_told_once(
    daemon: Daemon, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    await daemon.stop()
    rig = make(settings(daemon))
    with caplog.at_level(logging.DEBUG, logger="bridges.signal.client"):
        await rig.client.start()
        await eventually(lambda: len(caplog.records) >= 3, "several tries")
    levels = [record.levelno for record in caplog.records]
    assert levels[0] == logging.WARNING
    assert set(levels[1:]) == {logging.DEBUG}


async def test_a_failed_greeting_is_tried_again(daemon: Daemon, make: Make) -> None:
    rig = make(settings(daemon))
    tries = []

    async def greet() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise CallRefused(-1, "not yet")

    rig.greet = greet
    await rig.client.start()
    await eventually(lambda: len(tries) == 3 and rig.client.ready, "the third try")


async def test_nonsense_between_answers_is_passed_over(
    daemon: Daemon, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    rig = make(settings(daemon))
    await rig.client.start()
    with caplog.at_level(logging.WARNING):
        daemon.write(b'nonsense about +33639981234\n{"id": "99", "result": 1}\n[]\n')
        daemon.write(b'{"id": null, "error": {"code": -32700, "message": "Parse error"}}\n')
        assert await rig.client.call("listGroups", {})
    assert "not_json" in caplog.text
    assert "+33639981234" not in caplog.text


async def test_events_arrive_in_order(daemon: Daemon, make: Make) -> None:
    rig = make(settings(daemon))
    await rig.client.start()
    for n in range(5):
        event = {"envelope": {"timestamp": n}, "account": "+33639981000"}
        line = {"method": "receive", "params": {"subscription": 0, "result": event}}
        daemon.write(json.dumps(line).encode() + b"\n")
    await eventually(lambda: len(rig.received) == 5, "five events")
    assert [received.envelope["timestamp"] for received in rig.received] == list(range(5))


async def test_readiness_is_asked_over_http_before_any_connection(
    daemon: Daemon, make: Make
) -> None:
    ready = {"status": 503, "asked": 0}

    async def check(request: web.Request) -> web.Response:
        ready["asked"] += 1
        return web.Response(status=ready["status"])

    app = web.Application()
    app.router.add_get("/api/v1/check", check)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    rig = make(settings(daemon, check_url=f"http://127.0.0.1:{port}/api/v1/check"))
    await rig.client.start()
    await eventually(lambda: ready["asked"] >= 3, "several questions")
    assert daemon.connections == 0
    ready["status"] = 200
    await eventually(lambda: rig.client.ready, "readiness")
    assert daemon.connections == 1
    assert daemon.lines == [], "no call was needed to know"
    await runner.cleanup()


async def test_a_unix_socket_will_do(tmp_path: Path, make: Make) -> None:
    daemon = Daemon()
    await daemon.start(tmp_path / "signal.sock")
    rig = make(settings(daemon, socket=str(tmp_path / "signal.sock")))
    await rig.client.start()
    assert await rig.client.call("listGroups", {})
    await rig.client.stop()
    await daemon.stop()


async def test_a_large_answer_passes(daemon: Daemon, make: Make) -> None:
    def large(request: Any, writer: asyncio.StreamWriter) -> None:
        answer = {"id": request["id"], "result": {"data": "A" * 5_000_000}}
        writer.write(json.dumps(answer).encode() + b"\n")

    rig = make(settings(daemon))
    await rig.client.start()
    daemon.reply = large
    answer = await rig.client.call("getAttachment", {"id": "x"})
    assert isinstance(answer, dict)
    assert len(answer["data"]) == 5_000_000
