"""What arrivals leave behind: invitations whose code is past, accounts that are nobody's."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from appservice.domain.audit import Act
from appservice.domain.errors import MaillageError
from appservice.domain.ids import UserId
from appservice.domain.signing import CLAIM_LASTS
from appservice.flows.ports import Accounts, Clock, Introductions, Store
from appservice.flows.rounds import rounds

_LOG = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Tidying:
    """Each thing is done on the homeserver, then struck off: whoever dies does it again."""

    store: Store
    clock: Clock
    introductions: Introductions | None
    accounts: Accounts | None

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """While this is held; what fails is done the next time."""
        task = asyncio.create_task(rounds(self.once, EVERY, _LOG, "arrivals"))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def once(self) -> None:
        """One round. Raises TemporaryFailure when the database is out of reach."""
        async with self.store.transaction() as tx:
            spent = await tx.claims.spent(self.clock() - CLAIM_LASTS, AT_ONCE)
            closing = await tx.closings.waiting(AT_ONCE)
        if self.introductions is not None:
            for digest, claim in spent:
                if await _done(self.introductions.withdraw(digest.hex())):
                    async with self.store.transaction() as tx:
                        await tx.claims.forget(digest, claim)
        if self.accounts is not None:
            for user in closing:
                if await _done(self.accounts.close(user)):
                    await self._note_closed(user)

    async def _note_closed(self, user: UserId) -> None:
        async with self.store.transaction() as tx:
            await tx.closings.done(user)
            await tx.acts.append(Act("service", "account.close", user, self.clock()))


async def _done(verb: Awaitable[None]) -> bool:
    try:
        await verb
    except MaillageError as failure:
        _LOG.info("tidying: %s", failure.code)
        return False
    return True
