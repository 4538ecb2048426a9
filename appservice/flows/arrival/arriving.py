"""Whoever has signed is led to their first message, and given an account on the way."""

import logging
from dataclasses import dataclass, replace

from appservice.domain.audit import Act
from appservice.domain.charter import InForce
from appservice.domain.errors import PermanentFailure
from appservice.domain.ids import MemberId, UserId
from appservice.domain.member import Channel, Member
from appservice.domain.signing import Arrival, account_name, password_of
from appservice.domain.telephone.consent import Agreed
from appservice.domain.territory import Territory
from appservice.domain.world import World
from appservice.flows.console.entry import LinkIsOver, Tries, digest
from appservice.flows.ports import Accounts, Clock, NewId, Store, Transaction
from appservice.flows.reconciliation import Ring, announced

_LOG = logging.getLogger(__name__)

MOST_LOOKS = 60
"""At one page in a quarter of an hour: each asks the homeserver."""
_DRAWS = 5
"""Names that are tried before one is free; one in a hundred million is taken."""


@dataclass(frozen=True, slots=True)
class NoAccount:
    """Nobody here may make one: the mairie says what to do."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Nobody has signed in yet: the page shows how."""

    user: UserId
    password: str


@dataclass(frozen=True, slots=True)
class Inside:
    """Somebody is signed in, or it is an account of their own: no password is shown."""

    user: UserId
    is_own: bool = False  # theirs before Maillage


Access = NoAccount | Opened | Inside


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page tells. `access` is None for whoever did not choose Element."""

    arrival: Arrival
    member: Member
    territory: Territory
    access: Access | None
    texts_agreed: bool


@dataclass(frozen=True, slots=True)
class Arriving:
    """Without `accounts` none is made. Raises LinkIsOver, LockedOut, TemporaryFailure."""

    store: Store
    clock: Clock
    new_id: NewId
    world: World
    accounts: Accounts | None
    server_name: str
    ring: Ring

    async def shown(self, token: str) -> Shown:
        """Also makes the account at the first look. Every look tells the same: a page that was
        lost on its way is asked for again."""
        await Tries(self.store, self.clock).one_more(f"arrival:{digest(token).hex()}", MOST_LOOKS)
        async with self.store.transaction() as tx:
            arrival, person = await self.known(tx, token)
            territory = self.world.territory_of(person)
            number = person.phone
            known = await tx.telephone.consents.of(number) if number is not None else None
        if territory is None:
            raise LinkIsOver
        access = await self.access(token) if Channel.MATRIX in person.channels else None
        agreed = known is not None and isinstance(known.stage, Agreed)
        return Shown(arrival, person, territory, access, agreed)

    async def access(self, token: str) -> Access:
        """What that page opens: made or set once, and shown until somebody signs in with it."""
        async with self.store.transaction() as tx:
            arrival, person = await self.known(tx, token)
            ours = await tx.arrivals.user_of(person.id)
        if person.mxid is not None and person.mxid != ours:
            return Inside(person.mxid, is_own=True)
        if self.accounts is None:
            return NoAccount() if ours is None else Inside(ours)
        try:
            return await self._opened(self.accounts, token, arrival, person)
        except PermanentFailure as refusal:
            # Accounts are delegated to something else, or the token that makes them is dead.
            _LOG.error("no account could be made: %s", refusal.message)
            return NoAccount() if person.mxid is None else Inside(person.mxid)

    async def known(self, tx: Transaction, token: str) -> tuple[Arrival, Member]:
        """Whose page it is, if they may take part. Raises LinkIsOver."""
        return await self._look(tx, await tx.arrivals.get(digest(token)))

    async def held(self, tx: Transaction, token: str) -> tuple[Arrival, Member]:
        """As `known`; until the transaction ends nobody else holds the page."""
        return await self._look(tx, await tx.arrivals.hold(digest(token)))

    async def _opened(
        self, accounts: Accounts, token: str, arrival: Arrival, person: Member
    ) -> Access:
        user = await self._reserve(accounts, token, person.id)
        password = password_of(token, user)
        given = arrival.given_at is not None
        if not given and await self._is_due(accounts, arrival, person, user):
            # Whoever dies after this asks for the same account and the same password again.
            await accounts.give(user, password, person.attribution)
            await self._note_given(token)
            given = True
        if given and not await accounts.has_devices(user):
            return Opened(user, password)
        return Inside(user)

    async def _is_due(
        self, accounts: Accounts, arrival: Arrival, person: Member, user: UserId
    ) -> bool:
        """Nobody who is signed in loses their telephone because a page was printed again."""
        return arrival.resets or person.mxid is None or not await accounts.has_devices(user)

    async def _reserve(self, accounts: Accounts, token: str, member: MemberId) -> UserId:
        """One account a person, whatever page they came by; written down before it is made."""
        free = None
        async with self.store.transaction() as tx:
            known = await tx.arrivals.user_of(member)
        if known is None:
            free = await self._free(accounts)
        async with self.store.transaction() as tx:
            held, _ = await self.held(tx, token)
            user = await tx.arrivals.user_of(member) or free
            if user is None:
                raise LinkIsOver
            if held.user is None:
                await tx.arrivals.save(replace(held, user=user))
        return user

    async def _free(self, accounts: Accounts) -> UserId:
        for _ in range(_DRAWS):
            user = UserId(f"@{account_name(self.new_id())}:{self.server_name}")
            if await accounts.is_free(user):
                return user
        raise PermanentFailure("Aucun identifiant n'est libre.")

    async def _note_given(self, token: str) -> None:
        now = self.clock()
        async with self.store.transaction() as tx:
            held, person = await self.held(tx, token)
            if held.given_at is not None:
                return  # somebody looked at the same page at the same time
            await tx.arrivals.save(replace(held, given_at=now))
            made = person.mxid is None
            if made:
                await tx.members.save(replace(person, mxid=held.user))
            verb = "account.make" if made else "account.password"
            await tx.acts.append(Act("service", verb, person.id, now, territory=person.territory))
        await announced(self.ring)

    async def _look(self, tx: Transaction, arrival: Arrival | None) -> tuple[Arrival, Member]:
        """Whoever comes with a link that we never made learns no more than that."""
        if arrival is None or not arrival.is_open(self.clock()):
            raise LinkIsOver
        person = await tx.members.get(arrival.member)
        if person is None:
            raise LinkIsOver
        signature = await tx.signatures.latest(person.id)
        standing = self.world.standing(person, signature, self.clock())
        if not isinstance(standing, InForce):
            raise LinkIsOver(standing.french)
        return arrival, person
