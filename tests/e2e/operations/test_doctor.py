"""`maillage doctor`, the readiness and the figures of a live installation."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from support.homeserver import fleeting

from appservice.app import clock, matrix_settings
from appservice.demo.homeserver import Homeserver
from appservice.demo.ports import any_free_port
from appservice.demo.stage import SERVICES, Stage
from appservice.domain.errors import PermanentFailure
from appservice.domain.gate import GateTrial
from appservice.files.config import load_config
from appservice.files.keys import Keys, load_keys, make_keys
from appservice.files.registration import read_tokens
from appservice.matrix.api import Api
from appservice.matrix.probe import HomeserverProbe, Prove

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A service that runs for the first time."""
    ports = {name: any_free_port() for name in SERVICES}
    stage = Stage(tmp_path_factory.mktemp("etat"), ports)
    stage.postgres = fleeting(stage.state / "postgres")
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(stage.stop)
        await stage.start_database()
        await stage.start_homeserver()
        await stage.start_standins()
        await stage.prepare_service()
        await stage.start_service()
        yield stage


@pytest.fixture
async def served(stage: Stage) -> Stage:
    """The service runs."""
    if stage.service is None:
        await stage.restart_service()
    return stage


@pytest.fixture
async def stopped(stage: Stage) -> Stage:
    """The service has run, and does no more."""
    await stage.stop_service()
    return stage


async def get(stage: Stage, path: str) -> tuple[int, str]:
    url = f"http://127.0.0.1:{stage.ports['mesures']}{path}"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return answer.status, await answer.text()


def said(out: str) -> dict[str, bool]:
    """What was looked at, and whether it was well."""
    lines = [line for line in out.splitlines() if line[:1] in "✓✗"]
    return {line[2:].split(" : ")[0]: line[0] == "✓" for line in lines}


async def rooms(stage: Stage) -> list[str]:
    """Those that the bot is in."""
    headers = {"Authorization": f"Bearer {stage.homeserver.as_token}"}
    url = f"{stage.homeserver.url}/_matrix/client/v3/joined_rooms"
    query = {"user_id": stage.homeserver.bot}
    async with aiohttp.ClientSession(headers=headers) as http, http.get(url, params=query) as it:
        joined: list[str] = (await it.json())["joined_rooms"]
    return sorted(joined)


async def sits_in_a_doctors_room(stage: Stage) -> bool:
    """Whether the bot is still in a room that was made for an examination."""
    headers = {"Authorization": f"Bearer {stage.homeserver.as_token}"}
    base, query = f"{stage.homeserver.url}/_matrix/client/v3", {"user_id": stage.homeserver.bot}
    async with aiohttp.ClientSession(headers=headers) as http:
        for room in await rooms(stage):
            path = f"{base}/rooms/{room}/state/m.room.create/"
            async with http.get(path, params=query) as answer:
                if (await answer.json())["fr.maillage.charter"] == {"room": "doctor"}:
                    return True
    return False


async def test_all_is_well_while_the_service_runs(served: Stage) -> None:
    answer = await served.maillage("doctor")
    assert answer.status == 0, answer.out + answer.err
    findings = said(answer.out)
    assert all(findings.values())
    assert {
        "dossier des clés", "clé de récupération", "base de données", "serveur Matrix",
        "jeton du service", "serveur Matrix → service", "barrière de charte",
        "clé publique à la barrière", "service", "canal matrix", "canal signal", "canal sms",
    } <= set(findings)  # fmt: skip
    assert not await sits_in_a_doctors_room(served)


async def test_the_service_says_that_it_lives_and_is_ready_and_counts(served: Stage) -> None:
    assert (await get(served, "/healthz"))[0] == 200
    status, body = await get(served, "/readyz")
    assert status == 200, body
    status, text = await get(served, "/metrics")
    assert status == 200
    for line in ("maillage_safe_mode 0.0", 'maillage_part_up{part="database"} 1.0'):
        assert line in text
    assert "maillage_report_taken_seconds_bucket" in text


async def test_the_gate_tells_our_key_from_another(served: Stage, tmp_path: Path) -> None:
    config = load_config(served.config)
    tokens, ours = read_tokens(config.homeserver.registration), load_keys(config.keys)
    settings = matrix_settings(config, tokens, ours)
    another = make_keys(tmp_path / "keys")

    def prove(keys: Keys) -> Prove:
        return lambda room, user, until: keys.proof(room, user, "essai", until)

    async with aiohttp.ClientSession() as http:
        api = Api(http, config.homeserver.url, tokens.as_token)
        trials = [
            await HomeserverProbe(api, settings, prove(keys), clock, served=True).try_gate()
            for keys in (ours, another)
        ]
        stranger = Api(http, config.homeserver.url, "un-autre-jeton")
        with pytest.raises(PermanentFailure, match="401 M_UNKNOWN_TOKEN"):
            await HomeserverProbe(stranger, settings, prove(ours), clock, served=True).whoami()
    assert trials == [GateTrial(True, True, True, True), GateTrial(True, True, True, False)]


async def test_a_channel_that_is_down_is_named(served: Stage) -> None:
    await served.kannel.stop()
    try:
        status, body = await get(served, "/readyz")
        answer = await served.maillage("doctor")
    finally:
        await served.kannel.start()
    assert status == 503
    assert '"failing": {"sms": "gateway_down"}' in body
    assert answer.status == 1
    assert [what for what, well in said(answer.out).items() if not well] == ["canal sms"]


async def test_all_is_well_while_the_service_is_stopped_too(stopped: Stage) -> None:
    answer = await stopped.maillage("doctor")
    assert answer.status == 0, answer.out + answer.err
    assert "service : à l'arrêt" in answer.out


async def test_a_dry_run_shows_everything_and_changes_nothing(stopped: Stage) -> None:
    before = await rooms(stopped)
    first = await stopped.maillage("apply", "--dry-run")
    again = await stopped.maillage("plan")
    assert first.status == 0, first.err
    assert "rien n'est changé" in first.err
    assert first.out == again.out
    assert await rooms(stopped) == before


async def test_a_homeserver_without_the_gate_is_found_out(stopped: Stage) -> None:
    guarded = stopped.homeserver
    await guarded.stop()
    open_to_all = Homeserver(replace(guarded.plan, overrides={"modules": []}))
    await open_to_all.start()
    try:
        answer = await stopped.maillage("doctor")
    finally:
        await open_to_all.stop()
        await guarded.start()
    assert answer.status == 1
    assert [what for what, well in said(answer.out).items() if not well] == ["barrière de charte"]
    assert "charter_gate.CharterGate" in answer.out


async def test_safe_mode_is_hard_to_overlook(stopped: Stage) -> None:
    await stopped.restart_service("--safe")
    try:
        answer = await stopped.maillage("doctor")
        readiness, figures = await get(stopped, "/readyz"), await get(stopped, "/metrics")
    finally:
        await stopped.stop_service()
    assert answer.status == 1
    assert [what for what, well in said(answer.out).items() if not well] == ["service"]
    assert "les alertes sont suspendues" in answer.out
    assert '"mode": "safe"' in readiness[1]
    assert "maillage_safe_mode 1.0" in figures[1]
    assert "SAFE MODE" in (stopped.state / "service.log").read_text()
