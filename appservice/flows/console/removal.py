"""The mairie takes a participation away: from every room, group and telephone, at once."""

from dataclasses import dataclass
from typing import Protocol

from appservice.domain.charter import NotInForce
from appservice.domain.console import Right, Visitor
from appservice.domain.errors import InvalidTransition, NotAllowed
from appservice.domain.ids import MemberId
from appservice.flows.console.register import Participant, Register
from appservice.flows.provisioning import Applied


class Seats(Protocol):
    """Where people sit (`flows.membership.Membership`)."""

    async def revoke(self, member: MemberId, by: str) -> Applied: ...


@dataclass(frozen=True, slots=True)
class Removal:
    """Only what was signed is taken away, and only once."""

    register: Register
    seats: Seats

    async def of(self, visitor: Visitor, member: MemberId) -> Participant | None:
        """Whom it would be about; somebody of another territory is nobody.

        Raises NotAllowed, or InvalidTransition when there is nothing to take away.
        """
        if not visitor.may(Right.REVOKE):
            raise NotAllowed
        found = await self.register.member(visitor, member)
        if found is None:
            return None
        if member == visitor.account.member:
            raise NotAllowed("Vous ne pouvez pas retirer votre propre participation.")
        standing = found.standing
        if isinstance(standing, NotInForce) and standing.reason in ("never-signed", "revoked"):
            raise InvalidTransition("Il n'y a pas de participation à retirer.")
        return found

    async def remove(self, visitor: Visitor, member: MemberId) -> Applied | None:
        """What was done, and what the service will do again; None for nobody."""
        if await self.of(visitor, member) is None:
            return None
        return await self.seats.revoke(member, visitor.account.actor)
