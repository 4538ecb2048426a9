"""Signed records are time-stamped by an authority, afterwards: who signs never waits for it."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from appservice.domain.audit import Act
from appservice.domain.charter import sign_bytes
from appservice.domain.errors import MaillageError, PermanentFailure
from appservice.domain.signing.stamp import Stamp
from appservice.flows.ports import Clock, Store
from appservice.flows.ports.stamps import TimeAuthority
from appservice.flows.rounds import rounds

_LOG = logging.getLogger(__name__)
_EVERY = timedelta(seconds=30)
_AT_ONCE = 20


class NotATimeStamp(PermanentFailure):
    """La réponse de l'autorité d'horodatage ne prouve rien."""

    code = "horodatage-refuse"

    def __init__(self, reason: str) -> None:
        super().__init__(f"La réponse de l'autorité d'horodatage ne prouve rien : {reason}.")


@dataclass(frozen=True, slots=True)
class Stamping:
    """What fails is asked for again, later and later, for as long as the record is kept."""

    store: Store
    clock: Clock
    authority: TimeAuthority

    async def watch(self, every: timedelta = _EVERY) -> None:
        """Until cancelled."""
        await rounds(self.once, every, _LOG, "time-stamps wait")

    async def once(self) -> int:
        """One round; how many were stamped. Nothing of the database is held meanwhile."""
        async with self.store.transaction() as tx:
            due = await tx.time_stamps.due(self.clock(), _AT_ONCE)
        return sum([await self._try(stamp) for stamp in due])

    async def _try(self, stamp: Stamp) -> bool:
        try:
            stamped = await self.authority.stamp(sign_bytes(stamp.signature))
        except MaillageError as failure:
            _LOG.warning("no time-stamp yet: %s", failure.code)
            async with self.store.transaction() as tx:
                await tx.time_stamps.later(stamp, stamp.next_try(self.clock()), failure.code)
            return False
        member = stamp.signature.member
        async with self.store.transaction() as tx:
            person = await tx.members.get(member)
            if person is None:  # erased meanwhile
                return False
            await tx.time_stamps.keep(stamp, stamped)
            act = Act("service", "charter.stamp", member, self.clock(), territory=person.territory)
            await tx.acts.append(act)
        return True
