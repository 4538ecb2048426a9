"""mautrix's Olm machine, with our own way of asking for devices and of mending sessions."""

import asyncio
import logging
from collections.abc import Iterable

from mautrix.api import HTTPAPI
from mautrix.client import Client
from mautrix.crypto import OlmAccount, OlmMachine
from mautrix.crypto.ssss.machine import Machine as SecretStorage
from mautrix.crypto.store import PgCryptoStateStore
from mautrix.types import (
    DeviceID,
    DeviceIdentity,
    IdentityKey,
    SigningKey,
    SyncToken,
    TrustState,
    UserID,
)
from mautrix.util.async_db import Database

from appservice.matrix.api import Api
from appservice.matrix.crypto.address_book import AddressBook
from appservice.matrix.crypto.devices import Person, read_people
from appservice.matrix.crypto.store import KeyStore

log = logging.getLogger(__name__)

QUERY_AT_ONCE = 500
NOW = SyncToken("")
# mautrix logs contents at its debug level, and ours carry ids only.
quiet = logging.getLogger("mau.maillage")
quiet.setLevel(logging.WARNING)


class Machine(OlmMachine):
    """What decrypts, and knows whose device wrote."""

    def __init__(
        self, api: Api, account_api: Api, keys: KeyStore, rooms: PgCryptoStateStore
    ) -> None:
        client = _client(api, rooms)
        super().__init__(client, keys, rooms, log=quiet)  # type: ignore[arg-type]  # a plain logger will do
        self.keys = keys
        self.rooms = rooms
        self.book = AddressBook(keys.db)
        # The account's secret storage is there before our device is, and after it.
        self.storage = SecretStorage(_client(account_api, rooms))
        # One hand at a time on Olm sessions: the one that reads or the one that writes.
        self.olm_turn = asyncio.Lock()
        self.devices_version = 0  # another after each change of what we know of devices
        self.stale = False  # memory is ahead of the tables: load() before using the account
        self.wedged: set[tuple[UserID, IdentityKey]] = set()
        # Rotation is ours (share.py): a new device is given the key, a departure changes it.
        self.disable_device_change_key_rotation = True
        # Nothing that opens our own messages is ever stored.
        self.dont_store_outbound_keys = True
        self.api = api  # as our device
        self.account_api = account_api  # as the account, whether our device exists or not

    @property
    def own(self) -> OlmAccount:
        """The account, once `load()` has run."""
        assert self.account is not None  # noqa: S101 - mautrix's type, ours is loaded at start
        return self.account

    @property
    def database(self) -> Database:
        return self.keys.db

    async def load(self) -> None:
        await super().load()
        self.stale = False

    async def ask_devices(self, users: Iterable[str]) -> list[Person]:
        """Asks the homeserver for those users' devices and writes down what is sound."""
        wanted = sorted(set(users))
        people: list[Person] = []
        for start in range(0, len(wanted), QUERY_AT_ONCE):
            some = wanted[start : start + QUERY_AT_ONCE]
            answer = await self.account_api.call(
                "POST", "/keys/query", {"device_keys": {user: [] for user in some}}
            )
            found = read_people(answer, await self.book.signing_keys(some))
            # A user without any device is known too: nothing to ask until a device list changes.
            silent = set(some) - {person.user_id for person in found}
            found += [Person(user, (), {}, ()) for user in silent]
            # Strangers in the answer are nobody that we asked about.
            found = [person for person in found if person.user_id in some]
            await self.book.write(found)
            self.devices_version += 1
            people += found
        return people

    async def _fetch_keys(
        self,
        users: list[UserID],
        since: SyncToken = NOW,
        include_untracked: bool = False,
    ) -> dict[UserID, dict[DeviceID, DeviceIdentity]]:
        # mautrix: one transaction a user and Python signatures; here everybody at once.
        if not include_untracked:
            users = await self.keys.filter_tracked_users(users)
        return {
            UserID(person.user_id): {
                DeviceID(device.device_id): DeviceIdentity(
                    user_id=UserID(device.user_id),
                    device_id=DeviceID(device.device_id),
                    identity_key=IdentityKey(device.identity_key),
                    signing_key=SigningKey(device.signing_key),
                    trust=TrustState.UNVERIFIED,
                    deleted=False,
                    name="",
                )
                for device in person.devices
            }
            for person in await self.ask_devices(users)
        }

    async def _unwedge_session(self, sender: UserID, sender_key: IdentityKey) -> None:
        # Called in a task that inherits the connection of a transaction: only noted here.
        self.wedged.add((sender, sender_key))

    async def mend(self) -> None:
        """Makes new sessions with devices whose messages could not be read."""
        while self.wedged:
            sender, key = self.wedged.pop()
            log.info("a session with %s is broken: making a new one", sender)
            async with self.olm_turn:
                await super()._unwedge_session(sender, key)


def _client(api: Api, rooms: PgCryptoStateStore) -> Client:
    return Client(
        mxid=UserID(api.user_id),
        device_id=DeviceID(api.device_id),
        api=_MautrixApi(api),
        state_store=rooms,
    )


class _MautrixApi(HTTPAPI):
    """mautrix's requests on our session, in the bot's name and its device's."""

    def __init__(self, api: Api) -> None:
        super().__init__(
            api.url,
            api.token,
            client_session=api.http,
            default_retry_count=0,
            log=quiet,  # type: ignore[arg-type]  # a plain logger will do
            as_user_id=UserID(api.user_id),
            as_device_id=UserID(api.device_id),
        )
