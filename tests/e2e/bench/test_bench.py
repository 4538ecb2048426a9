"""Each bench runs at its small sizes and says what it measured; never how fast it must be."""

import asyncio
import json
import math
import sys

import pytest

from appservice.cli import BENCHES

pytestmark = pytest.mark.e2e
# Those that need a homeserver start one at the same time.
QUICK = ("moderate", "plan", "intake", "fanout", "sms", "console")
TOGETHER = ("share", "alert", "provision", "memory")
ON_THE_RIG = ("signal",)  # e2e/signal/test_measures.py and unit/bench


async def measured(name: str) -> dict[str, object]:
    """The one JSON object that the command prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "appservice", "bench", name, "--quick", "--json"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    lines = out.decode().splitlines()
    assert len(lines) == 1, lines
    found: dict[str, object] = json.loads(lines[0])
    return found


def check(name: str, found: dict) -> None:
    assert found["name"] == name
    assert found["floor_is"]
    assert found["machine"].keys() >= {"cpu", "cores", "memory_mib", "load", "python"}
    assert found["goal"]
    assert all(type(met) is bool for met in found["goal"].values())
    assert (
        found["rows"][-1].items()
        >= {key: found[key] for key in ("ours", "floor", "ratio", "n", "unit", "size")}.items()
    )
    for row in found["rows"]:
        assert row["ours"] > 0
        assert row["floor"] > 0
        assert math.isclose(row["ratio"], row["ours"] / row["floor"])
        assert row["n"] >= 1
        assert row["unit"]
        assert all(math.isfinite(value) for value in row["parts"].values())


def test_every_bench_is_tried():
    assert {*QUICK, *TOGETHER, *ON_THE_RIG} == set(BENCHES)


@pytest.mark.parametrize("name", QUICK)
async def test_a_bench_prints_one_object(name: str):
    check(name, await measured(name))


async def test_benches_with_a_homeserver_print_one_object():
    for name, found in zip(
        TOGETHER, await asyncio.gather(*(measured(name) for name in TOGETHER)), strict=True
    ):
        check(name, found)


async def test_a_bench_that_does_not_exist_is_refused():
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "appservice", "bench", "speed"),
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await process.communicate()
    assert process.returncode == 2
    assert "moderate" in err.decode()
