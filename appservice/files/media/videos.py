"""Makes a video fit to be shown: what was filmed and heard, and nothing about who, where, when."""

import asyncio
import contextlib
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

from appservice.domain.report import HEAVIEST_FILE, LONGEST_VIDEO, Unfit
from bridges.protocol import Attachment

log = logging.getLogger(__name__)

PROGRAM = Path(__file__).with_name("bare_video.py")
PATIENCE = 30.0  # seconds; a film of twenty mebibytes takes less than one
_SPARE = 64 * 1024  # bytes by which the copy may be the bigger one
_BLOCK = 256 * 1024
_STATUS = {3: Unfit.UNREADABLE, 4: Unfit.TOO_LONG}


class ApartVideos:
    """Each film is read by a process of its own (`bare_video.py`), one after the other."""

    def __init__(self, program: Path = PROGRAM, patience: float = PATIENCE) -> None:
        self._command = (sys.executable, "-I", str(program), f"{LONGEST_VIDEO.total_seconds()}")
        self._patience = patience
        self._turn = asyncio.Semaphore(1)

    async def clean(self, attachment: Attachment) -> Attachment | Unfit:
        """An MP4 without metadata or name. Whatever becomes of its reader, we live on."""
        if len(attachment.data) > HEAVIEST_FILE:
            return Unfit.MISSING
        async with self._turn:
            found = await self._read(attachment.data)
        return found if isinstance(found, Unfit) else Attachment("video/mp4", found, "video.mp4")

    async def _read(self, data: bytes) -> bytes | Unfit:
        # Nothing of ours is in its environment, nor in its reach.
        reader = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}, cwd="/"
        )
        try:
            async with asyncio.timeout(self._patience):
                _, found = await asyncio.gather(_give(reader, data), _take(reader, len(data)))
                status = await reader.wait()
        except TimeoutError:
            log.warning("the reader of videos took more than %g s over a file", self._patience)
            return Unfit.UNREADABLE
        finally:
            if reader.returncode is None:
                reader.kill()
                await reader.wait()
        if status == 0 and found:
            return found
        if status not in _STATUS:
            log.warning("the reader of videos died of a file: status %d", status)
        return _STATUS.get(status, Unfit.UNREADABLE)


async def _give(reader: Process, data: bytes) -> None:
    assert reader.stdin is not None  # noqa: S101 - asked for
    with contextlib.suppress(ConnectionError):  # it may know enough before the end
        reader.stdin.write(data)
        await reader.stdin.drain()
        reader.stdin.close()
        await reader.stdin.wait_closed()


async def _take(reader: Process, size: int) -> bytes:
    """What it says, as far as a copy of that size may go; nothing when it goes further."""
    assert reader.stdout is not None  # noqa: S101 - asked for
    said, left = [], size + _SPARE
    while block := await reader.stdout.read(_BLOCK):
        left -= len(block)
        if left < 0:
            reader.kill()
            return b""
        said.append(block)
    return b"".join(said)
