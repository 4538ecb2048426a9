"""`maillage bench signal` runs what stands with the tests, and says where to find it."""

import shutil
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from appservice.bench import signal
from appservice.bench.lab import Lab
from appservice.bench.machine import this_machine
from appservice.domain.errors import PermanentFailure
from appservice.files.keys import make_keys

PRINTS = """
import json, sys
for size, ours in (("un", 12.0), ("groupe", 30.0), ("retour", 50.0)):
    parts = {"Mio": 40.0} if size == "groupe" else {}
    row = {"size": size, "ours": ours, "floor": 10.0, "n": 3, "unit": "ms", "parts": parts}
    print(json.dumps(row), flush=True)
sys.exit(0 if "--quick" in sys.argv else 1)
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rig = tmp_path / "tests" / "support" / "signal_rig"
    rig.mkdir(parents=True)
    (rig / "bench.py").write_text(PRINTS, "utf-8")
    monkeypatch.setattr(signal, "ROOT", tmp_path)
    return rig


def lab(folder: Path, *, quick: bool = True) -> Lab:
    return Lab(folder, quick, lambda _: None, AsyncExitStack(), make_keys(folder / "keys"))


async def test_its_rows_become_one_outcome(checkout: Path, tmp_path: Path):
    outcome = await signal.bench(lab(tmp_path))
    said = outcome.as_json(this_machine())
    assert (said["name"], said["ratio"]) == ("signal", 5.0)
    assert [row.size for row in outcome.rows] == ["un", "groupe", "retour"]
    assert list(outcome.goals.values()) == [True, False, False, False]


async def test_a_rig_that_breaks_down_gives_no_figures(checkout: Path, tmp_path: Path):
    with pytest.raises(PermanentFailure, match="arrêté"):
        await signal.bench(lab(tmp_path, quick=False))


async def test_installed_without_the_tests_it_says_where_to_run_it(checkout: Path, tmp_path: Path):
    shutil.rmtree(checkout)
    with pytest.raises(PermanentFailure, match="copie des sources"):
        await signal.bench(lab(tmp_path))
