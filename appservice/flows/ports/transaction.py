"""One step of a story: everything that it may touch, in one transaction."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from appservice.domain.member import Channel
from appservice.flows.ports.console import Console
from appservice.flows.ports.mail import Outbox, Recall
from appservice.flows.ports.registers import (
    Acts,
    Alerts,
    Blobs,
    Cases,
    Links,
    Members,
    Reports,
    Roll,
    Rooms,
    Signatures,
)
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
    def alerts(self) -> Alerts: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def cases(self) -> Cases: ...
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
    def telephone(self) -> Telephone: ...
    @property
    def console(self) -> Console: ...


class Store(Protocol):
    """The database."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Raises TemporaryFailure when the database is out of reach."""
        ...
