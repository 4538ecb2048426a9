"""What the console's flows need from the outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from appservice.domain.console import Account, AccountId, Credential, Invitation, Opened
from appservice.domain.console.passkey import Passkey
from appservice.domain.console.sheet import Line, Sheet, SheetId
from appservice.domain.ids import MemberId


class Accounts(Protocol):
    """Who may sign in."""

    async def save(self, account: Account) -> None:
        """Adds the account, or replaces all of it but its credential."""
        ...

    async def get(self, account: AccountId) -> Account | None: ...

    async def at(self, login: str) -> Account | None:
        """`login` in lower case."""
        ...

    async def of_member(self, member: MemberId) -> Account | None: ...

    async def renew(self, account: AccountId, credential: Credential) -> None:
        """Replaces whatever the account proved itself with."""
        ...

    async def use_step(self, account: AccountId, step: int) -> bool:
        """Marks a code as used; False when it or a later one already was."""
        ...


class Invitations(Protocol):
    """Links that work once."""

    async def add(self, invitation: Invitation) -> None:
        """The account's earlier ones stop working."""
        ...

    async def get(self, digest: bytes, now: datetime) -> Invitation | None:
        """Unless it was used, has ended or was replaced."""
        ...

    async def use(self, digest: bytes, now: datetime) -> bool:
        """Of two hands only one wins."""
        ...


class Sessions(Protocol):
    """Who is signed in."""

    async def open(self, session: Opened) -> None: ...

    async def get(self, digest: bytes) -> Opened | None: ...

    async def seen(self, digest: bytes, now: datetime) -> None: ...

    async def confirmed(self, digest: bytes, now: datetime) -> None: ...

    async def close(self, digest: bytes) -> None: ...

    async def close_all(self, account: AccountId) -> None: ...


class Subjects(Protocol):
    """Whom an organisation means, once and for all: names of accounts are given to others."""

    async def bind(self, account: AccountId, issuer: str, subject: str) -> bool:
        """True when that subject is the account's, from now on if it had none."""
        ...

    async def forget(self, account: AccountId) -> None: ...


class Passkeys(Protocol):
    """What devices prove themselves with."""

    async def add(self, key: Passkey) -> bool:
        """False when the key is known already, whosever it is."""
        ...

    async def of(self, account: AccountId) -> Sequence[Passkey]:
        """Oldest first."""
        ...

    async def at(self, key: bytes) -> Passkey | None: ...

    async def use(self, key: Passkey, count: int, now: datetime) -> bool:
        """Notes that it signed; False when somebody else has just noted it."""
        ...

    async def remove(self, account: AccountId, key: bytes) -> bool: ...

    async def forget(self, account: AccountId) -> None:
        """All of them."""
        ...


class NotProved(Exception):
    """A device's answer is not what was asked for, or is not signed by the key."""


@dataclass(frozen=True, slots=True)
class MadeKey:
    """What a device says of the key that it has just made."""

    id: bytes
    public_key: bytes
    count: int


class KeyChecks(Protocol):
    """Web Authentication, as its relying party. Each raises NotProved."""

    def made(self, answer: str, challenge: bytes) -> MadeKey: ...

    def claimed(self, answer: str) -> bytes:
        """Which key an answer says that it is from; nothing is verified yet."""
        ...

    def proved(self, answer: str, challenge: bytes, key: Passkey) -> int:
        """The device's count, once its signature and its owner's presence are verified."""
        ...


class Sheets(Protocol):
    """Sheets of merchants that were given and are not yet enrolled."""

    async def save(self, sheet: Sheet) -> None:
        """Adds it, or replaces where it stands; the lines of one that is enrolled are erased."""
        ...

    async def put(self, sheet: Sheet, part: int, lines: Sequence[Line]) -> None:
        """Adds lines to one that was just saved; `part` counts from 0."""
        ...

    async def get(self, sheet: SheetId, *, hold: bool = False) -> Sheet | None:
        """Held, nobody else holds it until the transaction ends."""
        ...

    async def part(self, sheet: Sheet, part: int) -> Sequence[Line]: ...

    async def unfinished(self) -> Sequence[Sheet]:
        """Those that move, or wait for somebody to decide; the oldest first."""
        ...


class Attempts(Protocol):
    """How often something was tried of late."""

    async def count(self, name: str, now: datetime, within: timedelta) -> int:
        """Adds this try and gives how many there were since the first, `within` ago at most."""
        ...

    async def forget(self, name: str) -> None: ...


class Console(Protocol):
    """All that is written of it, under one name."""

    @property
    def accounts(self) -> Accounts: ...
    @property
    def invitations(self) -> Invitations: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def subjects(self) -> Subjects: ...
    @property
    def passkeys(self) -> Passkeys: ...
    @property
    def attempts(self) -> Attempts: ...
    @property
    def sheets(self) -> Sheets: ...


class Passwords(Protocol):
    """Slow on purpose, and never on the event loop."""

    async def hash(self, password: str) -> str: ...

    async def matches(self, password: str, hashed: str) -> bool:
        """An empty hash matches nothing, as slowly as another."""
        ...


class Codes(Protocol):
    """The six digits of a code generator (RFC 6238)."""

    def new_secret(self) -> str:
        """In base32."""
        ...

    def step(self, secret: str, code: str, now: datetime) -> int | None:
        """The step of time that the code is of, or None when it is not a code of now."""
        ...

    def address(self, secret: str, login: str) -> str:
        """What a code generator reads (`otpauth://`)."""
        ...
