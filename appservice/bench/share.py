"""`share`: the first room key to devices never seen before, against raw vodozemac in batches."""

import time
from dataclasses import dataclass

from mautrix.crypto.store import PgCryptoStateStore

from appservice.app import clock
from appservice.bench.beneath.crowd import DEVICES_EACH, Crowd, open_room
from appservice.bench.beneath.share_floor import BareDevice
from appservice.bench.lab import Lab
from appservice.bench.measure import in_turn
from appservice.bench.outcome import Outcome, Row
from appservice.matrix.api import Api
from appservice.matrix.crypto.identity import open_identity
from appservice.matrix.crypto.machine import Machine
from appservice.matrix.crypto.share import KeyShare
from appservice.matrix.crypto.store import KeyStore, key_database
from appservice.matrix.settings import MatrixSettings

GOAL = 1.5
# What we know of others: emptied before each measure, so that every share is a first one.
FORGET = """
TRUNCATE crypto_olm_session, crypto_device, crypto_tracked_user, crypto_cross_signing_keys,
    crypto_cross_signing_signatures, crypto_megolm_outbound_session, maillage_key_holder
"""


@dataclass(frozen=True, slots=True)
class _Ours:
    """The product's machine, as the service opens it."""

    machine: Machine

    @classmethod
    async def open(cls, lab: Lab, bot: Api, settings: MatrixSettings) -> "_Ours":
        database = await lab.stack.enter_async_context(key_database(settings.database))
        keys = KeyStore(settings.bot, settings.pickle_key.hex(), database)
        rooms = PgCryptoStateStore(database)
        return cls(await open_identity(bot, keys, rooms, settings.recovery_key_file))

    async def share(self, room: str) -> float:
        """Seconds until the key is with every device, and a message encrypted for them."""
        await self.machine.database.execute(FORGET)
        self.machine.keys.forget_unsaved()
        await self.machine.load()
        share = KeyShare(self.machine, clock)
        start = time.perf_counter()
        await share.encrypt(room, "m.room.message", {"msgtype": "m.text", "body": "Alerte"})
        return time.perf_counter() - start


async def bench(lab: Lab) -> Outcome:
    """Rooms of 50, 200 and 1,000 devices, two devices a person."""
    sizes, rounds = ((4, 10), 1) if lab.quick else ((50, 200, 1000), 5)
    postgres = await lab.postgres("maillage", "floor", "synapse")
    homeserver = await lab.homeserver(postgres)
    settings = lab.matrix_settings(homeserver, postgres.dsn("maillage"))
    bot = await lab.bot(homeserver, settings)
    ours = await _Ours.open(lab, bot, settings)
    bare = await BareDevice.make(bot, postgres.dsn("floor"))
    lab.stack.push_async_callback(bare.database.close)
    rows = []
    for size in sizes:
        lab.say(f"{size} appareils")
        # Others for each size: a share takes a one-time key of each device.
        names = (f"@_maillage_b{size}x{n}" for n in range(size // DEVICES_EACH))
        crowd = Crowd(bot, [f"{name}:{homeserver.server_name}" for name in names])
        await crowd.appear()
        room = await open_room(bot, encrypted=True)
        await crowd.join(room)

        async def mine(room: str = room) -> float:
            return await ours.share(room)

        async def floor(room: str = room, size: int = size) -> float:
            start = time.perf_counter()
            if await bare.share(room) != size:
                raise ConnectionError("a device of the crowd was not reached")
            return time.perf_counter() - start

        rows.append(Row(f"{size} appareils", *await in_turn(rounds, mine, floor), rounds))
    goals = {f"rapport ≤ {GOAL:g} à toutes les tailles": all(r.ratio <= GOAL for r in rows)}
    return Outcome("share", "s", "vodozemac par lots, mêmes appels, une écriture", rows, goals)
