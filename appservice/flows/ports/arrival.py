"""Pages that lead to a first message, and the accounts that they open."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from appservice.domain.ids import MemberId, UserId
from appservice.domain.signing import Arrival, Claim


class Arrivals(Protocol):
    """One page a member; the newest counts."""

    async def add(self, arrival: Arrival) -> None:
        """The member's earlier ones are revoked."""
        ...

    async def get(self, digest: bytes) -> Arrival | None: ...

    async def hold(self, digest: bytes) -> Arrival | None:
        """As `get`; until the transaction ends nobody else holds it."""
        ...

    async def save(self, arrival: Arrival) -> None:
        """What became of one that is held."""
        ...

    async def user_of(self, member: MemberId) -> UserId | None:
        """The account that was opened for them, or was about to be."""
        ...

    async def end(self, member: MemberId, now: datetime) -> None:
        """None of theirs works any more."""
        ...


class Claims(Protocol):
    """Accounts that people say are theirs, by the digest of the page on which they say so."""

    async def put(self, digest: bytes, claim: Claim) -> None:
        """In the place of the former one. The page must be known."""
        ...

    async def of(self, digest: bytes) -> Claim | None: ...

    async def spent(self, asked_before: datetime, limit: int) -> Sequence[tuple[bytes, Claim]]:
        """Those that are over, and those that were asked for by then."""
        ...

    async def forget(self, digest: bytes, claim: Claim) -> None:
        """Unless it is another one by now."""
        ...


class Closings(Protocol):
    """Accounts that the service made and that are nobody's any more."""

    async def add(self, user: UserId, at: datetime) -> None:
        """Twice is once."""
        ...

    async def waiting(self, limit: int) -> Sequence[UserId]:
        """Oldest first."""
        ...

    async def done(self, user: UserId) -> None: ...


class Accounts(Protocol):
    """Accounts of the homeserver, made for people.

    Every verb raises TemporaryFailure when it is out of reach, PermanentFailure when it refuses.
    """

    async def is_free(self, user: UserId) -> bool:
        """Whether nobody has, or had, that account."""
        ...

    async def give(self, user: UserId, password: str, name: str) -> None:
        """Makes it, or sets its password and signs out every device; twice is once."""
        ...

    async def has_devices(self, user: UserId) -> bool:
        """Whether somebody is signed in."""
        ...

    async def close(self, user: UserId) -> None:
        """Nobody signs in with it any more and it leaves every room; twice is once."""
        ...


class Introductions(Protocol):
    """Rooms without a word, that exist for what their name tells whoever is invited.

    Every verb raises TemporaryFailure when the homeserver is out of reach, PermanentFailure when
    it refuses.
    """

    async def invite(self, key: str, user: UserId, name: str) -> None:
        """`key` (letters and digits) finds it again; one that had it before is taken back."""
        ...

    async def withdraw(self, key: str) -> None:
        """The invitation and the room; twice is once."""
        ...
