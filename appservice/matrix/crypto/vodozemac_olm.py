"""The parts of libolm's Python interface that mautrix calls, done by vodozemac.

libolm is deprecated and has known side channels; it is installed nowhere. mautrix says
`import olm`: `install()` answers with these names, and must run before `mautrix.crypto` does.
"""

import base64
import hashlib
import secrets
import sys
from collections import OrderedDict
from types import ModuleType
from typing import Any, Self

import vodozemac
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PREKEY, NORMAL = 0, 1
FIRST_PLAINTEXTS_KEPT = 1000


class OlmSessionError(Exception):
    """An Olm message that this session can't read, or no session could be made of it."""


class OlmGroupSessionError(Exception):
    """A Megolm message that this session can't read."""


def unpadded(data: bytes) -> str:
    """Base64 as Matrix writes it (Matrix spec, Appendices, Unpadded Base64)."""
    return base64.b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))


def _pickle_key(passphrase: str) -> bytes:
    return hashlib.sha256(passphrase.encode()).digest()


class OlmPreKeyMessage:
    """The first messages of a session, which carry what makes the session."""

    kind = PREKEY

    def __init__(self, ciphertext: str) -> None:
        self.ciphertext = ciphertext


class OlmMessage:
    """Any later message."""

    kind = NORMAL

    def __init__(self, ciphertext: str) -> None:
        self.ciphertext = ciphertext


class _Pickled:
    """What every olm object shares: it can be put away, sealed, and taken out again."""

    _engine: Any  # the vodozemac object, whose bindings have no types
    _made_of: Any

    def __new__(cls, *_arguments: object, **_named: object) -> Self:
        # mautrix subclasses with other constructors, and restores without any.
        return super().__new__(cls)

    def pickle(self, passphrase: str = "") -> bytes:
        pickled: str = self._engine.pickle(_pickle_key(passphrase))
        return pickled.encode()

    @classmethod
    def from_pickle(cls, pickle: bytes, passphrase: str = "") -> Self:
        return cls._around(
            cls._made_of.from_pickle(bytes(pickle).decode(), _pickle_key(passphrase))
        )

    @classmethod
    def _around(cls, engine: Any) -> Self:
        made = cls.__new__(cls)
        made._engine = engine
        return made


class Account(_Pickled):
    """The device's own keys."""

    _made_of = vodozemac.Account

    def __init__(self) -> None:
        self._engine = vodozemac.Account()

    @property
    def identity_keys(self) -> dict[str, str]:
        return {
            "curve25519": self._engine.curve25519_key.to_base64(),
            "ed25519": self._engine.ed25519_key.to_base64(),
        }

    @property
    def one_time_keys(self) -> dict[str, dict[str, str]]:
        """Those not published yet."""
        return {
            "curve25519": {i: k.to_base64() for i, k in self._engine.one_time_keys.items()},
        }

    @property
    def fallback_key(self) -> dict[str, str]:
        """The one not published yet, if any."""
        return {i: k.to_base64() for i, k in self._engine.fallback_key.items()}

    @property
    def max_one_time_keys(self) -> int:
        # mautrix publishes half of what libolm says it can hold; vodozemac counts what to publish.
        return 2 * int(self._engine.max_number_of_one_time_keys)

    def generate_one_time_keys(self, count: int) -> None:
        self._engine.generate_one_time_keys(count)

    def generate_fallback_key(self) -> None:
        self._engine.generate_fallback_key()

    def mark_keys_as_published(self) -> None:
        self._engine.mark_keys_as_published()

    def remove_one_time_keys(self, session: "Session") -> None:
        """Nothing to do: vodozemac forgets a one-time key when the session is made of it."""

    def sign(self, message: str | bytes) -> str:
        data = message.encode() if isinstance(message, str) else message
        signature: str = self._engine.sign(data).to_base64()
        return signature

    def open_outbound(self, identity_key: str, one_time_key: str) -> Any:
        """A vodozemac session with that device. Raises ValueError for keys that are none."""
        return self._engine.create_outbound_session(
            vodozemac.Curve25519PublicKey.from_base64(identity_key),
            vodozemac.Curve25519PublicKey.from_base64(one_time_key),
        )


# vodozemac decrypts a pre-key message while it makes the session, libolm only afterwards: the
# plaintext waits here for the decrypt() that follows.
_first: OrderedDict[tuple[str, str], bytes] = OrderedDict()


class Session(_Pickled):
    """A session with one device."""

    _made_of = vodozemac.Session

    @property
    def id(self) -> str:
        session_id: str = self._engine.session_id
        return session_id

    def adopt(self, engine: Any) -> Self:
        """Becomes the session that `Account.open_outbound` made."""
        self._engine = engine
        return self

    def matches(self, message: OlmPreKeyMessage) -> bool:
        try:
            prekey = vodozemac.PreKeyMessage.from_base64(message.ciphertext)
        except ValueError:
            return False
        return bool(self._engine.session_matches(prekey))

    def encrypt(self, plaintext: str) -> OlmPreKeyMessage | OlmMessage:
        kind, body = self._engine.encrypt(plaintext.encode()).to_parts()
        return (OlmPreKeyMessage if kind == PREKEY else OlmMessage)(unpadded(body))

    def decrypt(self, message: OlmPreKeyMessage | OlmMessage) -> str:
        plaintext = _first.pop((self.id, message.ciphertext), None)
        if plaintext is None:
            try:
                sealed = vodozemac.AnyOlmMessage.from_parts(
                    message.kind, _bytes(message.ciphertext)
                )
                plaintext = self._engine.decrypt(sealed)
            except ValueError as error:
                raise OlmSessionError(str(error)) from error
        return _text(plaintext, OlmSessionError)

    def describe(self) -> str:
        return f"session {self.id}"


class InboundSession(Session):
    """A session that the other device began."""

    def __init__(self, account: Account, message: OlmPreKeyMessage, identity_key: str) -> None:
        try:
            self._engine, plaintext = account._engine.create_inbound_session(
                vodozemac.Curve25519PublicKey.from_base64(identity_key),
                vodozemac.PreKeyMessage.from_base64(message.ciphertext),
            )
        except ValueError as error:
            raise OlmSessionError(str(error)) from error
        _first[(self.id, message.ciphertext)] = plaintext
        while len(_first) > FIRST_PLAINTEXTS_KEPT:
            _first.popitem(last=False)


class OutboundSession(Session):
    """A session that we begin."""

    def __init__(self, account: Account, identity_key: str, one_time_key: str) -> None:
        try:
            self._engine = account.open_outbound(identity_key, one_time_key)
        except ValueError as error:
            raise OlmSessionError(str(error)) from error


class InboundGroupSession(_Pickled):
    """What reads one sender's messages in one room."""

    _made_of = vodozemac.InboundGroupSession

    def __init__(self, session_key: str) -> None:
        try:
            self._engine = vodozemac.InboundGroupSession(vodozemac.SessionKey(session_key))
        except ValueError as error:
            raise OlmGroupSessionError(str(error)) from error

    @property
    def id(self) -> str:
        session_id: str = self._engine.session_id
        return session_id

    @property
    def first_known_index(self) -> int:
        index: int = self._engine.first_known_index
        return index

    @classmethod
    def import_session(cls, session_key: str) -> Self:
        try:
            exported = vodozemac.ExportedSessionKey(session_key)
        except ValueError as error:
            raise OlmGroupSessionError(str(error)) from error
        return cls._around(vodozemac.InboundGroupSession.import_session(exported))

    def export_session(self, index: int) -> str:
        exported = self._engine.export_at(index)
        if exported is None:
            raise OlmGroupSessionError("this session does not know that index")
        key: str = exported.to_base64()
        return key

    def decrypt(self, ciphertext: str) -> tuple[str, int]:
        try:
            opened = self._engine.decrypt(vodozemac.MegolmMessage.from_base64(ciphertext))
        except ValueError as error:
            raise OlmGroupSessionError(str(error)) from error
        return _text(bytes(opened.plaintext), OlmGroupSessionError), opened.message_index


class OutboundGroupSession(_Pickled):
    """What encrypts our messages in one room."""

    _made_of = vodozemac.GroupSession

    def __init__(self) -> None:
        self._engine = vodozemac.GroupSession()

    @property
    def id(self) -> str:
        session_id: str = self._engine.session_id
        return session_id

    @property
    def message_index(self) -> int:
        index: int = self._engine.message_index
        return index

    @property
    def session_key(self) -> str:
        """From the current index on: whoever gets it now reads nothing older."""
        key: str = self._engine.session_key.to_base64()
        return key

    def encrypt(self, plaintext: str) -> str:
        ciphertext: str = self._engine.encrypt(plaintext.encode()).to_base64()
        return ciphertext


class PkSigning:
    """An Ed25519 key made of a seed: master, self-signing and user-signing keys."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes(seed))
        self.public_key = unpadded(self._key.public_key().public_bytes_raw())

    @staticmethod
    def generate_seed() -> bytes:
        return secrets.token_bytes(32)

    def sign(self, message: str | bytes) -> str:
        return unpadded(self._key.sign(message.encode() if isinstance(message, str) else message))


def _text(plaintext: bytes, failure: type[Exception]) -> str:
    try:
        return plaintext.decode()
    except UnicodeDecodeError as error:
        raise failure("not UTF-8") from error


def install() -> None:
    """Puts these names where `import olm` looks. Twice is once."""
    olm = sys.modules[__name__]
    present = sys.modules.setdefault("olm", olm)
    if present is not olm:
        raise ImportError("libolm is loaded in this process; Maillage runs on vodozemac only")
    # mautrix also looks for libolm's C handle, for a debugging text that Session.describe gives.
    handle = ModuleType("_libolm")
    handle.__dict__.update(ffi=None, lib=None)
    sys.modules.setdefault("_libolm", handle)
