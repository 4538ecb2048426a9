"""The bot's account: registered once, named as people will read it."""

import asyncio
import logging
import secrets

from appservice.domain.errors import PermanentFailure, TemporaryFailure
from appservice.matrix.api import Api, MatrixError, Unreachable, segment
from appservice.matrix.settings import MatrixSettings

log = logging.getLogger(__name__)

PING_AGAIN = (0.2, 1.0, 3.0)  # seconds


async def register_bot(service: Api, settings: MatrixSettings) -> None:
    """Makes the account unless it exists. Raises MatrixError, Unreachable."""
    wish = {
        "type": "m.login.application_service",
        "username": settings.bot_localpart,
        "inhibit_login": True,
    }
    try:
        await service.call("POST", "/register", wish)
    except MatrixError as refusal:
        if refusal.errcode != "M_USER_IN_USE":
            raise
    else:
        log.info("the account %s is registered", settings.bot)


async def name_bot(bot: Api, settings: MatrixSettings) -> None:
    """Sets the display name when it is another."""
    path = f"/profile/{segment(settings.bot)}/displayname"
    try:
        current = (await bot.call("GET", path)).get("displayname")
    except MatrixError as refusal:
        if refusal.status != 404:
            raise
        current = None
    if current != settings.display_name:
        await bot.call("PUT", path, {"displayname": settings.display_name})


async def ping(service: Api, settings: MatrixSettings) -> None:
    """Has the homeserver try us now: after an outage it waits up to 512 s by itself.

    Its first try may go down a connection to a process of ours that died: it is asked again.
    """
    path = f"/_matrix/client/v1/appservice/{segment(settings.appservice_id)}/ping"
    for pause in PING_AGAIN:
        try:
            await service.call("POST", path, {"transaction_id": secrets.token_hex(8)})
        except MatrixError as refusal:
            log.info("the homeserver does not reach us yet: %s", refusal.errcode)
            await asyncio.sleep(pause)
        else:
            return
    await service.call("POST", path, {"transaction_id": secrets.token_hex(8)})


async def first_contact(service: Api, settings: MatrixSettings) -> None:
    """The bot exists after this, as a command needs it. Raises TemporaryFailure."""
    try:
        await register_bot(service, settings)
    except Unreachable as failure:
        raise TemporaryFailure("Le serveur Matrix ne répond pas.") from failure
    except MatrixError as refusal:
        message = f"Le serveur Matrix refuse le service ({refusal.errcode})."
        raise PermanentFailure(message) from refusal
