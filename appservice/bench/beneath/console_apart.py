"""The console in a process of its own, whose memory is then its own, and an empty page beside it.

`python -m appservice.bench.beneath.console_apart CONFIG PORT`: the empty page answers on PORT.
"""

import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
from aiohttp import web

from appservice.app import console, open_office
from appservice.demo.ports import LOOPBACK
from appservice.files.config import load_config
from appservice.matrix.api import Api
from appservice.matrix.rooms import Rooms, no_voice


async def empty(_: web.Request) -> web.Response:
    """What aiohttp needs to answer at all."""
    return web.Response(text="")


async def empty_form(request: web.Request) -> web.Response:
    """The same, once the form is read."""
    await request.post()
    return web.Response(status=303, headers={"Location": "/"})


async def main(config: Path, port: int) -> None:
    """Until it is asked to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with AsyncExitStack() as stack:
        office = await stack.enter_async_context(open_office(load_config(config)))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        homeserver = office.config.homeserver  # never asked for anything
        api = Api(http, homeserver.url, office.tokens.as_token)
        membership = office.membership(Rooms(api, homeserver.server_name, no_voice), None)
        await stack.enter_async_context(console(office, office.world, membership, {}))
        floor = web.Application()
        floor.router.add_get("/", empty)
        floor.router.add_post("/", empty_form)
        runner = web.AppRunner(floor, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, LOOPBACK, port).start()
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
