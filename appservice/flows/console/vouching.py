"""Coming in on the word of one's organisation, which says who somebody is and admits nobody."""

from dataclasses import dataclass
from datetime import UTC, datetime

from appservice.domain.audit import Act
from appservice.domain.console import Account, Organisation, Position, Vouched, position_of
from appservice.domain.errors import NotAllowed, Refused
from appservice.flows.console.entry import Tries, open_session
from appservice.flows.console.presence import TRIES_FROM_ONE_PLACE
from appservice.flows.ports import Clock, NewId, Store, Transaction

_LONG_AGO = datetime.fromtimestamp(0, UTC)


class NotVouched(Refused):
    """Votre organisation n'a pas confirmé qui vous êtes : recommencez."""

    code = "organisation"


class NotExpected(Refused):
    """Votre organisation vous connaît, mais aucun compte ne vous attend ici : demandez une invitation."""  # noqa: E501

    code = "pas-attendu"


class NotGiven(NotAllowed):
    """Votre organisation ne vous donne pas la fonction que vous avez ici."""

    code = "fonction-non-donnee"


@dataclass(frozen=True, slots=True)
class Vouching:
    """Sessions of those whom an organisation vouches for."""

    store: Store
    clock: Clock
    new_id: NewId

    async def come_in(self, organisation: Organisation, vouched: Vouched, place: str) -> str:
        """Opens a session and returns its token.

        The account was opened by an invitation, is of the organisation's territory, holds a
        position that the organisation gives, and was never another subject's. A dangerous act
        asks again unless the organisation says that they proved who they are just now.
        Raises NotExpected, NotGiven or LockedOut.
        """
        await Tries(self.store, self.clock).one_more(f"place:{place}", TRIES_FROM_ONE_PLACE)
        async with self.store.transaction() as tx:
            account = await tx.console.accounts.at(vouched.login.strip().lower()[:100])
            if account is None:
                raise NotExpected
            position, territory = await self._as_registered(tx, account)
            # One organisation never speaks for another's people, nor for those of everywhere.
            if territory != organisation.territory:
                raise NotExpected
            if position not in organisation.positions(vouched.roles):
                raise NotGiven
            if not await tx.console.subjects.bind(
                account.id, organisation.issuer, vouched.subject
            ):
                raise NotExpected
            who, land = account.actor, account.territory
            act = Act(who, "console-in-openid", who, self.clock(), territory=land)
            await tx.acts.append(act)
            proved = vouched.proved or _LONG_AGO
            return await open_session(tx, account, self.clock, self.new_id, proved)

    async def _as_registered(self, tx: Transaction, account: Account) -> tuple[Position, str]:
        """The register may have changed since the account was opened."""
        if account.member is None:
            return account.position, account.territory
        person = await tx.members.get(account.member)
        if person is None:
            raise NotExpected
        return position_of(person.role), person.territory
