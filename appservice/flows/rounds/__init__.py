"""What is looked at now and then, for as long as the service runs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta


async def rounds(
    once: Callable[[], Awaitable[object]], every: timedelta, log: logging.Logger, what: str
) -> None:
    """Until cancelled: a round, then a pause. Whatever fails in one only makes it wait.

    The log says `what`, and the kind of failure alone: its words may hold names.
    """
    while True:
        try:
            await once()
        except Exception as failure:
            log.warning("%s: %s", what, type(failure).__name__)
        await asyncio.sleep(every.total_seconds())
