"""One identity for ever: the bot's device, its keys, and the cross-signing that vouches for it.

A new identity would show « L'identité … semble avoir changé » in every Element: it is created
once, and recovered with the recovery key; if it can't be, the service says so and does not start.
"""

import dataclasses
import logging
import secrets
from pathlib import Path

from mautrix.crypto.cross_signing_key import CrossSigningSeeds
from mautrix.crypto.store import PgCryptoStateStore
from mautrix.types import DeviceID

from appservice.matrix.api import Api, segment
from appservice.matrix.crypto.machine import Machine
from appservice.matrix.crypto.recovery import (
    IdentityLost,
    RecoveryFile,
    store_seeds,
    stored_seeds,
)
from appservice.matrix.crypto.signing import canonical
from appservice.matrix.crypto.store import KeyStore

log = logging.getLogger(__name__)

DEVICE_NAME = "Maillage"


async def open_identity(
    bot: Api, keys: KeyStore, rooms: PgCryptoStateStore, recovery: Path
) -> Machine:
    """The machine of our one device, cross-signed. Raises IdentityLost rather than begin anew."""
    machine = await _machine(bot, keys, rooms)
    if machine.own.shared and await _shown_keys(machine) is None:
        # A device that is deleted stays deleted in the eyes of others: we become another one.
        log.warning("our device was deleted on the homeserver: making another")
        await keys.begin_again()
        machine = await _machine(bot, keys, rooms)
    seeds = await _seeds(machine, RecoveryFile(recovery))
    # Nothing of ours is shown before we know that the identity will vouch for it.
    device_id = machine.client.device_id
    await bot.call("PUT", f"/devices/{segment(device_id)}", {"display_name": DEVICE_NAME})
    await _publish_device(machine)
    if seeds is not None:
        await _cross_sign(machine, seeds)
    await _delete_other_devices(bot, device_id)
    return machine


async def _machine(bot: Api, keys: KeyStore, rooms: PgCryptoStateStore) -> Machine:
    await keys.open_account()
    if not await keys.get_device_id():
        # Known to the store before the homeserver: a crash here leaves nothing to clean.
        await keys.put_device_id(DeviceID(f"MAILLAGE{secrets.token_hex(4).upper()}"))
    device_id = str(await keys.get_device_id())
    machine = Machine(dataclasses.replace(bot, device_id=device_id), bot, keys, rooms)
    try:
        await machine.load()
    except ValueError as error:
        raise IdentityLost("the stored keys do not open: is the pickle key the same?") from error
    return machine


async def _shown_keys(machine: Machine) -> set[str] | None:
    """The public keys that the homeserver shows for our device."""
    bot = machine.client.mxid
    answer = await machine.account_api.call("POST", "/keys/query", {"device_keys": {bot: []}})
    known = answer.get("device_keys", {}).get(bot, {}).get(machine.client.device_id)
    return None if known is None else set(known.get("keys", {}).values())


async def publish_fallback_key(machine: Machine) -> None:
    """A key for whoever writes to us when all one-time keys are used up."""
    account = machine.own
    device_id = machine.client.device_id
    account.generate_fallback_key()
    signed = {}
    for key_id, key in account.fallback_key.items():
        content = {"key": key, "fallback": True}
        signature = account.sign(canonical(content))
        signed[f"signed_curve25519:{key_id}"] = {
            **content,
            "signatures": {machine.client.mxid: {f"ed25519:{device_id}": signature}},
        }
    # Saved first: the homeserver must never hand out a key that we have lost.
    await machine.keys.put_account(account)
    await machine.api.call("POST", "/keys/upload", {"fallback_keys": signed})
    account.mark_keys_as_published()
    await machine.keys.put_account(account)


async def _publish_device(machine: Machine) -> None:
    shown = await _shown_keys(machine)
    if shown is None:
        await machine.share_keys()
        await publish_fallback_key(machine)
    elif machine.own.signing_key not in shown:
        raise IdentityLost("the homeserver shows other keys for our device")
    elif not machine.own.shared:
        # Killed between the upload and our note of it.
        machine.own.shared = True
        await machine.keys.put_account(machine.own)


async def _seeds(machine: Machine, recovery: RecoveryFile) -> CrossSigningSeeds | None:
    """The identity's private keys, made or recovered; None when our device is signed already."""
    master, signed = await _shown_identity(machine)
    raw = recovery.read()
    if signed:
        if raw is None:
            log.error("the recovery key file is missing: restore it from its backup")
        return None
    if master is None:
        return await _new_seeds(machine, raw or recovery.create())
    if raw is None:
        raise IdentityLost(
            "the bot has an identity, and the recovery key file is missing: restore it"
        )
    seeds = await stored_seeds(machine.storage, raw)
    if seeds is None or seeds.to_keys().public_keys.master_key != master:
        raise IdentityLost("the secret storage does not hold the bot's identity")
    return seeds


async def _new_seeds(machine: Machine, raw: bytes) -> CrossSigningSeeds:
    # A start that was killed half-way left its keys in the secret storage: the same are used.
    seeds = await stored_seeds(machine.storage, raw)
    if seeds is None:
        seeds = CrossSigningSeeds.generate()
        await store_seeds(machine.storage, raw, seeds)
    return seeds


async def _cross_sign(machine: Machine, seeds: CrossSigningSeeds) -> None:
    master, _ = await _shown_identity(machine)
    if master is None:
        await machine._publish_cross_signing_keys(seeds.to_keys())
        log.info("the service's identity is created: keep a copy of the recovery key file")
    else:
        machine._import_cross_signing_keys(seeds)
        log.info("the service's identity is recovered: it is the same")
    await machine.sign_own_device(machine.own_identity)
    await machine.ask_devices([machine.client.mxid])


async def _shown_identity(machine: Machine) -> tuple[str | None, bool]:
    """The master key that everybody sees, and whether it vouches for our device."""
    (person,) = await machine.ask_devices([machine.client.mxid])
    signed = {signature.target_key for signature in person.signatures}
    return person.identity.get("master"), machine.own.signing_key in signed


async def _delete_other_devices(bot: Api, ours: str) -> None:
    answer = await bot.call("GET", "/devices")
    for device in answer.get("devices", []):
        if device.get("device_id") != ours:
            await bot.call("DELETE", f"/devices/{segment(device['device_id'])}", {})
            log.info("an old device of the bot is deleted")
