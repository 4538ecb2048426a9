"""The homeserver and its charter gate, tried for real; nothing that is made for it stays."""

import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from appservice.domain.errors import PermanentFailure, TemporaryFailure
from appservice.domain.gate import GateTrial
from appservice.matrix.accounts import ping, register_bot
from appservice.matrix.api import Api, Json, MatrixError, Unreachable, segment
from appservice.matrix.server import Door
from appservice.matrix.settings import MatrixSettings

GOVERNED = "fr.maillage.charter"
DOCTOR = "_maillage_doctor"  # an account of ours without rights, in our exclusive namespace
VALID = timedelta(minutes=5)
PATIENCE = 15.0  # seconds
FORBIDDEN = 403

log = logging.getLogger(__name__)

Prove = Callable[[str, str, int], Mapping[str, object]]
"""A proof under our key for that room and user, until then (seconds since the epoch)."""


class HomeserverProbe:
    """Implements `ports.Probe`. `served`: the service runs, and answers the ping itself."""

    def __init__(
        self,
        service: Api,
        settings: MatrixSettings,
        prove: Prove,
        clock: Callable[[], datetime],
        *,
        served: bool,
    ) -> None:
        self._service = service
        self._settings = settings
        self._prove = prove
        self._clock = clock
        self._served = served

    async def version(self) -> tuple[str, datetime | None]:
        with _translated():
            asking = self._service.open("GET", "/_matrix/client/versions", seconds=PATIENCE)
            async with asking as answer:
                headers = answer.response.headers
        return headers.get("Server", "?"), _date(headers.get("Date", ""))

    async def whoami(self) -> str:
        answer = await self._ask("GET", "/account/whoami")
        return str(answer.get("user_id", ""))

    async def ping(self) -> None:
        with _translated():
            async with self._answering():
                await ping(self._service, self._settings)

    async def try_gate(self) -> GateTrial:
        with _translated():
            for localpart in (self._settings.bot_localpart, DOCTOR):
                await self._register(localpart)
            refuses_room = await self._refuses_a_strangers_room()
            room = await _made(self._bot, self._wish())
            if room is None:
                return GateTrial(refuses_room, False, False, False)
            try:
                return await self._try_invitations(room, refuses_room)
            finally:
                await _leave(self._doctor, room)
                await _leave(self._bot, room)

    async def _try_invitations(self, room: str, refuses_room: bool) -> GateTrial:
        invited = f"/rooms/{segment(room)}/invite"
        bare = await _is_refused(self._bot, invited, {"user_id": self._doctor.user_id})
        if not bare:
            await _leave(self._doctor, room)
        until = int((self._clock() + VALID).timestamp())
        proof = self._prove(room, self._doctor.user_id, until)
        member = f"/rooms/{segment(room)}/state/m.room.member/{segment(self._doctor.user_id)}"
        body = {"membership": "invite", GOVERNED: proof}
        ours = not await _is_refused(self._bot, member, body, method="PUT")
        return GateTrial(refuses_room, True, bare, ours)

    async def _refuses_a_strangers_room(self) -> bool:
        room = await _made(self._doctor, self._wish())
        if room is not None:
            await _leave(self._doctor, room)
        return room is None

    async def _ask(self, method: str, path: str, body: Json | None = None) -> Json:
        with _translated():
            return await self._service.call(method, path, body, seconds=PATIENCE)

    async def _register(self, localpart: str) -> None:
        settings = self._settings
        if localpart == settings.bot_localpart:
            await register_bot(self._service, settings)
            return
        wish = {"type": "m.login.application_service", "username": localpart}
        try:
            await self._service.call("POST", "/register", {**wish, "inhibit_login": True})
        except MatrixError as refusal:
            if refusal.errcode != "M_USER_IN_USE":
                raise

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        """Somebody listens where the service would; what is not a ping is to be sent again."""
        if self._served:
            yield
            return
        settings = self._settings
        door = Door(_NoJournal(), settings.hs_token, self._clock, lambda: None)
        try:
            await door.open(settings.bind_host, settings.bind_port)
        except OSError as error:
            # The service is starting, or waits for another one: it answers by itself.
            log.info("somebody listens there: %s", type(error).__name__)
        try:
            yield
        finally:
            await door.close()

    @property
    def _bot(self) -> Api:
        return self._as(self._settings.bot)

    @property
    def _doctor(self) -> Api:
        return self._as(f"@{DOCTOR}:{self._settings.server_name}")

    def _as(self, user: str) -> Api:
        api = self._service
        return Api(api.http, api.url, api.token, user)

    def _wish(self) -> Json:
        """A governed room that says what it is for, to whoever finds it before it is purged."""
        return {
            "preset": "private_chat",
            "name": "maillage doctor",
            "creation_content": {"m.federate": False, GOVERNED: {"room": "doctor"}},
        }


class _NoJournal:
    """Implements `ports.Journal` for a door that takes nothing in."""

    async def write(self, source: str, key: str, payload: bytes, at: datetime) -> bool:
        raise TemporaryFailure

    async def pending(
        self, source: str, limit: int, besides: Collection[int] = ()
    ) -> Sequence[tuple[int, bytes]]:
        return ()

    async def done(self, *entries: int) -> None:
        raise TemporaryFailure


async def _made(api: Api, wish: Json) -> str | None:
    """The room, or None when it is forbidden."""
    try:
        answer = await api.call("POST", "/createRoom", wish, seconds=PATIENCE)
    except MatrixError as refusal:
        if refusal.status != FORBIDDEN:
            raise
        return None
    return str(answer["room_id"])


async def _is_refused(api: Api, path: str, body: Json, method: str = "POST") -> bool:
    try:
        await api.call(method, path, body, seconds=PATIENCE)
    except MatrixError as refusal:
        if refusal.status != FORBIDDEN:
            raise
        return True
    return False


async def _leave(api: Api, room: str) -> None:
    """Forgotten by everybody, the homeserver purges it. Whoever is not in it can't leave."""
    for verb in ("leave", "forget"):
        with contextlib.suppress(MatrixError, Unreachable):
            await api.call("POST", f"/rooms/{segment(room)}/{verb}", {}, seconds=PATIENCE)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except Unreachable as failure:
        raise TemporaryFailure(f"pas de réponse ({failure})") from failure
    except MatrixError as refusal:
        raise PermanentFailure(f"réponse {refusal.status} {refusal.errcode}") from refusal


def _date(header: str) -> datetime | None:
    try:
        return parsedate_to_datetime(header).astimezone(UTC)
    except ValueError:
        return None
