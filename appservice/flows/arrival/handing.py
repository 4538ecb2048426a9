"""The mairie hands the way to the first message over again, or a new password."""

from dataclasses import dataclass

from appservice.domain.audit import Act
from appservice.domain.charter import InForce
from appservice.domain.console import Right, Visitor
from appservice.domain.enrolment import OPERATOR
from appservice.domain.errors import InvalidTransition, NotAllowed, PermanentFailure
from appservice.domain.ids import MemberId, UserId
from appservice.domain.member import Channel, Member, is_reached
from appservice.domain.signing import ON_PAPER, Arrival
from appservice.flows.arrival.arriving import Arriving, Inside
from appservice.flows.charter.links import OFF_LIST
from appservice.flows.console.entry import Tries, digest, new_token

NOT_SIGNED = "Cette personne n'a pas de charte en vigueur : elle doit d'abord signer."
NOT_OURS = (
    "Ce compte Element n'a pas été ouvert par Maillage : son mot de passe n'est pas le nôtre."
)
NOT_DONE = "Le serveur Matrix a refusé le nouveau mot de passe : l'ancien vaut encore."
MOST_PAGES = 30
"""That one person of the mairie hands over in a quarter of an hour."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Shown once, then nobody can read it again."""

    arrival: Arrival
    member: Member
    token: str


@dataclass(frozen=True, slots=True)
class Handing:
    """People of the mairie's own land. Raises NotAllowed, InvalidTransition, LockedOut."""

    arriving: Arriving

    async def account_of(self, visitor: Visitor, member: MemberId) -> UserId | None:
        """The account that the service opened for them and that they still have; the caller saw
        to it that the visitor may read about them."""
        if not visitor.may(Right.ENROL):
            return None
        async with self.arriving.store.transaction() as tx:
            person = await tx.members.get(member)
            user = await tx.arrivals.user_of(member)
        return user if person is not None and user == person.mxid else None

    async def hand(self, visitor: Visitor, member: MemberId) -> HandedOver | None:
        """A new page; the former one is dead, and its password too unless it served.

        None for nobody of that land. Raises TemporaryFailure.
        """
        return await self._hand(visitor, member, resets=False)

    async def reset(self, visitor: Visitor, member: MemberId) -> HandedOver | None:
        """The same with another password: every telephone of theirs is signed out, now."""
        if await self.account_of(visitor, member) is None:
            await self._check(visitor, member)
            raise InvalidTransition(NOT_OURS)
        return await self._hand(visitor, member, resets=True)

    async def hand_as_operator(self, member: MemberId) -> HandedOver:
        """The same from the command line. Raises PermanentFailure for nobody."""
        person = await self._signer(member)
        if person is None:
            raise PermanentFailure("Personne inconnue du registre.")
        return await self._make(person, OPERATOR, resets=False)

    async def _check(self, visitor: Visitor, member: MemberId) -> Member | None:
        if not visitor.may(Right.ENROL):
            raise NotAllowed
        return await self._signer(member, visitor)

    async def _signer(self, member: MemberId, visitor: Visitor | None = None) -> Member | None:
        """Who has signed, of the visitor's land if there is one."""
        arriving = self.arriving
        async with arriving.store.transaction() as tx:
            person = await tx.members.get(member)
            if person is None or (visitor and not visitor.covers(person.territory)):
                return None
            signature = await tx.signatures.latest(member)
        territory = arriving.world.territory_of(person)
        if territory is not None and not is_reached(person, territory):
            raise InvalidTransition(OFF_LIST)
        if not isinstance(arriving.world.standing(person, signature, arriving.clock()), InForce):
            raise InvalidTransition(NOT_SIGNED)
        return person

    async def _hand(
        self, visitor: Visitor, member: MemberId, *, resets: bool
    ) -> HandedOver | None:
        person = await self._check(visitor, member)
        if person is None:
            return None
        arriving, by = self.arriving, visitor.account.actor
        await Tries(arriving.store, arriving.clock).one_more(f"arrivals-by:{by}", MOST_PAGES)
        return await self._make(person, by, resets=resets)

    async def _make(self, person: Member, by: str, *, resets: bool) -> HandedOver:
        arriving, member = self.arriving, person.id
        now, token = arriving.clock(), new_token(arriving.new_id)
        arrival = Arrival(digest(token), member, by, now, now + ON_PAPER, resets)
        verb = "account.reset" if resets else "arrival.hand"
        async with arriving.store.transaction() as tx:
            await tx.arrivals.add(arrival)
            await tx.acts.append(Act(by, verb, member, now, territory=person.territory))
        if Channel.MATRIX in person.channels:
            # Before anybody has the page: the former password dies now, not when this one is read.
            access = await arriving.access(token)
            if resets and isinstance(access, Inside):
                raise InvalidTransition(NOT_DONE)
        return HandedOver(arrival, person, token)
