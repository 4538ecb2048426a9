"""The service as `alert` runs it: intake, judge, outbox and posts, in a process of its own.

Reconciliation is left out: it would open a guichet for each of five hundred people first.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from appservice.app import clock, new_id
from appservice.bench.fanout import NoGuichets
from appservice.domain.member import Channel
from appservice.files.keys import load_keys
from appservice.files.media import CleanMedia
from appservice.files.world import load_world, shipped_paths
from appservice.flows.delivery import Delivery
from appservice.flows.inbound import Inbound
from appservice.matrix.posts import MatrixChannel
from appservice.matrix.service import MatrixService
from appservice.matrix.settings import MatrixSettings
from appservice.store.postgres import connect
from bridges.protocol import Abilities, Health, Outcome, Outgoing, Sink
from bridges.protocol import Inbound as Thing


def tell(what: str, **more: object) -> None:
    """One line for whoever measures; the clock is the machine's, so processes can be compared."""
    sys.stdout.write(json.dumps({"what": what, "at": time.monotonic(), **more}) + "\n")
    sys.stdout.flush()


@dataclass(slots=True)
class Watched:
    """The Matrix channel, and when it was asked for what."""

    matrix: MatrixService
    name: str = MatrixChannel.name
    abilities: Abilities = MatrixChannel.abilities

    async def start(self, sink: Sink) -> None:
        """The service does."""

    async def stop(self) -> None:
        """The service does."""

    async def send(self, message: Outgoing) -> Outcome:
        tell("sending", text=message.text)
        outcome = await self.matrix.channel.send(message)
        tell("sent", text=message.text)
        return outcome

    async def health(self) -> Health:
        return await self.matrix.channel.health()


async def serve(given: Mapping[str, str]) -> None:
    """Until the other end closes our standard input."""
    keys, world = load_keys(Path(given["keys"])), load_world(shipped_paths())
    store = await connect(given["database"], keys, clock, new_id)
    inbound = Inbound(store, store.queue, world, clock, CleanMedia())
    settings = MatrixSettings(
        homeserver=given["homeserver"],
        server_name=given["server_name"],
        as_token=given["as_token"],
        hs_token=given["hs_token"],
        database=given["database"],
        pickle_key=keys.pickle,
        recovery_key_file=Path(given["recovery"]),
        bind_port=int(given["port"]),
    )

    async def sink(thing: Thing) -> None:
        tell("read")
        await inbound.handle(Channel.MATRIX, thing)
        tell("handled")

    matrix = MatrixService(settings, store.journal, clock, sink)
    await matrix.start()
    delivery = Delivery(
        Channel.MATRIX,
        Watched(matrix),
        store,
        store.queue,
        store.wake,
        world,
        clock,
        NoGuichets(),
    )
    await matrix.ready.wait()
    tell("ready")
    running = asyncio.create_task(delivery.run())
    await asyncio.to_thread(sys.stdin.read)
    await delivery.stop()
    await running
    await matrix.stop()
    await store.close()


if __name__ == "__main__":
    # Tokens come on standard input: arguments are for everybody to see.
    asyncio.run(serve(json.loads(sys.stdin.readline())))
