"""One signal-cli daemon of the rig: started, killed, started again on the same ports and files."""

import contextlib
from pathlib import Path

import aiohttp

from appservice.demo.child import Child, last_lines, start_child, wait_until
from appservice.demo.ports import any_free_port
from support.json_rpc import Wire
from support.signal_rig.install import CLASSES, HOME, JAVA, SIGNAL_CLI

_START = 90  # seconds, on a busy machine


class Daemon:
    """`daemon --tcp --http --receive-mode manual`, with every account of its folder."""

    def __init__(self, folder: Path, properties: Path, *words: str) -> None:
        self.folder = folder
        self.port, self.http_port = any_free_port(), any_free_port()
        self.wire: Wire
        self._properties = properties
        self._words = words
        self._child: Child | None = None

    @property
    def check_url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/api/v1/check"

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.process.pid

    async def start(self) -> None:
        """Returns once it answers; a bare connect would disturb it while it starts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        jars = [CLASSES, *sorted(SIGNAL_CLI.glob("*.jar"))]
        command = (
            *(JAVA, "--enable-native-access=ALL-UNNAMED", "-Xmx384m", "-XX:TieredStopAtLevel=1"),
            *("-Xshare:auto", "-XX:+AutoCreateSharedArchive", f"-XX:SharedArchiveFile={_kept()}"),
            *(f"-Drig.signal={self._properties}", "-cp", ":".join(map(str, jars))),
            *("org.asamk.signal.Main", *self._words, "--config", str(self.folder), "daemon"),
            *("--tcp", f"127.0.0.1:{self.port}", "--http", f"127.0.0.1:{self.http_port}"),
            *("--receive-mode", "manual", "--no-receive-stdout"),
        )
        self._child = await start_child(command, self.folder / "out.log")
        await wait_until(self._answers, "signal-cli", _START)
        self.wire = await Wire.open(self.port)

    def hung_up(self) -> int:
        """How many connections it has seen end."""
        log = (self.folder / "out.log").read_text(encoding="utf-8", errors="replace")
        return log.count("SocketHandler - Connection ")

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop()
            await self.wire.close()

    async def kill(self) -> None:
        """Without a word, as a machine that loses power."""
        assert self._child is not None
        self._child.process.kill()
        await self._child.process.wait()
        await self.wire.close()

    async def _answers(self) -> bool:
        assert self._child is not None
        assert self._child.running, last_lines(self._child.output)
        with contextlib.suppress(aiohttp.ClientError):
            async with aiohttp.ClientSession() as http, http.get(self.check_url) as answer:
                return answer.status == 200
        return False


def _kept() -> Path:
    """Classes as Java has read them, which makes the next start quicker."""
    return HOME / "classes.jsa"
