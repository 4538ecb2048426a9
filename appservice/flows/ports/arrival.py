"""Pages that lead to a first message, and the accounts that they open."""

from datetime import datetime
from typing import Protocol

from appservice.domain.ids import MemberId, UserId
from appservice.domain.signing import Arrival


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
