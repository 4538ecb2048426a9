"""Which tests may run side by side, and what is printed at the end to repeat them."""

from collections.abc import AsyncIterator, Generator

import pytest
import pytest_asyncio
from support.signal_rig.rig import Rig
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from appservice.demo.child import last_lines
from appservice.demo.stage import Stage

# Tests that share servers run on one worker, which starts them once; the longest go first.
SHARED = (
    ("e2e/story/test_demo.py", "demo"),
    ("e2e/faults", "busy town"),
    ("e2e/privacy", "busy town"),
    ("e2e/story", "town"),
    ("e2e/signal", "telephones"),
    ("contract/bridges", "telephones"),
    ("e2e/sms", "kannel"),
    ("integration/flows/test_real_telephone.py", "kannel"),
    ("contract/homeserver", "homeserver"),
    ("e2e/test_charter_gate", "homeserver"),
    ("e2e/matrix", "matrix"),
    ("e2e/bench", "bench"),
)


class SideBySide(LoadScopeScheduling):
    """What one worker does in one go (`pytest -n 2`): a group of servers, else a module."""

    def _split_scope(self, nodeid: str) -> str:
        return _group(nodeid) or nodeid.split("::")[0].removeprefix("tests/")


def _group(nodeid: str) -> str:
    path = nodeid.split("::")[0].removeprefix("tests/")
    return next((group for start, group in SHARED if path.startswith(start)), "")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What shares servers first, in the order of SHARED: nothing long is left for the end."""
    order = [group for _, group in SHARED]
    items.sort(key=lambda item: order.index(name) if (name := _group(item.nodeid)) else len(order))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> SideBySide:
    """Marks would do, were they read after pytest 9.1: `--dist loadgroup` ignores them there."""
    return SideBySide(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the service said last, when a test that has one failed: its files go with the run."""
    report = yield
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            stage = getattr(value, "stage", None)
            if isinstance(stage, Stage):
                said = last_lines(stage.state / "service.log", 60)
                report.sections.append(("service.log", said))
    return report


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
