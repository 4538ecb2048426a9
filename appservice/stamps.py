"""Time-stamping, wired: the authority that the configuration names is asked while we run."""

from collections.abc import Coroutine

import aiohttp

from appservice.domain.errors import PermanentFailure
from appservice.files.config.stamps import TimeStampConfig
from appservice.flows.charter.stamping import Stamping
from appservice.flows.ports import Clock, Store
from appservice.web.receipts.authority import HttpTimeAuthority


def stamping(
    chosen: TimeStampConfig | None, store: Store, clock: Clock
) -> list[Coroutine[object, object, None]]:
    """What is to run; nothing, when no authority was chosen."""
    return [] if chosen is None else [_watch(chosen, store, clock)]


async def _watch(chosen: TimeStampConfig, store: Store, clock: Clock) -> None:
    """Until cancelled. Raises PermanentFailure for certificates that can't be read."""
    try:
        trusted = chosen.resolve()
    except (OSError, ValueError) as error:
        raise PermanentFailure(f"Certificats illisibles : {chosen.certificates}.") from error
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        authority = HttpTimeAuthority(http, chosen.url, trusted, clock)
        await Stamping(store, clock, authority).watch()
