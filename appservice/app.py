"""The composition root: which adapter serves which port, and what runs together."""

import asyncio
import gc
import itertools
import logging
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import aiohttp

from appservice.channels import groups_of, make_bridges, round_signal_of
from appservice.domain.errors import PermanentFailure
from appservice.domain.ids import UserId
from appservice.domain.member import Channel
from appservice.domain.world import World
from appservice.files.config import Config
from appservice.files.config.console import ConsoleConfig
from appservice.files.keyring.territories import make_territory_keys
from appservice.files.keys import Keys, load_keys
from appservice.files.media import CleanMedia
from appservice.files.protocol_files import packed
from appservice.files.registration import Tokens, read_tokens
from appservice.files.world import load_world
from appservice.flows.arrival.arriving import Arriving
from appservice.flows.arrival.tidying import Tidying
from appservice.flows.charter.links import SigningLinks
from appservice.flows.charter.receipts import Receipts
from appservice.flows.charter.reminders import Reminders
from appservice.flows.charter.signer import Signer
from appservice.flows.console.audience import Audiences
from appservice.flows.console.casework import Casework
from appservice.flows.console.composing import Composing
from appservice.flows.console.conditions import Conditions
from appservice.flows.console.dispatch import Dispatch
from appservice.flows.console.importing import Importing
from appservice.flows.console.invitations import Invitations
from appservice.flows.console.log import Log
from appservice.flows.console.openly import Openly
from appservice.flows.console.presence import Presence
from appservice.flows.console.register import Register
from appservice.flows.console.removal import Removal
from appservice.flows.delivery import Delivery
from appservice.flows.departure.live import Live
from appservice.flows.departure.needs import Needs
from appservice.flows.enrolment import Enrolment
from appservice.flows.governance.indicators import Watching
from appservice.flows.governance.protocol import Protocol
from appservice.flows.governance.training import Training
from appservice.flows.inbound import Inbound, Inbox
from appservice.flows.membership import Membership, Ourselves
from appservice.flows.progress import watch
from appservice.flows.reconciliation import Reconciliation
from appservice.flows.retention import retain
from appservice.flows.signature import Signing
from appservice.flows.suspension import remind
from appservice.flows.telephone import consent
from appservice.flows.unreadable import Unreadable
from appservice.matrix.accounts import first_contact
from appservice.matrix.api import Api
from appservice.matrix.people import SynapseIntroductions, accounts_of
from appservice.matrix.rooms import Rooms, no_voice
from appservice.matrix.service import MatrixService
from appservice.matrix.settings import Callbacks, MatrixSettings
from appservice.operations.readiness import Readiness
from appservice.operations.server import Watch
from appservice.stamps import stamping
from appservice.store.postgres import PgStore, connect
from appservice.tasks import comes_first, end_all, once, until
from appservice.web.factors import ScryptPasswords, TotpCodes
from bridges.protocol import Bridge, Groups
from bridges.protocol import Inbound as Thing

if TYPE_CHECKING:
    from appservice.web.openid.provider import Provider

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
# What may be said twice is said again soon after a process died with it in hand.
SHORT_LEASE = timedelta(seconds=20)
HOUSEKEEPING_EVERY = timedelta(minutes=10)
SWEEP_EACH = 6  # turns: once an hour


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
        stamped = self.config.time_stamps is not None
        return Signing(self.store, self.keys, clock, self.world, stamped)

    @property
    def signing_links(self) -> SigningLinks:
        texts = self.config.sms is not None
        return SigningLinks(self.store, clock, new_id, self.world, texts)

    def arriving(self, http: aiohttp.ClientSession | None = None) -> Arriving:
        """What follows a signature; without `http` nobody is given an account."""
        server, ring = self.config.homeserver, self.store.wake.ring
        given = accounts_of(http, server.url, server.admin_token) if http else None
        return Arriving(self.store, clock, new_id, self.world, given, server.server_name, ring)

    def bot(self, http: aiohttp.ClientSession) -> Api:
        """The homeserver, in the name of the service."""
        return Api(http, self.config.homeserver.url, self.tokens.as_token, self.ourselves.bot)

    @property
    def invitations(self) -> Invitations:
        """To the console."""
        return Invitations(self.store, clock, new_id, self.world, ScryptPasswords(), TotpCodes())

    def membership(self, rooms: Rooms, groups: Groups | None) -> Membership:
        return Membership(self.store, rooms, groups, self.keys, clock, self.world, self.ourselves)


@asynccontextmanager
async def open_office(config: Config) -> AsyncIterator[Office]:
    """Raises BadFiles, BadKeys, TemporaryFailure (database down), PermanentFailure."""
    world = load_world(config.world, config.settings)
    for territory in world.territories.values():
        if not territory.is_open:
            log.warning("%s: legal checklist incomplete, nothing is made there", territory.id)
    if made := make_territory_keys(config.keys, world.territories):
        log.warning("a key was made for %s: back up %s anew", ", ".join(made), config.keys)
    keys = load_keys(config.keys)
    tokens = read_tokens(config.homeserver.registration)
    store = await connect(config.database.resolve(), keys, clock, new_id)
    try:
        yield Office(config, world, keys, tokens, store)
    finally:
        await store.close()


@asynccontextmanager
async def console(
    office: Office, world: World, membership: Membership, channels: Mapping[Channel, Bridge]
) -> AsyncIterator[None]:
    """The console's pages, for as long as this is held; nothing when it is not configured."""
    chosen = office.config.console
    if chosen is None:
        yield
        return
    # Pages, PDF and passkeys take a third of a second to import: no command waits for them.
    from appservice.web.desk import Desk
    from appservice.web.receipts.sealed import PdfReceipts
    from appservice.web.server import ConsoleServer

    shared = (office.store, clock, new_id, world, ScryptPasswords(), TotpCodes())
    presence, invitations = Presence(*shared), Invitations(*shared)
    register = Register(office.store, clock, world)
    importing = Importing(office.store, clock, new_id, office.enrolment)
    signer = Signer(office.store, clock, new_id, office.signing, office.store.wake.ring)
    desk = Desk(
        *(chosen.url, clock, world, presence, invitations, office.enrolment),
        register,
        Removal(register, membership),
        chosen.behind_proxy,
        audiences=Audiences(office.store, clock, world),
        casework=Casework(office.store, clock, world),
        composing=Composing(office.store, clock, world),
        conditions=Conditions(channels, clock),
        dispatch=Dispatch(office.store, clock, world),
        log=Log(office.store, office.store.audit, office.keys, clock),
        importing=importing,
        openly=Openly(office.store.counted, clock, world),
        watching=Watching(office.store.counted, clock, world),
        training=Training(office.store, clock),
        protocol=Protocol(office.store, clock, world),
        public_key=office.keys.public_key_b64,
        signing_links=office.signing_links,
        signer=signer,
        arriving=office.arriving(),
        signal_number=office.ourselves.signal,
        groups=groups_of(channels),
        authority=chosen.authority,
        receipts=Receipts(office.store, clock, world, signer),
        receipt_maker=PdfReceipts(office.keys.receipt_identity),
    )
    await office.store.index_members()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        found, arriving = providers(chosen, world, http), office.arriving(http)
        told = SynapseIntroductions(office.bot(http), arriving.server_name)
        tidying = Tidying(office.store, clock, told, arriving.accounts)
        desk = replace(desk, providers=found, arriving=arriving, introductions=told)
        server = ConsoleServer(desk)
        await server.open(chosen.listen.host, chosen.listen.port)
        try:
            async with importing.working(), tidying.working():
                yield
        finally:
            await server.close()


def providers(
    chosen: ConsoleConfig, world: World, http: aiohttp.ClientSession
) -> dict[str, "Provider"]:
    """Of the organisations that vouch for their people. Raises PermanentFailure, OSError."""
    from appservice.web.openid.provider import Provider

    found = [one.resolve() for one in chosen.organisations]
    for one in found:
        if one.territory not in world.territories:
            raise PermanentFailure(f"{one.id} : territoire inconnu « {one.territory} ».")
    return {one.id: Provider(one, http, clock) for one in found}


@asynccontextmanager
async def provisioning(office: Office) -> AsyncIterator[Membership]:
    """Rooms and groups, for a command beside the running service: it changes state, and never
    speaks in a room, because the one device that may is the service's."""
    homeserver = office.config.homeserver
    bridges = make_bridges(office.config, clock, receives=False)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        service = Api(http, homeserver.url, office.tokens.as_token)
        await first_contact(service, matrix_settings(office.config, office.tokens, office.keys))
        api = office.bot(http)
        groups = groups_of(bridges)
        if groups is not None:
            await bridges[Channel.SIGNAL].start(unheard)
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


async def unheard(_: Thing) -> None:
    """A sink for a command that starts a bridge: what comes stays where it is."""
    raise ConnectionError("only the service listens")


async def serve(office: Office, stop: asyncio.Event, *, safe: bool = False) -> None:
    """Runs every role until `stop` is set; parts that break down start again by themselves.

    `safe`: no alert is published nor delivered, and everybody who asks is told so.
    """
    store = office.store
    settings = replace(office.world.settings, suspended=safe)
    world = replace(office.world, settings=settings)
    store.queue.holds_alerts = safe
    bridges = make_bridges(office.config, clock)
    inbound = Inbound(store, store.queue, world, clock, CleanMedia())
    unreadable = Unreadable(store, world, clock)

    async def matrix_sink(thing: Thing) -> None:
        await inbound.handle(Channel.MATRIX, thing)

    async def moved(room: str, user: str, membership: str) -> None:
        await reconciliation.moved(room, user, membership)

    there = matrix_settings(office.config, office.tokens, office.keys)
    callbacks = Callbacks(on_membership=moved, on_unreadable=unreadable.tell)
    matrix = MatrixService(there, store.journal, clock, matrix_sink, callbacks)
    async with AsyncExitStack() as stack:
        await matrix.start()
        stack.push_async_callback(matrix.stop)
        # A second process, started by mistake, takes nothing from bridges and listens nowhere.
        if not await comes_first(matrix.alone, stop):
            return
        await Protocol(store, clock, world).observe(lambda: packed(office.config.world))
        membership = office.membership(matrix.homeserver, groups_of(bridges))
        reconciliation = Reconciliation(membership, store.wake, matrix.ready.wait)
        channels: dict[Channel, Bridge] = {Channel.MATRIX: matrix.channel, **bridges}
        watching = Watch(
            Readiness(store.figures, channels),
            clock,
            world.texts_in_force,
            lambda: reconciliation.steps,
            lambda: matrix.keyless,
            safe,
        )
        await watching.open(office.config.metrics.host, office.config.metrics.port)
        stack.push_async_callback(watching.close)
        await stack.enter_async_context(console(office, world, membership, channels))
        inboxes = [Inbox(c, store.journal, store, store.wake, inbound, clock) for c in bridges]
        for inbox in inboxes:
            await bridges[inbox.channel].start(inbox.sink())
            stack.push_async_callback(bridges[inbox.channel].stop)
        round_signal = round_signal_of(bridges, store, world, clock)
        deliveries = [
            Delivery(
                *(c, bridge, store, store.queue, store.wake, world, clock, membership),
                lease=SHORT_LEASE if bridge.abilities.idempotent else LEASE,
                instead=round_signal.instead(c) if round_signal else None,
            )
            for c, bridge in channels.items()
        ]
        parts = [reconciliation.run(), watch(store, world, clock), _housekeeping(office)]
        parts += [remind(store, world, clock), consent.watch(store, world, clock)]
        parts.append(_reminders(office, world).watch())
        parts.append(Live(store, world, clock).run())
        parts += stamping(office.config.time_stamps, store, clock)
        if Channel.SIGNAL in bridges:
            parts.append(Needs(bridges[Channel.SIGNAL], store, world, clock).run())
        if round_signal is not None:
            parts.append(round_signal.run())
        parts += [inbox.run() for inbox in inboxes]
        tested = any(land.test_list is not None for land in world.territories.values())
        # A test begins by putting others out of rooms; only then does anything leave for one.
        parts += [once(reconciliation.tidied, d.run()) if tested else d.run() for d in deliveries]
        tasks = [asyncio.create_task(part) for part in parts]
        stack.push_async_callback(end_all, tasks)
        for delivery in deliveries:
            stack.push_async_callback(delivery.stop)
        gc.freeze()  # the rules and the world stay: nobody looks for garbage in them again
        log.info("serving %s", ", ".join(c.label for c in channels))
        await until(stop, tasks)


def _reminders(office: Office, world: World) -> Reminders:
    chosen = office.config.console
    url = chosen.url if chosen is not None else None
    return Reminders(office.store, clock, world, office.signing_links, url)


def matrix_settings(config: Config, tokens: Tokens, keys: Keys) -> MatrixSettings:
    """Where the homeserver is and who we are there."""
    return MatrixSettings(
        homeserver=config.homeserver.url,
        server_name=config.homeserver.server_name,
        as_token=tokens.as_token,
        hs_token=tokens.hs_token,
        database=config.database.resolve(),
        pickle_key=keys.pickle,
        recovery_key_file=config.keys / "recovery.key",
        bot_localpart=config.homeserver.bot_localpart,
        bind_host=config.listen.host,
        bind_port=config.listen.port,
    )


async def _housekeeping(office: Office) -> None:
    """Photos whose time is over go, and the audit chain is signed, whatever else happens."""
    for turn in itertools.count():
        try:
            await office.store.purge(clock())
            if turn % SWEEP_EACH == 0:
                await retain(office.store, office.world.retention, clock())
            await office.store.audit.checkpoint(office.keys, clock())
        except Exception as failure:
            log.warning("housekeeping: %s", type(failure).__name__)
        await asyncio.sleep(HOUSEKEEPING_EVERY.total_seconds())
