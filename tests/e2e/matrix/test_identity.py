"""One identity for ever: through restarts, a lost store, a start killed half-way."""

import stat
from typing import Any

import aiohttp
import pytest
from support.client import Client
from support.matrix_rig import Rig

from appservice.matrix.crypto.identity import IdentityLost
from appservice.matrix.crypto.machine import Machine

pytestmark = pytest.mark.e2e


@pytest.fixture
async def own(make_rig: Any) -> Rig:
    """A homeserver for this test alone: what it does to the bot's account stays with it."""
    rig: Rig = await make_rig()
    return rig


async def test_the_identity_survives_restarts_and_a_lost_store(
    own: Rig, http: aiohttp.ClientSession, fresh_database: Any
) -> None:
    await own.start()
    first = await identity(own, http)
    assert first.master
    assert first.signed_devices == set(first.devices)
    assert len(first.devices) == 1
    assert stat.S_IMODE(own.settings.recovery_key_file.stat().st_mode) == 0o600
    marie = await own.person()
    room = await own.room(marie)
    await own.post(room, "Premier jour")
    await marie.reads("Premier jour")

    await own.restart()
    assert await identity(own, http) == first
    await own.post(room, "Après redémarrage")
    await marie.reads("Après redémarrage")

    # Said while we are down: read once we are back.
    await own.stop()
    said = [await marie.say(room, f"Pendant la panne {n}") for n in range(3)]
    await own.start()
    for number, event in enumerate(said):
        assert (await own.hears(f"Pendant la panne {number}")).key == event

    await own.restart(database=await fresh_database())
    recovered = await identity(own, http)
    assert recovered.master == first.master
    assert recovered.devices != first.devices
    assert recovered.signed_devices == set(recovered.devices)
    assert len(recovered.devices) == 1
    await own.post(room, "Magasin perdu, même identité")
    await marie.reads("Magasin perdu")
    await marie.say(room, "Toujours lisible")
    assert (await own.hears("Toujours lisible")).verified

    # Without the recovery key, nothing is begun anew: it stops, and says why.
    file = own.settings.recovery_key_file
    kept = file.read_text()
    file.unlink()
    await own.restart(database=await fresh_database())
    assert isinstance(own.service.failed, IdentityLost)
    health = await own.service.channel.health()
    assert (health.ok, health.code) == (False, "identity-lost")
    assert "clé de récupération" in health.advice
    assert await identity(own, http) == recovered

    # With another key, neither.
    file.write_text("EsTH 5zA1 not a key")
    await own.restart(database=await fresh_database())
    assert isinstance(own.service.failed, IdentityLost)

    file.write_text(kept)
    await own.restart(database=await fresh_database())
    assert own.service.failed is None
    assert (await identity(own, http)).master == first.master


async def test_a_first_start_killed_half_way_ends_with_one_identity(
    own: Rig,
    http: aiohttp.ClientSession,
    fresh_database: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish = Machine._publish_cross_signing_keys
    deaths = iter([True, True])

    async def dies_twice(machine: Machine, keys: Any) -> None:
        if next(deaths, False):
            raise ConnectionResetError
        await publish(machine, keys)

    monkeypatch.setattr(Machine, "_publish_cross_signing_keys", dies_twice)
    await own.start()
    made = await identity(own, http)
    assert made.signed_devices == set(made.devices)
    # The key in the file opens that very identity.
    await own.restart(database=await fresh_database())
    assert own.service.failed is None
    assert (await identity(own, http)).master == made.master


async def test_another_pickle_key_is_said_and_changes_nothing(
    own: Rig, http: aiohttp.ClientSession
) -> None:
    await own.start()
    before = await identity(own, http)
    await own.restart(pickle_key=b"x" * 32)
    assert isinstance(own.service.failed, IdentityLost)
    assert await identity(own, http) == before
    await own.restart(pickle_key=b"k" * 32)
    assert own.service.failed is None
    assert await identity(own, http) == before


async def test_everybody_finds_a_key_to_write_to_us_with_while_we_are_away(
    own: Rig, http: aiohttp.ClientSession
) -> None:
    await own.start()
    (device,) = (await identity(own, http)).devices
    await own.stop()
    account = await own.homeserver.register_user("curieux", "motdepasse")
    client = Client(http, own.homeserver.url, account.mxid, account.access_token)
    wish = {"one_time_keys": {own.settings.bot: {device: "signed_curve25519"}}}
    answered = [
        bool((await client.request("POST", "/keys/claim", wish))["one_time_keys"])
        for _ in range(60)
    ]
    assert all(answered)


async def test_a_second_process_waits_and_takes_over(own: Rig) -> None:
    await own.start()
    waiting = own.another()
    await waiting.start()
    try:
        # It has had every chance to start: the first one posts meanwhile.
        marie = await own.person()
        room = await own.room(marie)
        await own.post(room, "Un seul écrit")
        await marie.reads("Un seul écrit")
        assert not waiting.ready.is_set()
        await own.stop()
        await own.until(waiting.ready.is_set)
    finally:
        await waiting.stop()


class Identity:
    """What the homeserver shows of the bot to everybody."""

    def __init__(self, bot: str, answer: dict[str, Any]) -> None:
        self.master = answer["master_keys"].get(bot, {}).get("keys")
        self.devices = answer["device_keys"].get(bot, {})
        own = answer["self_signing_keys"].get(bot, {}).get("keys", {})
        self.signed_devices = {
            name
            for name, device in self.devices.items()
            if set(own) & set(device["signatures"].get(bot, {}))
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and vars(self) == vars(other)


async def identity(rig: Rig, http: aiohttp.ClientSession) -> Identity:
    client = Client(
        http, rig.homeserver.url, rig.settings.bot, rig.homeserver.as_token, as_service=True
    )
    answer = await client.request("POST", "/keys/query", {"device_keys": {rig.settings.bot: []}})
    assert answer.ok
    return Identity(rig.settings.bot, answer.body)
