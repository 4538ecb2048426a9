"""Signing in and out, confirming with a code, and who is behind a click."""

from dataclasses import dataclass, replace
from datetime import datetime

from appservice.domain.audit import Act
from appservice.domain.charter import InForce
from appservice.domain.console import Account, Visitor, position_of
from appservice.domain.ids import MemberId
from appservice.domain.world import World
from appservice.flows.console.entry import NotRecognised, Tries, digest, open_session
from appservice.flows.ports import Clock, Codes, NewId, Passwords, Store, Transaction

TRIES = 5
"""Wrong sign-ins for one login, from one place, in a quarter of an hour."""
TRIES_FOR_ONE_LOGIN = 20
TRIES_FROM_ONE_PLACE = 60


@dataclass(frozen=True, slots=True)
class Presence:
    """Sessions of those who have a credential."""

    store: Store
    clock: Clock
    new_id: NewId
    world: World
    passwords: Passwords
    codes: Codes

    async def sign_in(self, login: str, password: str, code: str, place: str) -> str:
        """Opens a session and returns its token. `place` is the address of whoever tries.

        Raises NotRecognised, which never says what was wrong, or LockedOut.
        """
        login = login.strip().lower()[:100]
        await self._count(login, place)
        async with self.store.transaction() as tx:
            account = await tx.console.accounts.at(login)
        credential = account.credential if account else None
        # As slow for nobody as for somebody.
        known = await self.passwords.matches(password, credential.password if credential else "")
        if account is None or not known:
            raise NotRecognised
        async with self.store.transaction() as tx:
            if not await self._uses(tx, account, code):
                raise NotRecognised
            await tx.console.attempts.forget(f"login:{login}")
            await tx.console.attempts.forget(f"login:{login}:{place}")
            await tx.acts.append(_act("console-in", account, self.clock()))
            return await open_session(tx, account, self.clock, self.new_id)

    async def confirm(self, visitor: Visitor, code: str) -> None:
        """A code once more, before a dangerous act. Raises NotRecognised or LockedOut."""
        account = visitor.account
        await Tries(self.store, self.clock).one_more(f"confirm:{account.id}", TRIES)
        async with self.store.transaction() as tx:
            if not await self._uses(tx, account, code):
                raise NotRecognised
            await tx.console.attempts.forget(f"confirm:{account.id}")
            await tx.console.sessions.confirmed(visitor.session.digest, self.clock())

    async def sign_out(self, visitor: Visitor) -> None:
        """Closes this session only."""
        account = visitor.account
        async with self.store.transaction() as tx:
            await tx.console.sessions.close(visitor.session.digest)
            await tx.acts.append(_act("console-out", account, self.clock()))

    async def visitor(self, token: str, *, here: bool = True) -> Visitor | None:
        """Who is behind that cookie; None when nobody is, or no longer.

        Not `here`: a page asks by itself, which does not make the session last.
        """
        now = self.clock()
        async with self.store.transaction() as tx:
            session = await tx.console.sessions.get(digest(token))
            if session is None:
                return None
            account = await tx.console.accounts.get(session.account)
            if account is None or session.is_over(now):
                await tx.console.sessions.close(session.digest)
                return None
            if here:
                await tx.console.sessions.seen(session.digest, now)
            visitor = Visitor(account, session)
            if account.member is None:
                return visitor
            return await self._as_registered(tx, visitor, account.member)

    async def _as_registered(
        self, tx: Transaction, visitor: Visitor, member: MemberId
    ) -> Visitor | None:
        """The register may have changed since the account was opened."""
        person = await tx.members.get(member)
        if person is None:
            await tx.console.sessions.close(visitor.session.digest)
            return None
        standing = self.world.standing(person, await tx.signatures.latest(member), self.clock())
        account = replace(
            visitor.account,
            name=person.name,
            position=position_of(person.role),
            territory=person.territory,
        )
        return Visitor(
            account, visitor.session, None if isinstance(standing, InForce) else standing
        )

    async def _uses(self, tx: Transaction, account: Account, code: str) -> bool:
        if account.credential is None:
            return False
        step = self.codes.step(account.credential.secret, code, self.clock())
        return step is not None and await tx.console.accounts.use_step(account.id, step)

    async def _count(self, login: str, place: str) -> None:
        tries = Tries(self.store, self.clock)
        await tries.one_more(f"place:{place}", TRIES_FROM_ONE_PLACE)
        await tries.one_more(f"login:{login}:{place}", TRIES)
        await tries.one_more(f"login:{login}", TRIES_FOR_ONE_LOGIN)


def _act(verb: str, account: Account, now: datetime) -> Act:
    return Act(account.actor, verb, account.actor, now, territory=account.territory)
