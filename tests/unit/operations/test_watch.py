"""`/healthz`, `/readyz` and `/metrics`: what is said when something is down."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from datetime import datetime, timedelta

import aiohttp
import pytest
from support.store_builders import NOON

from appservice.demo.ports import any_free_port
from appservice.domain.errors import TemporaryFailure
from appservice.domain.figures import Figures
from appservice.domain.member import Channel
from appservice.operations.readiness import Readiness
from appservice.operations.server import Watch
from bridges.protocol import Abilities, Health, Outcome, Outgoing, Sink, Unknown


class Database:
    """Implements `ports.Watched`."""

    def __init__(self) -> None:
        self.up = True
        self.can_count = True

    async def now(self) -> datetime:
        if not self.up:
            raise TemporaryFailure("postgresql://maillage@secret est en panne")
        return NOON

    async def read(self, texts: Collection[str]) -> Figures:
        if not (self.up and self.can_count):
            raise TemporaryFailure
        return Figures(alerts={"published": 4})


class Telephone:
    """A bridge whose health is what the test says."""

    name = "sms"
    abilities = Abilities()

    def __init__(self) -> None:
        self.state: Health | Exception | None = Health(True)

    async def start(self, sink: Sink) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, message: Outgoing) -> Outcome:
        return Unknown("not-asked")

    async def health(self) -> Health:
        if self.state is None:
            await asyncio.Event().wait()
        if isinstance(self.state, Exception):
            raise self.state
        assert self.state is not None
        return self.state


class House:
    def __init__(self) -> None:
        self.database, self.bridge, self.port = Database(), Telephone(), any_free_port()
        readiness = Readiness(
            self.database, {Channel.SMS: self.bridge}, timedelta(milliseconds=50)
        )
        self.watch = Watch(
            readiness, lambda: NOON, lambda _: ["hash"], lambda: {"done": 1}, lambda: 0
        )

    async def get(self, path: str) -> tuple[int, str]:
        url = f"http://127.0.0.1:{self.port}{path}"
        async with aiohttp.ClientSession() as http, http.get(url) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    await house.watch.open("127.0.0.1", house.port)
    yield house
    await house.watch.close()


async def test_all_is_well(house: House):
    assert await house.get("/healthz") == (200, '{"alive": true}')
    status, body = await house.get("/readyz")
    assert status == 200
    assert json.loads(body) == {
        "ready": True,
        "mode": "normal",
        "parts": {"database": "ok", "sms": "ok"},
        "failing": {},
        "advice": {},
    }


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (Health(False, "gateway_down", "La passerelle ne répond pas."), "gateway_down"),
        (ConnectionError("+33639980001"), "ConnectionError"),
        (None, "silent"),
    ],
)
async def test_a_bridge_that_does_not_work_is_named(
    house: House, state: Health | Exception | None, code: str
):
    house.bridge.state = state
    status, body = await house.get("/readyz")
    assert status == 503
    assert json.loads(body)["failing"] == {"sms": code}
    assert json.loads(body)["advice"]["sms"], "what to do about it"
    assert "+33" not in body
    assert 'maillage_part_up{part="sms"} 0.0' in (await house.get("/metrics"))[1]
    assert (await house.get("/healthz"))[0] == 200


async def test_a_database_that_is_away_leaves_the_rest_to_be_seen(house: House):
    house.database.up = False
    status, body = await house.get("/readyz")
    assert status == 503
    assert json.loads(body)["failing"] == {"database": "unreachable"}
    assert "secret" not in body
    status, text = await house.get("/metrics")
    assert status == 200
    assert 'maillage_part_up{part="database"} 0.0' in text
    assert "maillage_alerts{" not in text


async def test_a_database_that_goes_while_it_is_read_gives_no_figures(house: House):
    house.database.can_count = False
    status, text = await house.get("/metrics")
    assert status == 200
    assert "maillage_alerts{" not in text


async def test_safe_mode_is_said_everywhere(house: House):
    house.watch.safe = True
    status, body = await house.get("/readyz")
    assert status == 200
    assert json.loads(body)["mode"] == "safe"
    assert "maillage_safe_mode 1.0" in (await house.get("/metrics"))[1]


async def test_a_port_that_is_taken_stops_nobody(house: House, caplog: pytest.LogCaptureFixture):
    second = House()
    await second.watch.open("127.0.0.1", house.port)
    await second.watch.close()
    assert f"port {house.port} is taken" in caplog.text
    assert (await house.get("/healthz"))[0] == 200
