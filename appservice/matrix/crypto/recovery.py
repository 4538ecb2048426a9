"""The recovery key: a file that only the operator holds, and what it opens on the homeserver."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

import unpaddedbase64
from mautrix.crypto.cross_signing_key import CrossSigningSeeds
from mautrix.crypto.ssss.key import Key, KeyMetadata
from mautrix.crypto.ssss.machine import Machine as SecretStorage
from mautrix.crypto.ssss.types import Algorithm
from mautrix.crypto.ssss.util import (
    calculate_hash,
    cryptorand,
    decode_base58_recovery_key,
    encode_base58_recovery_key,
)
from mautrix.errors import MNotFound
from mautrix.types import EventType

MASTER = EventType.CROSS_SIGNING_MASTER
SELF_SIGNING = EventType.CROSS_SIGNING_SELF_SIGNING
USER_SIGNING = EventType.CROSS_SIGNING_USER_SIGNING


class IdentityLost(Exception):
    """The service's identity can't be used, and is never made anew by itself."""


@dataclass(frozen=True, slots=True)
class RecoveryFile:
    """The recovery key on disk, for nobody else to read."""

    path: Path

    def read(self) -> bytes | None:
        """The raw key; None when there is no file. Raises IdentityLost for a damaged one."""
        if not self.path.is_file():
            return None
        if stat.S_IMODE(self.path.stat().st_mode) & 0o077:
            self.path.chmod(0o600)
        text = self.path.read_text(encoding="utf-8").strip()
        try:
            raw = decode_base58_recovery_key(text)
        except ValueError:
            raw = None
        if raw is None:
            raise IdentityLost(f"{self.path} holds no recovery key: restore it from its backup")
        return bytes(raw)

    def create(self) -> bytes:
        """Makes a key, and has it on the disk before anything depends on it."""
        raw: bytes = cryptorand.read(32)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(self.path.name + ".new")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(encode_base58_recovery_key(raw) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)
        return raw


async def stored_seeds(storage: SecretStorage, raw: bytes) -> CrossSigningSeeds | None:
    """The identity's private keys from the homeserver (Matrix spec, Secret storage).

    None when nothing was stored. Raises IdentityLost when the key does not open it.
    """
    key_id = await storage.get_default_key_id()
    if key_id is None:
        return None
    try:
        key = (await storage.get_key_data(key_id)).verify_raw_key(key_id, raw)
        return CrossSigningSeeds(
            master_key=await storage.get_decrypted_account_data(MASTER, key),
            self_signing_key=await storage.get_decrypted_account_data(SELF_SIGNING, key),
            user_signing_key=await storage.get_decrypted_account_data(USER_SIGNING, key),
        )
    except MNotFound:
        return None
    except ValueError as error:
        raise IdentityLost("the recovery key does not open the secret storage") from error


async def store_seeds(storage: SecretStorage, raw: bytes, seeds: CrossSigningSeeds) -> None:
    """Puts the private keys away, the pointer to them last."""
    iv = unpaddedbase64.encode_base64(cryptorand.read(16))
    metadata = KeyMetadata(
        algorithm=Algorithm.AES_HMAC_SHA2, iv=iv, mac=calculate_hash(raw, iv), name="Maillage"
    )
    # As mautrix names them, but fit for a path.
    key_id = cryptorand.read(16).hex()
    key = Key(id=key_id, key=raw, metadata=metadata)
    await storage.set_key_data(key_id, metadata)
    await storage.set_encrypted_account_data(MASTER, seeds.master_key, key)
    await storage.set_encrypted_account_data(SELF_SIGNING, seeds.self_signing_key, key)
    await storage.set_encrypted_account_data(USER_SIGNING, seeds.user_signing_key, key)
    await storage.set_default_key_id(key_id)
