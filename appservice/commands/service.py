"""Runs the service until it is asked to stop."""

import asyncio
import logging
import signal
import sys
from argparse import Namespace

from appservice.app import open_office, serve
from appservice.files.config import load_config


async def run(args: Namespace) -> int:
    """Exit status 0 after SIGTERM or SIGINT; what was under way is finished or kept."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    # aiohttp's access log would show phone numbers in addresses; mautrix's logs show content.
    for noisy in ("aiohttp.access", "mau", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for asked in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(asked, stop.set)
    async with open_office(load_config(args.config)) as office:
        await serve(office, stop, safe=args.safe)
    return 0
