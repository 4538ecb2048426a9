"""The operator in a process of its own, so that its work is neither ours nor the floor's."""

import asyncio
import json
import sys
from dataclasses import dataclass

from appservice.bench.beneath.operator import Operator
from appservice.demo.ports import any_free_port


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When the first and the last text reached a phone, of this machine's monotonic clock."""

    first: float
    last: float


@dataclass(slots=True)
class OperatorApart:
    """Start, ask for arrivals as often as needed, close."""

    port: int
    process: asyncio.subprocess.Process

    @classmethod
    async def start(cls) -> "OperatorApart":
        port = any_free_port()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "appservice.bench.beneath.operator_apart", str(port)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        apart = cls(port, process)
        await apart._line()  # it listens
        return apart

    async def arrivals(self, count: int) -> Arrivals:
        """Waits for so many texts from now on."""
        if self.process.stdin is None:
            raise RuntimeError("the operator has no ears")
        self.process.stdin.write(f"{count}\n".encode())
        await self.process.stdin.drain()
        return Arrivals(**json.loads(await self._line()))

    async def close(self) -> None:
        """Ends when nobody asks any more."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        await self.process.wait()

    async def _line(self) -> bytes:
        if self.process.stdout is None:
            raise RuntimeError("the operator has no voice")
        return await self.process.stdout.readline()


async def _main(port: int) -> None:
    operator = Operator(port)
    await operator.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while line := await asyncio.to_thread(sys.stdin.readline):
        count = int(line)
        while len(operator.parts) < count:  # noqa: ASYNC110 # looked at from time to time: cheap
            await asyncio.sleep(0.005)
        times = [part.at for part in operator.parts[:count]]
        del operator.parts[:count]
        sys.stdout.write(json.dumps({"first": min(times), "last": max(times)}) + "\n")
        sys.stdout.flush()
    await operator.stop()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1])))
