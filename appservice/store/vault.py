"""Sealing: a data key per owner, wrapped by the master key; and what is found unread, by HMAC."""

import hmac
import json
import os
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from appservice.domain.errors import PermanentFailure
from appservice.flows.ports import Clock

NONCE = 12
# Another process may have shredded an owner: nobody believes a key for longer than this.
TRUST = timedelta(minutes=5)


class BrokenSeal(PermanentFailure):
    """Une donnée scellée ne s'ouvre pas : elle a été altérée, ou la clé n'est pas la bonne."""

    code = "scelle-rompu"


class Secrets(Protocol):
    """What the vault needs of the key files."""

    @property
    def master(self) -> Mapping[str, bytes]:
        """By id; all of them open, the first one seals."""
        ...

    @property
    def index(self) -> bytes: ...

    def of_territories(self) -> Mapping[str, Mapping[str, bytes]]:
        """By territory, as `master`; a territory may have been added since."""
        ...


class DataKey:
    """One owner's key. What it seals opens in the same column of the same owner only.

    The cipher is made anew each time, in a microsecond: it weighs ten times the key, and thousands
    of keys are remembered.
    """

    __slots__ = ("_owner", "_secret")

    def __init__(self, owner: str, secret: bytes) -> None:
        self._owner = owner.encode()
        self._secret = secret

    def seal(self, column: str, plain: bytes) -> bytes:
        """`column` is `table.column`. AES-256-GCM under a random nonce."""
        nonce = os.urandom(NONCE)
        return nonce + AESGCM(self._secret).encrypt(nonce, plain, self._bound(column))

    def open(self, column: str, sealed: bytes) -> bytes:
        """Raises BrokenSeal."""
        try:
            return AESGCM(self._secret).decrypt(
                sealed[:NONCE], sealed[NONCE:], self._bound(column)
            )
        except (InvalidTag, ValueError):
            raise BrokenSeal from None

    def _bound(self, column: str) -> bytes:
        return column.encode() + b"\0" + self._owner


def seal_words(key: DataKey, column: str, words: Mapping[str, str | None]) -> bytes:
    """Several short texts of one row under one seal."""
    return key.seal(column, json.dumps(words, ensure_ascii=False).encode())


def open_words(key: DataKey | None, column: str, sealed: bytes) -> dict[str, str | None]:
    """The texts; none of them when the key was shredded."""
    if key is None:
        return {}
    words: dict[str, str | None] = json.loads(key.open(column, sealed))
    return words


def open_text(key: DataKey | None, column: str, sealed: bytes) -> str:
    """The text, empty when the key was shredded."""
    return "" if key is None else key.open(column, sealed).decode()


class Vault:
    """Wraps and unwraps data keys, and remembers some of them for a while."""

    def __init__(self, secrets: Secrets, clock: Clock, capacity: int = 20_000) -> None:
        self._secrets = secrets
        self._wrappers = {name: AESGCM(key) for name, key in secrets.master.items()}
        self._of_territory: dict[str, str] = {}  # the id of the key that seals for each
        self._read_territories()
        self._index = secrets.index
        self._clock = clock
        self._capacity = capacity
        self._known: OrderedDict[str, tuple[DataKey, datetime]] = OrderedDict()
        self.current = next(iter(secrets.master))

    @property
    def masters(self) -> list[str]:
        """Ids of all the keys that we have."""
        return list(self._wrappers)

    def master_of(self, territory: str) -> str:
        """Which key seals for that territory: its own, or the service's when it has none."""
        return self._of_territory.get(territory, self.current)

    def new_key(self, owner: str, territory: str = "") -> tuple[DataKey, bytes]:
        """A key and itself wrapped by the one that `master_of` names."""
        secret = os.urandom(32)
        return DataKey(owner, secret), self._wrap(owner, secret, self.master_of(territory))

    def unwrap(self, owner: str, master: str, wrapped: bytes) -> DataKey:
        """Raises BrokenSeal, also when that master key is not among ours."""
        return DataKey(owner, self._secret(owner, master, wrapped))

    def rewrap(self, owner: str, master: str, wrapped: bytes, territory: str = "") -> bytes:
        """The same data key under the one that `master_of` names."""
        return self._wrap(owner, self._secret(owner, master, wrapped), self.master_of(territory))

    def known(self, owner: str) -> DataKey | None:
        """The key if it was used a short while ago."""
        found = self._known.get(owner)
        if found is None or found[1] <= self._clock():
            return None
        self._known.move_to_end(owner)
        return found[0]

    def remember(self, keys: Mapping[str, DataKey]) -> None:
        """Only keys that are in the database for good: a rolled-back one would open nothing."""
        until = self._clock() + TRUST
        for owner, key in keys.items():
            self._known[owner] = (key, until)
            self._known.move_to_end(owner)
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)

    def forget(self, owner: str) -> None:
        """The owner was shredded."""
        self._known.pop(owner, None)

    def index(self, kind: str, text: str) -> bytes:
        """HMAC-SHA256: the same text of the same kind gives the same bytes, and says no more."""
        return hmac.digest(self._index, f"{kind}\0{text}".encode(), "sha256")

    def _read_territories(self) -> None:
        for territory, keys in self._secrets.of_territories().items():
            self._wrappers |= {name: AESGCM(key) for name, key in keys.items()}
            self._of_territory[territory] = next(iter(keys))

    def _wrap(self, owner: str, secret: bytes, master: str) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._wrappers[master].encrypt(nonce, secret, _bound(owner, master))

    def _secret(self, owner: str, master: str, wrapped: bytes) -> bytes:
        if master not in self._wrappers and "/" in master:
            self._read_territories()  # of a territory that came after us
        wrapper = self._wrappers.get(master)
        if wrapper is None:
            raise BrokenSeal(f"Il manque la clé maîtresse {master} dans le dossier des clés.")
        try:
            return wrapper.decrypt(wrapped[:NONCE], wrapped[NONCE:], _bound(owner, master))
        except (InvalidTag, ValueError):
            raise BrokenSeal from None


def _bound(owner: str, master: str) -> bytes:
    return f"data_keys.wrapped\0{owner}\0{master}".encode()
