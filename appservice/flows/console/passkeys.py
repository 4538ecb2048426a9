"""Passkeys of the console: added by whoever is signed in, then a way in by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from appservice.domain.audit import Act
from appservice.domain.console import Account, Visitor
from appservice.domain.console.passkey import MOST, Passkey, is_of_now
from appservice.domain.errors import Refused
from appservice.flows.console.entry import WINDOW, Tries, open_session
from appservice.flows.console.presence import TRIES_FROM_ONE_PLACE
from appservice.flows.ports import Clock, KeyChecks, NewId, NotProved, Store, Transaction

_LONGEST = 60


class NotThisKey(Refused):
    """Cette clé d'accès n'a pas été reconnue. Réessayez, ou passez par le mot de passe."""

    code = "cle-inconnue"


class TooManyKeys(Refused):
    """Dix clés d'accès au plus : retirez d'abord celles qui ne servent plus."""

    code = "trop-de-cles"


@dataclass(frozen=True, slots=True)
class Passkeys:
    """`checks` verifies what devices sign."""

    store: Store
    clock: Clock
    new_id: NewId
    checks: KeyChecks

    async def of(self, visitor: Visitor) -> Sequence[Passkey]:
        """The visitor's own, oldest first."""
        async with self.store.transaction() as tx:
            return await tx.console.passkeys.of(visitor.account.id)

    async def add(self, visitor: Visitor, answer: str, challenge: bytes, name: str) -> None:
        """Raises NotThisKey or TooManyKeys."""
        account, now = visitor.account, self.clock()
        try:
            made = self.checks.made(answer, challenge)
        except NotProved as refused:
            raise NotThisKey from refused
        key = Passkey(
            *(made.id, account.id, made.public_key),
            name=name.strip()[:_LONGEST] or f"{now:%d/%m/%Y}",
            added=now,
            count=made.count,
        )
        async with self.store.transaction() as tx:
            await self._once(tx, challenge)
            if len(await tx.console.passkeys.of(account.id)) >= MOST:
                raise TooManyKeys
            if not await tx.console.passkeys.add(key):
                raise NotThisKey
            await tx.acts.append(_act("console-passkey-add", account, now))

    async def remove(self, visitor: Visitor, key: bytes) -> bool:
        """False when the visitor has no such key."""
        account = visitor.account
        async with self.store.transaction() as tx:
            removed = await tx.console.passkeys.remove(account.id, key)
            if removed:
                act = _act("console-passkey-remove", account, self.clock())
                await tx.acts.append(act)
            return removed

    async def come_in(self, answer: str, challenge: bytes, place: str) -> str:
        """Opens a session and returns its token. Raises NotThisKey or LockedOut."""
        await Tries(self.store, self.clock).one_more(f"place:{place}", TRIES_FROM_ONE_PLACE)
        async with self.store.transaction() as tx:
            await self._once(tx, challenge)
            try:
                key = await tx.console.passkeys.at(self.checks.claimed(answer))
                if key is None:
                    raise NotThisKey
                count = self.checks.proved(answer, challenge, key)
            except NotProved as refused:
                raise NotThisKey from refused
            account = await tx.console.accounts.get(key.account)
            # Of two hands with one answer, or with a copied key, only one wins.
            if account is None or not await tx.console.passkeys.use(key, count, self.clock()):
                raise NotThisKey
            act = _act("console-in-passkey", account, self.clock())
            await tx.acts.append(act)
            return await open_session(tx, account, self.clock, self.new_id)

    async def _once(self, tx: Transaction, challenge: bytes) -> None:
        """An answer is to a question of now, and is taken once. Raises NotThisKey."""
        now = self.clock()
        name = f"challenge:{challenge.hex()}"
        if not is_of_now(challenge, now) or await tx.console.attempts.count(name, now, WINDOW) > 1:
            raise NotThisKey


def _act(verb: str, account: Account, now: datetime) -> Act:
    return Act(account.actor, verb, account.actor, now, territory=account.territory)
