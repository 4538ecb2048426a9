"""A service forked from a process that has imported it all: tests of breakdowns start dozens."""

import asyncio
import ctypes
import os
import runpy
import signal
import sys
from collections.abc import Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from appservice.demo.prompt import FORKS

_PR_SET_PDEATHSIG = 1  # prctl(2)


class Forked:
    """What tests ask of an `asyncio.subprocess.Process`."""

    def __init__(self, program: Path, words: Sequence[str], output: Path) -> None:
        self._process: ForkServerProcess = FORKS.Process(
            target=_run, args=(program, words, output)
        )

        self._output = output
        self._ended = asyncio.Event()

    async def start(self) -> None:
        self._output.touch(mode=0o600)
        await asyncio.to_thread(self._process.start)
        asyncio.get_running_loop().add_reader(self._process.sentinel, self._end)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._process.join()
        self._ended.set()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    async def wait(self) -> int:
        """Its exit status, or minus the signal that ended it."""
        await self._ended.wait()
        assert self._process.exitcode is not None
        return self._process.exitcode

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        """Nothing to one that has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)


def _run(program: Path, words: Sequence[str], output: Path) -> None:
    """As `start_child` does: a session of its own, ended when whoever started it ends."""
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(descriptor, stream.fileno())
    os.close(descriptor)
    sys.argv = [str(program), *words]
    runpy.run_path(str(program), run_name="__main__")
