"""`maillage signal`, as the operator types it."""

import re
from collections.abc import AsyncIterator, Collection
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio
from support.bridge_worlds import SERVICE, ticking
from support.bridges import FakeBridge

from appservice.app import clock
from appservice.cli import parser
from appservice.commands.signal import run
from appservice.demo.ports import any_free_port
from appservice.demo.standins.signal_account import CODE, GOOD_CAPTCHA
from appservice.demo.standins.signal_cli import SignalCliStandIn
from appservice.domain.errors import PermanentFailure, TemporaryFailure
from appservice.domain.figures import Figures
from appservice.domain.member import Channel
from appservice.files.config import load_config
from appservice.operations.readiness import Readiness
from appservice.operations.server import Watch
from bridges.protocol import Trouble

GOOD = Path(__file__).parents[2] / "unit" / "files" / "good" / "maillage.yaml"
DAY = 24 * 3600 * 1000


@pytest_asyncio.fixture
async def standin() -> AsyncIterator[SignalCliStandIn]:
    standin = SignalCliStandIn(SERVICE, ticking())
    await standin.start()
    yield standin
    await standin.stop()


def write_config(folder: Path, signal: str) -> Path:
    (folder / "registration.yaml").write_text("as_token: x", "utf-8")
    (folder / "dsn").write_text("postgresql:///maillage\n", "utf-8")
    (folder / "keys").mkdir()
    text = re.sub(r"signal:\n(  .*\n)+", signal, GOOD.read_text("utf-8"))
    path = folder / "maillage.yaml"
    path.write_text(text, "utf-8")
    return path


@pytest.fixture
def config(tmp_path: Path, standin: SignalCliStandIn) -> Path:
    where = f'account: "{SERVICE}", port: {standin.port}, http_check: "{standin.check_url}"'
    watched = f"metrics: {{host: 127.0.0.1, port: {any_free_port()}}}\n"
    return write_config(tmp_path, f"signal: {{{where}}}\n{watched}")


@pytest.fixture
def without(tmp_path: Path) -> Path:
    return write_config(tmp_path, "")


class NoDatabase:
    """Implements `ports.Watched`, badly."""

    async def now(self) -> datetime:
        raise TemporaryFailure

    async def read(self, texts: Collection[str]) -> Figures:
        raise TemporaryFailure


async def maillage(config: Path, *words: str) -> int:
    args = parser().parse_args(["--config", str(config), "signal", *words])
    return await run(args)


async def test_all_is_well(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert await maillage(config, "status") == 0
    told = capsys.readouterr().out
    assert "signal-cli 0.14.6 répond." in told
    assert SERVICE not in told, "a number is shown by its ends only"


async def test_an_old_signal_cli_and_a_device_that_goes_are_told(
    config: Path, standin: SignalCliStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    standin.faults.account.version = "0.13.19"
    now = int(clock().timestamp() * 1000)
    standin.faults.account.seen = {1: now, 2: now - 25 * DAY}
    assert await maillage(config, "status") == 1
    told = capsys.readouterr().out
    assert "passez à 0.14.6 au moins" in told
    assert "L'appareil 2 sera délié par Signal dans 5 jour(s)" in told


async def test_an_account_that_is_not_there_is_linked_by_a_code_on_the_screen(
    config: Path, standin: SignalCliStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    standin.faults.account.missing = True
    assert await maillage(config, "status") == 1
    assert "maillage signal link" in capsys.readouterr().out
    assert await maillage(config, "link") == 0
    told = capsys.readouterr().out
    assert told.count("█") > 100, "a QR code"
    assert "Lié au compte +33…00" in told
    assert await maillage(config, "status") == 0


async def test_a_number_is_registered_with_a_captcha_and_a_code(
    config: Path, standin: SignalCliStandIn
) -> None:
    standin.faults.account.missing = True
    standin.faults.account.registers_by_captcha = True
    with pytest.raises(PermanentFailure, match=r"signalcaptchas\.org/registration"):
        await maillage(config, "register")
    assert await maillage(config, "register", "--captcha", GOOD_CAPTCHA) == 0
    with pytest.raises(PermanentFailure, match="Signal a refusé"):
        await maillage(config, "register", "--code", "000000")
    assert await maillage(config, "register", "--code", CODE) == 0
    assert await maillage(config, "status") == 0


async def test_a_challenge_is_passed_or_said_to_be_worn(
    config: Path, standin: SignalCliStandIn
) -> None:
    standin.faults.rate_limit = 428
    with pytest.raises(PermanentFailure, match="il a servi"):
        await maillage(config, "challenge", "tok-1", "signalcaptcha://worn")
    assert await maillage(config, "challenge", "tok-1", GOOD_CAPTCHA) == 0
    assert standin.faults.rate_limit is None


async def test_status_says_what_the_running_service_met(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only it knows the token of a challenge, which came with a refusal."""
    bridge, port = FakeBridge(), load_config(config).metrics.port
    bridge.troubles = (Trouble("challenge_required"),)
    bridge.advice = "Tapez « maillage signal challenge tok-7 LIEN »."
    # The database plays no part in it: it is said to be away.
    readiness = Readiness(NoDatabase(), {Channel.SIGNAL: bridge})
    house = Watch(readiness, clock, [], dict, lambda: 0)
    await house.open("127.0.0.1", port)
    try:
        assert await maillage(config, "status") == 1
        assert "→ Tapez « maillage signal challenge tok-7 LIEN »." in capsys.readouterr().out
    finally:
        await house.close()
    assert await maillage(config, "status") == 0


async def test_signal_cli_down_says_how_to_start_it(
    config: Path, standin: SignalCliStandIn
) -> None:
    await standin.stop()
    with pytest.raises(TemporaryFailure, match="démarrez-le"):
        await maillage(config, "status")


async def test_without_signal_in_the_file_the_command_says_so(without: Path) -> None:
    with pytest.raises(PermanentFailure, match="n'est pas configuré"):
        await maillage(without, "status")
