"""`maillage demo --once`: killed half-way, then whole, then again on the same state."""

import asyncio
import json
import os
import shutil
import socket
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from appservice.demo import run as demo
from appservice.demo.child import wait_until
from appservice.demo.failure import DiskFull
from appservice.demo.ports import LOOPBACK, find_ports
from appservice.demo.stage import SERVICES

pytestmark = pytest.mark.e2e

Usage = namedtuple("Usage", "total used free")


async def _start(state: Path, base: int) -> asyncio.subprocess.Process:
    words = ("demo", "--once", "--state", str(state), "--port-base", str(base))
    maillage = Path(sys.executable).with_name("maillage")  # what `make demo` runs
    return await asyncio.create_subprocess_exec(
        *(str(maillage), *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def _said(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.read()).decode()


async def _play(state: Path, base: int) -> tuple[int, str]:
    process = await _start(state, base)
    said = await _said(process)
    return await process.wait(), said


def _processes_of(state: Path) -> list[int]:
    """Those whose command names the folder."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if os.fsencode(state) in command:
            found.append(int(folder.name))
    return found


def _free_base() -> int:
    """Somewhere nobody else's demonstration is."""
    for base in range(31_000, 60_000, 40):
        try:
            find_ports(SERVICES, base)
        except Exception:
            continue
        return base
    raise AssertionError("no free ports")


@pytest.mark.timeout(600)
async def test_killed_half_way_then_whole_then_again_on_the_same_state(tmp_path: Path) -> None:
    state, base = tmp_path / "demo", _free_base()
    first = await _start(state, base)

    async def half_way() -> bool:
        assert first.returncode is None, await _said(first)
        return (state / "synapse" / "homeserver.yaml").is_file()

    await wait_until(half_way, "La moitié d'un démarrage", 120)
    first.kill()
    await first.wait()

    async def nobody_left() -> bool:
        return not _processes_of(state)

    await wait_until(nobody_left, "Plus aucun processus", 60)

    status, said = await _play(state, base)
    assert status == 0, said
    assert "✗" not in said
    content = json.loads((state / "demo.json").read_text(encoding="utf-8"))
    assert set(content) >= {
        *("homeserver", "server_name", "bot", "console", "phones", "metrics", "accounts", "rooms")
    }
    guests = {guest["role"]: guest for guest in content["console_accounts"]}
    assert list(guests) == ["mairie", "chef_de_quart", "auditor"]
    for guest in guests.values():
        assert guest["link"].startswith(f"{content['console']}/invitation/")
        assert guest["link"] in "".join(said.split())
    for account in content["accounts"]:
        assert set(account) == {"mxid", "password", "role", "name", "trade", "commune"}
    for room in content["rooms"]:
        assert set(room) == {"room_id", "alias", "kind", "trade", "commune"}
    assert {room["kind"] for room in content["rooms"]} >= {
        *("alertes", "echanges", "poste", "guichet")
    }
    assert (state / "demo.json").stat().st_mode & 0o077 == 0, "it holds passwords"
    assert _processes_of(state) == []

    status, said = await _play(state, base)
    assert status == 0, said
    again = json.loads((state / "demo.json").read_text(encoding="utf-8"))
    assert again["accounts"] == content["accounts"], "the same accounts"
    assert [room for room in content["rooms"] if room not in again["rooms"]] == []


async def test_a_port_that_is_taken_is_named_and_nothing_starts(tmp_path: Path) -> None:
    base = _free_base()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((LOOPBACK, base + 1))
        other.listen()
        status, said = await _play(tmp_path / "demo", base)
    assert status == 1
    assert f"{base + 1} (prévu pour service)" in " ".join(said.split())
    assert "--port-base" in said
    assert "Traceback" not in said
    assert not (tmp_path / "demo").exists()


def test_a_disk_nearly_full_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "not" / "yet"
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9 - 5, 5 * 2**20))
    with pytest.raises(DiskFull, match=r"Il reste 5 Mio sur le disque .* il en faut 400"):
        demo._need_room(state)
    assert not state.exists()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**10, 0, 10**10))
    demo._need_room(state)
