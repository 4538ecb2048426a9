"""The Matrix side put together: door, keys, intake and posts, under one lock."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime

import aiohttp
from mautrix.crypto.store import PgCryptoStateStore

from appservice.flows.ports import Journal
from appservice.matrix.accounts import name_bot, ping, register_bot
from appservice.matrix.api import Api, MatrixError, Unreachable
from appservice.matrix.crypto.identity import open_identity
from appservice.matrix.crypto.keysync import KeySync
from appservice.matrix.crypto.recovery import IdentityLost
from appservice.matrix.crypto.share import KeyShare
from appservice.matrix.crypto.store import DATABASE_FAILURES, KeyStore, key_database
from appservice.matrix.intake import Intake
from appservice.matrix.lock import only_writer
from appservice.matrix.membership import RoomNews
from appservice.matrix.posts import MatrixChannel, Post
from appservice.matrix.reading import Reader
from appservice.matrix.rooms import Rooms
from appservice.matrix.server import Door
from appservice.matrix.settings import Callbacks, MatrixSettings
from bridges.protocol import Sink

log = logging.getLogger(__name__)

PAUSE = 2.0  # seconds, before another attempt to start
CONNECTIONS = 32
FORGET_EVERY = 6 * 3600.0  # seconds


class MatrixService:
    """Runs in the background from `start()` to `stop()`, and starts again after any breakdown.

    `ready` is set while keys are in place and the homeserver answers. `failed` holds the reason
    for which it will not start again by itself (IdentityLost), or None.
    """

    def __init__(
        self,
        settings: MatrixSettings,
        journal: Journal,
        clock: Callable[[], datetime],
        sink: Sink,
        callbacks: Callbacks | None = None,
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._clock = clock
        self._sink = sink
        self._callbacks = callbacks or Callbacks()
        self._task: asyncio.Task[None] | None = None
        self._http: aiohttp.ClientSession | None = None
        self._wake: Callable[[], None] | None = None
        self.alone = asyncio.Event()  # set once no other process speaks for the bot
        self.ready = asyncio.Event()
        self.failed: IdentityLost | None = None
        self.channel = MatrixChannel()
        self.door = Door(journal, settings.hs_token, clock, self._transaction_came)
        self.homeserver: Rooms
        self._share: KeyShare | None = None

    async def start(self) -> None:
        """Returns at once; wait for `ready`, or use the channel, which says when to come back."""
        connector = aiohttp.TCPConnector(limit=CONNECTIONS)
        self._http = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar()
        )
        self.homeserver = Rooms(self._bot(), self._settings.server_name, self._post)
        self._task = asyncio.create_task(self._keep_running(), name="matrix")

    async def stop(self) -> None:
        """Finishes the transaction under way; what was not handled is in the journal."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._http is not None:
            await self._http.close()
            self._http = None

    @property
    def keyless(self) -> int:
        """How many devices miss the key of a room: they had no one-time key left."""
        return self._share.keyless if self._share is not None else 0

    async def _keep_running(self) -> None:
        while True:
            try:
                await self._run()
            except IdentityLost as lost:
                self.failed = lost
                self.channel.trouble = "identity-lost"
                log.critical("the Matrix side stays stopped: %s", lost)
                return
            except (Unreachable, MatrixError, *DATABASE_FAILURES) as failure:
                log.warning("the Matrix side starts again soon: %s", _reason(failure))
            except Exception:
                log.exception("the Matrix side starts again soon")
            await asyncio.sleep(PAUSE)

    async def _run(self) -> None:
        """One life, from the lock to the first breakdown."""
        settings = self._settings
        async with AsyncExitStack() as stack:
            lost = await stack.enter_async_context(only_writer(settings.database, settings.bot))
            self.alone.set()
            database = await stack.enter_async_context(key_database(settings.database))
            # Open before anything else: the journal takes what comes while keys are prepared.
            await self.door.open(settings.bind_host, settings.bind_port)
            stack.push_async_callback(self.door.close)
            await register_bot(self._service(), settings)
            bot = self._bot()
            await name_bot(bot, settings)
            keys = KeyStore(settings.bot, settings.pickle_key.hex(), database)
            rooms = PgCryptoStateStore(database)
            machine = await open_identity(bot, keys, rooms, settings.recovery_key_file)
            share = self._share = KeyShare(machine, self._clock)
            news = RoomNews(rooms, share.warm, self._callbacks)
            reader = Reader(machine, news, self._callbacks, settings.media_limit)
            intake = Intake(
                settings, self._journal, reader, self._sink, self._callbacks, self._clock
            )
            sync = KeySync(machine, intake.keys_came, share.devices_changed)
            self.channel.post = Post(machine, share)
            stack.callback(self._not_ready)
            self._wake = intake.wake
            await self._together(
                lost.wait,
                sync.run,
                share.run,
                lambda: _after(sync, intake),
                lambda: self._attend(sync, keys),
            )

    async def _attend(self, sync: KeySync, keys: KeyStore) -> None:
        """Ready once the keys that waited for us are in; then forgets what is old."""
        await sync.caught_up.wait()
        try:
            await ping(self._service(), self._settings)
        except MatrixError as refusal:
            # The registration's URL is not where we listen: transactions can't come.
            log.error("the homeserver can't reach us: %s", refusal.errcode)  # noqa: TRY400 - no trace needed
        self.door.ready = True
        self.ready.set()
        log.info("the Matrix side is ready")
        while True:
            await keys.forget_old(self._clock() - self._settings.keep_keys)
            await asyncio.sleep(FORGET_EVERY)

    async def _together(self, *parts: Callable[[], Awaitable[object]]) -> None:
        """Runs the parts until one ends or fails; then none runs."""
        tasks = [asyncio.ensure_future(part()) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            log.error("the lock is lost: the Matrix side stops writing")
        finally:
            await _end(tasks)

    def _not_ready(self) -> None:
        self.ready.clear()
        self.door.ready = False
        self.channel.post = None
        self._wake = None

    def _transaction_came(self) -> None:
        if self._wake is not None:
            self._wake()

    def _post(self) -> Post:
        if self.channel.post is None:
            raise Unreachable("starting")
        return self.channel.post

    def _service(self) -> Api:
        if self._http is None:
            raise Unreachable("stopped")
        return Api(self._http, self._settings.homeserver, self._settings.as_token)

    def _bot(self) -> Api:
        api = self._service()
        return Api(api.http, api.url, api.token, self._settings.bot)


async def _end(tasks: Sequence[asyncio.Future[object]]) -> None:
    """Cancels until it is heard: a library may swallow a cancellation (wait_for before 3.12)."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=1)


async def _after(sync: KeySync, intake: Intake) -> None:
    """Messages wait for the keys that wait for us, so that they come in order."""
    await sync.caught_up.wait()
    await intake.run()


def _reason(failure: Exception) -> str:
    return str(failure) if isinstance(failure, MatrixError) else type(failure).__name__
