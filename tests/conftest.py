"""Which tests may run side by side, and what is printed at the end to repeat them."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from support.signal_rig.rig import Rig

# These start servers of their own, in a module that has no neighbour to share them with.
ALONE = ("test_demo", "test_compose", "test_servers")


@pytest.hookimpl(tryfirst=True)  # a worker reads the groups in this hook too
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share servers stay on one worker, which starts them once."""
    for item in items:
        if servers := _servers(item):
            item.add_marker(pytest.mark.xdist_group(servers))


def _servers(item: pytest.Item) -> str:
    """A name for what a test runs on; empty for a test that may run anywhere."""
    if item.get_closest_marker("signal_real"):
        return "signal_rig"
    fixtures = getattr(item, "fixturenames", ())
    if found := next((name for name in ("busy_town", "homeserver") if name in fixtures), ""):
        return found
    real = any(item.get_closest_marker(m) for m in ("e2e", "sms_real", "browser"))
    return (item.path.stem if item.path.stem in ALONE else item.path.parent.name) if real else ""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What a random test was given, so that it can be run again as it was."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == "repeat":
                    terminalreporter.write_line(f"{value}  ({report.nodeid})")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def signal_rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    """The real signal-cli and Signal's mock server: one start for every test that needs them."""
    rig = Rig(tmp_path_factory.mktemp("signal"))
    await rig.start()
    yield rig
    await rig.stop()
