"""What time-stamping needs: what was asked for, kept; and an authority that answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from appservice.domain.charter import Signature
from appservice.domain.signing.stamp import Stamp, Stamped


class TimeStamps(Protocol):
    """Those that were asked for, each beside its signature; tokens are sealed."""

    async def ask(self, signature: Signature, at: datetime) -> None:
        """The signature was added in this transaction."""

    async def due(self, now: datetime, limit: int) -> Sequence[Stamp]:
        """Awaited ones whose time has come, the oldest first."""
        ...

    async def later(self, stamp: Stamp, until: datetime, code: str) -> None:
        """One more try has failed."""

    async def keep(self, stamp: Stamp, stamped: Stamped) -> None:
        """Of two who come with one, the first wins."""

    async def of(self, signature: Signature) -> Stamp | None:
        """None when none was asked for, or the member was erased."""
        ...


class TimeAuthority(Protocol):
    """An authority of time (RFC 3161)."""

    async def stamp(self, data: bytes) -> Stamped:
        """Sends a hash and nothing else.

        Raises TemporaryFailure when nobody answers, NotATimeStamp for an answer that is no proof.
        """
        ...
