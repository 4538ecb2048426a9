"""A person whose Element is strict: matrix-js-sdk with only signed devices, in Node.js."""

import asyncio
import json
from pathlib import Path
from typing import Any

from appservice.demo.homeserver import Account
from support.nodejs import node, npm

FOLDER = Path(__file__).parent / "js"


async def install() -> None:
    """Brings in what package.json asks, once; says what is missing otherwise."""
    wanted = json.loads((FOLDER / "package.json").read_text("utf-8"))["dependencies"]
    if all((FOLDER / "node_modules" / name).is_dir() for name in wanted):
        return
    wish = ("ci", "--no-audit", "--no-fund", "--loglevel=error")
    process = await asyncio.create_subprocess_exec(*npm(), *wish, cwd=FOLDER)
    assert await process.wait() == 0, "npm ci failed: see above"


class StrictElement:
    """Start, use, close. It accepts every invitation."""

    def __init__(self, homeserver: str, account: Account) -> None:
        self._homeserver = homeserver
        self.account = account
        self.facts: list[dict[str, Any]] = []
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await install()
        account = self.account
        self._process = await asyncio.create_subprocess_exec(
            *(node(), "strict_element.mjs", self._homeserver, account.mxid, account.device_id),
            *(account.access_token, account.password),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=FOLDER,
        )
        self._task = asyncio.create_task(self._listen())
        await self.tells("ready", account.mxid, seconds=60)

    async def close(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        if self._task is not None:
            await self._task

    async def say(self, room: str, text: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"room": room, "text": text}).encode() + b"\n")
        await self._process.stdin.drain()

    async def tells(self, name: str, value: object, seconds: float = 30) -> dict[str, Any]:
        """Waits for a fact in which `name` is that value.

        An event that can't be read yet is none: a message may overtake its sender's device.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            for fact in self.facts:
                if fact.get(name) == value and "unreadable" not in fact:
                    return fact
            assert asyncio.get_running_loop().time() < deadline, (name, value, self.facts)
            await asyncio.sleep(0.02)

    def never_read(self) -> set[str]:
        """The events that it could not read, and still can't."""
        read = {fact.get("event") for fact in self.facts if "text" in fact}
        return {fact["event"] for fact in self.facts if "unreadable" in fact} - read

    async def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            if line.startswith(b"{"):
                self.facts.append(json.loads(line))
