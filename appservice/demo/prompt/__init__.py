"""Where commands are typed: each runs in a process of its own, that starts in no time."""

import asyncio
import multiprocessing
import os
import runpy
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["__main__", "appservice.demo.prompt.warm"])


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said."""

    status: int
    out: str
    err: str


async def maillage(*words: str, program: Path | None = None) -> Answer:
    """`maillage WORDS`, forked from a process that has imported it all: a story has dozens.

    `program` is another script to run instead. A command takes its environment from whoever
    asked for the first one.
    """
    with tempfile.TemporaryDirectory(prefix="maillage-") as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = FORKS.Process(target=_play, args=(words, program, out, err))
        await asyncio.to_thread(process.start)
        try:
            await _end_of(process)
            return _answer(process.exitcode or 0, out, err)
        finally:
            process.kill()
            process.join()
            process.close()


def _answer(status: int, out: Path, err: Path) -> Answer:
    return Answer(status, out.read_text("utf-8"), err.read_text("utf-8"))


async def _end_of(process: ForkServerProcess) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(process.sentinel, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(process.sentinel)
    process.join()


def _play(words: Sequence[str], program: Path | None, out: Path, err: Path) -> None:
    for path, stream in ((out, sys.stdout), (err, sys.stderr)):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(descriptor, stream.fileno())
        os.close(descriptor)
    sys.argv = ["maillage", *words]
    if program is None:
        # The installed `maillage` has imported it; runpy would warn on stderr, which is read.
        sys.modules.pop("appservice.__main__", None)
        runpy.run_module("appservice", run_name="__main__")
    else:
        runpy.run_path(str(program), run_name="__main__")
