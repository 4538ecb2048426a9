"""The composition root: which adapter serves which port, and what runs together."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from appservice.domain.ids import UserId
from appservice.domain.member import Channel
from appservice.domain.world import World
from appservice.files.config import Config
from appservice.files.keys import Keys, load_keys
from appservice.files.photos import PillowPhotos
from appservice.files.registration import Tokens, read_tokens
from appservice.files.world import load_world
from appservice.flows.delivery import Delivery
from appservice.flows.enrolment import Enrolment
from appservice.flows.inbound import Inbound, Inbox
from appservice.flows.membership import Membership, Ourselves
from appservice.flows.progress import watch
from appservice.flows.reconciliation import Reconciliation
from appservice.flows.signature import Signing
from appservice.flows.unreadable import Unreadable
from appservice.matrix.accounts import first_contact
from appservice.matrix.api import Api
from appservice.matrix.rooms import Rooms, no_voice
from appservice.matrix.service import MatrixService
from appservice.matrix.settings import Callbacks, MatrixSettings
from appservice.store.postgres import PgStore, connect
from bridges.protocol import Bridge, Groups
from bridges.protocol import Inbound as Thing
from bridges.registry import FACTORIES

log = logging.getLogger(__name__)

HOUSEKEEPING_EVERY = timedelta(minutes=10)


def clock() -> datetime:
    """The one place that reads the time."""
    return datetime.now(UTC)  # noqa: TID251 - everybody else takes this function


def new_id() -> str:
    """Unguessable: 128 bits."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True, slots=True)
class Office:
    """What a command needs: the files and the store, and nothing that runs."""

    config: Config
    world: World
    keys: Keys
    tokens: Tokens
    store: PgStore

    @property
    def ourselves(self) -> Ourselves:
        """Our accounts on each channel."""
        homeserver = self.config.homeserver
        bot = UserId(f"@{homeserver.bot_localpart}:{homeserver.server_name}")
        return Ourselves(bot, self.config.signal.account if self.config.signal else "")

    @property
    def enrolment(self) -> Enrolment:
        return Enrolment(self.store, clock, new_id, self.world, self.config.homeserver.server_name)

    @property
    def signing(self) -> Signing:
        return Signing(self.store, self.keys, clock, self.world)

    def membership(self, rooms: Rooms, groups: Groups | None) -> Membership:
        return Membership(self.store, rooms, groups, self.keys, clock, self.world, self.ourselves)


@asynccontextmanager
async def open_office(config: Config) -> AsyncIterator[Office]:
    """Raises BadFiles, BadKeys, TemporaryFailure (database down), PermanentFailure."""
    world = load_world(config.world, config.settings)
    keys = load_keys(config.keys)
    tokens = read_tokens(config.homeserver.registration)
    store = await connect(config.database.resolve(), keys, clock, new_id)
    try:
        yield Office(config, world, keys, tokens, store)
    finally:
        await store.close()


@asynccontextmanager
async def provisioning(office: Office) -> AsyncIterator[Membership]:
    """Rooms and groups, for a command beside the running service: it changes state, and never
    speaks in a room, because the one device that may is the service's."""
    homeserver = office.config.homeserver
    bridges = make_bridges(office.config, receives=False)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        service = Api(http, homeserver.url, office.tokens.as_token)
        await first_contact(service, matrix_settings(office))
        api = Api(http, homeserver.url, office.tokens.as_token, office.ourselves.bot)
        groups = groups_of(bridges)
        if groups is not None:
            await bridges[Channel.SIGNAL].start(_unheard)
            stack.push_async_callback(bridges[Channel.SIGNAL].stop)
        yield office.membership(Rooms(api, homeserver.server_name, no_voice), groups)


async def is_served(config: Config) -> bool:
    """Whether a service of this configuration answers and is ready."""
    url = f"http://{config.listen.host}:{config.listen.port}/health"
    try:
        async with aiohttp.ClientSession() as http, http.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def _unheard(_: Thing) -> None:
    raise ConnectionError("only the service listens")


def make_bridges(config: Config, *, receives: bool = True) -> Mapping[Channel, Bridge]:
    """The channels that the configuration names. Raises OSError for an unreadable secret."""
    made: dict[Channel, Bridge] = {}
    if config.signal is not None:
        signal = config.signal
        given: dict[str, object] = {
            "account": signal.account,
            "host": signal.host,
            "port": signal.port,
            "check_url": signal.http_check,
            "receives": receives,
        }
        made[Channel.SIGNAL] = FACTORIES["signal"](given, clock)
    if config.sms is not None:
        sms = config.sms
        given = {
            "url": sms.url,
            "username": sms.user,
            "password": sms.password_file.read_text("utf-8").strip(),
            "secret": sms.secret_file.read_text("utf-8").strip(),
            "sender": sms.sender,
            "host": sms.listen.host,
            "port": sms.listen.port,
            "callback": sms.callback,
            "check_url": sms.status_url,
            "gsm7_only": sms.gsm7_only,
            "max_segments": sms.max_segments,
        }
        made[Channel.SMS] = FACTORIES["sms"](given, clock)
    return made


def groups_of(bridges: Mapping[Channel, Bridge]) -> Groups | None:
    """The bridge that has groups, if any."""
    return next((bridge for bridge in bridges.values() if isinstance(bridge, Groups)), None)


async def serve(office: Office, stop: asyncio.Event) -> None:
    """Runs every role until `stop` is set; parts that break down start again by themselves."""
    store, world = office.store, office.world
    bridges = make_bridges(office.config)
    inbound = Inbound(store, store.queue, world, clock, PillowPhotos())
    unreadable = Unreadable(store, world, clock)

    async def matrix_sink(thing: Thing) -> None:
        await inbound.handle(Channel.MATRIX, thing)

    async def moved(room: str, user: str, membership: str) -> None:
        await reconciliation.moved(room, user, membership)

    matrix = MatrixService(
        matrix_settings(office),
        store.journal,
        clock,
        matrix_sink,
        Callbacks(on_membership=moved, on_unreadable=unreadable.tell),
    )
    async with AsyncExitStack() as stack:
        await matrix.start()
        stack.push_async_callback(matrix.stop)
        # A second process, started by mistake, takes nothing from bridges and listens nowhere.
        if not await _first(matrix.alone, stop):
            return
        membership = office.membership(matrix.homeserver, groups_of(bridges))
        reconciliation = Reconciliation(membership, store.wake, matrix.ready.wait)
        channels: dict[Channel, Bridge] = {Channel.MATRIX: matrix.channel, **bridges}
        inboxes = [Inbox(c, store.journal, store, store.wake, inbound, clock) for c in bridges]
        for inbox in inboxes:
            await bridges[inbox.channel].start(inbox.sink())
            stack.push_async_callback(bridges[inbox.channel].stop)
        deliveries = [
            Delivery(c, bridge, store, store.queue, store.wake, world, clock, membership)
            for c, bridge in channels.items()
        ]
        parts = [reconciliation.run(), watch(store, world, clock), _housekeeping(office)]
        parts += [inbox.run() for inbox in inboxes] + [d.run() for d in deliveries]
        tasks = [asyncio.create_task(part) for part in parts]
        stack.push_async_callback(_end, tasks)
        for delivery in deliveries:
            stack.push_async_callback(delivery.stop)
        log.info("serving %s", ", ".join(c.label for c in channels))
        await _until(stop, tasks)


def matrix_settings(office: Office) -> MatrixSettings:
    """Where the homeserver is and who we are there."""
    config = office.config
    return MatrixSettings(
        homeserver=config.homeserver.url,
        server_name=config.homeserver.server_name,
        as_token=office.tokens.as_token,
        hs_token=office.tokens.hs_token,
        database=config.database.resolve(),
        pickle_key=office.keys.pickle,
        recovery_key_file=config.keys / "recovery.key",
        bot_localpart=config.homeserver.bot_localpart,
        bind_host=config.listen.host,
        bind_port=config.listen.port,
    )


async def _until(stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Returns when asked to stop; a part that ends on its own is a bug that must be seen."""
    asked = asyncio.create_task(stop.wait())
    try:
        done, _ = await asyncio.wait({asked, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {asked}:
            task.result()
            raise RuntimeError("a part of the service ended by itself")
    finally:
        asked.cancel()


async def _first(hoped: asyncio.Event, other: asyncio.Event) -> bool:
    """Whether what is hoped for comes before the other thing."""
    waiting = [asyncio.create_task(event.wait()) for event in (hoped, other)]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _end(waiting)
    return hoped.is_set()


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _housekeeping(office: Office) -> None:
    """Photos whose time is over go, and the audit chain is signed, whatever else happens."""
    while True:
        try:
            await office.store.purge(clock())
            await office.store.audit.checkpoint(office.keys, clock())
        except Exception as failure:
            log.warning("housekeeping: %s", type(failure).__name__)
        await asyncio.sleep(HOUSEKEEPING_EVERY.total_seconds())
