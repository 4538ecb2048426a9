"""What is kept about telephones: who agreed to be texted, and the texts that wait for them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from appservice.domain.ids import AlertId, MemberId, ReportId
from appservice.domain.member import Channel, Member
from appservice.domain.telephone.consent import Consent, StageName


class Consents(Protocol):
    """What each number has answered. A number is found by its HMAC only."""

    async def of(self, number: str) -> Consent | None: ...

    async def advance(self, number: str, consent: Consent, expected: StageName | None) -> bool:
        """Writes it if the stage is still `expected` (None: nothing is known of the number)."""
        ...

    async def held_by(
        self, members: Collection[MemberId] | None = None
    ) -> Mapping[MemberId, Consent]:
        """By the number that each has now, without the words; None asks for everybody."""
        ...

    async def unasked(self) -> Sequence[Member]:
        """Who has signed and chose SMS, and was not asked at that number, where no STOP stands."""
        ...

    async def unanswered(self, before: datetime) -> Sequence[Member]:
        """Who was asked before then, still waits, and was not reminded."""
        ...

    async def silent(self, before: datetime) -> Mapping[str, int]:
        """By territory, how many were reminded before then and never answered."""
        ...


class Texts(Protocol):
    """SMS that wait in the outbox."""

    async def silence(self, number: str, now: datetime) -> int:
        """Calls off all that waits for that number, in this transaction; how many."""
        ...

    async def hurry(self, alert: AlertId) -> int:
        """Its texts leave before all the rest, also those held back until the morning; how many of
        the latter.
        """
        ...

    async def unreached(self, alert: AlertId) -> frozenset[MemberId]:
        """Whose telephone shows nothing of that alert: each text to it waits, failed or is stale.

        A text that is leaving just now, or whose fate is unknown, may be shown.
        """
        ...


class Strangers(Protocol):
    """Whom nobody knows, on any channel: what limits how often they are answered."""

    async def may_answer(
        self, channel: Channel, address: str, now: datetime, since: datetime, cap: int
    ) -> bool:
        """Notes an answer, unless they had one after `since`, or all of them `cap` in an hour."""
        ...


class Threads(Protocol):
    """On which reports officers wrote to their author."""

    async def ask(self, member: MemberId, report: ReportId, at: datetime) -> None:
        """They wrote just now."""

    async def asked(self, member: MemberId, since: datetime) -> Sequence[ReportId]:
        """Those still open on which they wrote after then, the last one first."""
        ...


class Telephone(Protocol):
    """All of it, under one name."""

    @property
    def consents(self) -> Consents: ...
    @property
    def texts(self) -> Texts: ...
    @property
    def strangers(self) -> Strangers: ...
    @property
    def threads(self) -> Threads: ...
