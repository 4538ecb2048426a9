"""Programs started by the demonstration, which never outlive it."""

import asyncio
import shutil
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from appservice.demo.failure import StartFailed

POLL = 0.05
# A user namespace in which our own account bears the name of nobody (user_namespaces(7)).
DISGUISE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")


class Process(Protocol):
    """What is asked of a program that runs, as of an `asyncio.subprocess.Process`."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    async def wait(self) -> int: ...
    def send_signal(self, signal: int, /) -> None: ...
    def kill(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Child:
    """A running program and the signal that asks it to stop."""

    process: Process
    stop_signal: signal.Signals
    output: Path

    @property
    def running(self) -> bool:
        return self.process.returncode is None

    async def stop(self, grace: float = 15) -> None:
        """Ask, wait, then insist. Stopping what has already stopped is fine."""
        if self.running:
            self.process.send_signal(self.stop_signal)
        try:
            async with asyncio.timeout(grace):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


async def start_child(
    command: Sequence[str],
    output: Path,
    *,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
    disguised: bool = False,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Child:
    """Start a program in a session of its own, its output in a file.

    Its own session keeps Ctrl-C for us: we stop things in order. The kernel sends it
    `stop_signal` if we die without a word, so that not even `kill -9` leaves it behind.
    `disguised` programs believe that they don't run as root, with our rights on files.
    """
    with output.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            *_bound_to_us(command, stop_signal, user, disguised=disguised),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            env=environment,
            start_new_session=True,
        )
    return Child(process, stop_signal, output)


def _bound_to_us(
    command: Sequence[str], stop_signal: signal.Signals, user: str | None, *, disguised: bool
) -> list[str]:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StartFailed("La commande « setpriv » manque : apt-get install util-linux")
    # setpriv changes the user before it asks for the death signal: the other order loses it.
    identity = [f"--reuid={user}", f"--regid={user}", "--init-groups"] if user else []
    bound = [setpriv, *identity, "--pdeathsig", stop_signal.name.removeprefix("SIG"), *command]
    # In that order too: a new namespace forgets the signal.
    return [*DISGUISE, *bound] if disguised else bound


async def wait_until(
    ready: Callable[[], Awaitable[bool]], what: str, seconds: float = 60, poll: float = POLL
) -> None:
    """Ask again and again until `ready` answers yes; give up after `seconds`, naming `what`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not await ready():
        if loop.time() > deadline:
            raise StartFailed(f"{what} : toujours rien après {seconds:.0f} s.")
        await asyncio.sleep(poll)


def last_lines(path: Path, count: int = 12) -> str:
    """The end of a log, for the message of a failure."""
    if not path.is_file():
        return ""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(line for line in lines[-count:] if line.strip())
