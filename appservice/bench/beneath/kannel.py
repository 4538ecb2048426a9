"""Debian's Kannel with the configuration that a deployment gets, on free ports of loopback."""

import os
import re
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from appservice.demo.child import Child, last_lines, start_child, wait_until
from appservice.demo.failure import StartFailed
from appservice.demo.ports import LOOPBACK, any_free_port
from appservice.files.shipped import shipped

_SPOOL = "/var/spool/sms"
_USUAL_PORTS = ("13000", "13001", "13013", "2775")


@dataclass(slots=True)
class KannelProcess:
    """bearerbox and smsbox; `operator` is the port of the SMPP centre, `callback` ours."""

    folder: Path
    operator: int
    callback: int
    changes: Mapping[str, str] = field(default_factory=dict)  # lines to put in place of others
    _ports: dict[str, int] = field(default_factory=dict)
    _bearerbox: Child | None = None
    _smsbox: Child | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._ports['13013']}/cgi-bin/sendsms"

    @property
    def output(self) -> Path:
        """What both write while they run."""
        return self.folder / "kannel.out"

    def secret(self, name: str) -> str:
        return (self.folder / "secrets" / f"kannel_{name}").read_text("utf-8")

    async def prepare(self) -> None:
        """Writes the secrets and the configuration, as an operator of ours does."""
        self.folder.mkdir(parents=True, exist_ok=True)
        script = shipped("synapse-config") / "make-secrets.sh"
        made = await start_child(["sh", str(script), str(self.folder / "secrets")], self.output)
        await made.process.wait()
        for name in ("dlr", "store"):
            (self.folder / name).mkdir(exist_ok=True)
        self._ports = {usual: any_free_port() for usual in _USUAL_PORTS}
        self._ports["2775"] = self.operator
        text = (self.folder / "secrets" / "kannel").read_text("utf-8")
        # On this machine nothing listens beyond it, and the operator is ours.
        text = text.replace(_SPOOL, str(self.folder)).replace("0.0.0.0", LOOPBACK)  # noqa: S104 # taken away
        text = text.replace("smpp.example.fr", LOOPBACK)
        text = text.replace("maillage:29321", f"{LOOPBACK}:{self.callback}")
        for usual, free in self._ports.items():
            text = text.replace(f"= {usual}\n", f"= {free}\n")
        for line, other in self.changes.items():
            text, count = re.subn(f"^{re.escape(line)}$", other, text, flags=re.MULTILINE)
            if count != 1:
                raise StartFailed(f"« {line} » n'est pas une ligne de la configuration de Kannel")
        self._config.write_text(text, "utf-8")

    async def start(self) -> None:
        await self.start_bearerbox()
        await self.start_smsbox()

    async def start_bearerbox(self) -> None:
        box = self._bearerbox = await self._run("bearerbox")

        async def answers() -> bool:
            self._lives(box)
            return (await self._asked(self._status))[0] == 200

        await wait_until(answers, "bearerbox")

    async def start_smsbox(self) -> None:
        """Asks nothing of smsbox itself before bearerbox knows it.

        Version 1.4.5 listens a moment before it has read who may send: a request then is its end.
        """
        box = self._smsbox = await self._run("smsbox")

        async def known() -> bool:
            self._lives(box)
            return "smsbox:" in (await self._asked(self._status))[1]

        await wait_until(known, "smsbox")
        await self.ready()

    async def ready(self) -> None:
        """Returns once it answers, if only to refuse."""

        async def refuses() -> bool:
            return (await self._asked(self.url))[0] == 403

        await wait_until(refuses, "smsbox")

    async def stop(self) -> None:
        """bearerbox takes its time to say goodbye; what is in its spool stays there."""
        for child in (self._smsbox, self._bearerbox):
            if child is not None:
                await child.stop(1)

    async def stop_bearerbox(self) -> None:
        """smsbox stays alone."""
        if self._bearerbox is not None:
            await self._bearerbox.stop(1)

    def signal_smsbox(self, number: signal.Signals) -> None:
        """SIGSTOP: it still hears, and answers nothing until SIGCONT."""
        if self._smsbox is not None:
            self._smsbox.process.send_signal(number)

    async def kill(self) -> None:
        """SIGKILL, both."""
        for child in (self._smsbox, self._bearerbox):
            if child is not None and child.running:
                child.process.kill()
                await child.process.wait()

    @property
    def _config(self) -> Path:
        return self.folder / "kannel.conf"

    @property
    def _status(self) -> str:
        port, password = self._ports["13000"], self.secret("admin")
        return f"http://{LOOPBACK}:{port}/status.txt?password={password}"

    async def _run(self, name: str) -> Child:
        program = shutil.which(name, path=f"/usr/sbin:{os.environ.get('PATH', '')}")
        if program is None:
            raise StartFailed(f"« {name} » manque : apt-get install kannel")
        return await start_child([program, "-v", "4", str(self._config)], self.output)

    def _lives(self, box: Child) -> None:
        """Raises StartFailed, with its last words."""
        if not box.running:
            raise StartFailed(last_lines(self.output))

    async def _asked(self, url: str) -> tuple[int, str]:
        """Status and text of the answer; 0 when there is none."""
        try:
            async with aiohttp.ClientSession() as http, http.get(url) as answer:
                return answer.status, await answer.text()
        except aiohttp.ClientError:
            return 0, ""
