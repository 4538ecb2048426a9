"""One step of a story: everything that it may touch, in one transaction."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from appservice.domain.audit import Act
from appservice.domain.member import Channel
from appservice.domain.world import Retention
from appservice.flows.ports.arrival import Arrivals, Claims, Closings
from appservice.flows.ports.console import Console
from appservice.flows.ports.mail import Outbox, Recall
from appservice.flows.ports.ratings import Ratings
from appservice.flows.ports.registers import (
    Acts,
    Alerts,
    Blobs,
    Cases,
    Links,
    Members,
    Protocols,
    Reports,
    Roll,
    Rooms,
    Signatures,
    SigningLinks,
)
from appservice.flows.ports.stamps import TimeStamps
from appservice.flows.ports.telephone import Telephone


class Transaction(Protocol):
    """Everything a step may touch; all of it happens, or none."""

    async def first_time(self, channel: Channel, key: str) -> bool:
        """Marks an inbound message as handled; False when it already was."""
        ...

    @property
    def members(self) -> Members: ...
    @property
    def roll(self) -> Roll: ...
    @property
    def signatures(self) -> Signatures: ...
    @property
    def signing_links(self) -> SigningLinks: ...
    @property
    def arrivals(self) -> Arrivals: ...
    @property
    def claims(self) -> Claims: ...
    @property
    def closings(self) -> Closings: ...
    @property
    def time_stamps(self) -> TimeStamps: ...
    @property
    def alerts(self) -> Alerts: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def cases(self) -> Cases: ...
    @property
    def ratings(self) -> Ratings: ...
    @property
    def rooms(self) -> Rooms: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def recall(self) -> Recall: ...
    @property
    def links(self) -> Links: ...
    @property
    def blobs(self) -> Blobs: ...
    @property
    def acts(self) -> Acts: ...
    @property
    def protocols(self) -> Protocols: ...
    @property
    def telephone(self) -> Telephone: ...
    @property
    def console(self) -> Console: ...


class Store(Protocol):
    """The database."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Raises TemporaryFailure when the database is out of reach."""
        ...


class Archive(Protocol):
    """The database, as what must not be kept for ever."""

    async def due(self, now: datetime, kept: Retention) -> Sequence[str]:
        """Owners of keys whose time is over: members (`m1`), cases (`case:S1`). Some of them."""
        ...

    async def shred(self, owner: str, act: Act | None = None) -> None:
        """Makes what was sealed for an owner unreadable and says so in the audit, or neither."""
        ...

    async def sweep(self, now: datetime, kept: Retention) -> int:
        """Deletes what was sent, came in and was done too long ago; how many rows."""
        ...
