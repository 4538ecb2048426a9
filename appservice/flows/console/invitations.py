"""An account of the console begins, or begins again, with a link that works once."""

from dataclasses import dataclass

from appservice.domain.audit import Act
from appservice.domain.console import (
    Account,
    AccountId,
    Credential,
    Invitation,
    Position,
    password_mistake,
    position_of,
)
from appservice.domain.console.account import INVITATION_LASTS
from appservice.domain.enrolment import OPERATOR
from appservice.domain.errors import PermanentFailure
from appservice.domain.ids import MemberId
from appservice.domain.world import World
from appservice.flows.console.entry import (
    LinkIsOver,
    NotThat,
    Tries,
    digest,
    new_token,
    open_session,
)
from appservice.flows.ports import Clock, Codes, NewId, Passwords, Store, Transaction

_TRIES = 20  # wrong forms on one link, in a quarter of an hour


@dataclass(frozen=True, slots=True)
class Invitations:
    """Who is invited, and how the invitation is taken up."""

    store: Store
    clock: Clock
    new_id: NewId
    world: World
    passwords: Passwords
    codes: Codes

    async def invite_member(self, login: str, member: MemberId) -> str:
        """The token of a link for somebody of the register, whose position and land hold.

        Former links of the account stop working. Raises PermanentFailure.
        """
        async with self.store.transaction() as tx:
            person = await tx.members.get(member)
            if person is None:
                raise PermanentFailure("Personne inconnue du registre.")
            if not position_of(person.role).may_sign_in:
                raise PermanentFailure("La console n'est ouverte ni aux commerçants ni aux ASVP.")
            namesake = await tx.console.accounts.at(_login(login))
            if namesake is not None and namesake.member != member:
                raise PermanentFailure("Cet identifiant est déjà pris.")
            known = await tx.console.accounts.of_member(member)
            account = Account(
                id=known.id if known else AccountId(self.new_id()),
                login=_login(login),
                name=person.name,
                position=position_of(person.role),
                territory=person.territory,
                member=member,
            )
            return await self._invite(tx, account)

    async def invite(self, login: str, name: str, position: Position, territory: str) -> str:
        """The token of a link for somebody who is not of the register: an auditor, a préfecture.

        An empty territory is all of them. Raises PermanentFailure.
        """
        if position.is_member:
            raise PermanentFailure("Cette fonction se tient du registre : donnez le membre.")
        if territory and territory not in self.world.territories:
            raise PermanentFailure(f"Territoire inconnu : « {territory} ».")
        async with self.store.transaction() as tx:
            known = await tx.console.accounts.at(_login(login))
            if known is not None and known.member is not None:
                raise PermanentFailure("Cet identifiant est déjà pris.")
            account = Account(
                id=known.id if known else AccountId(self.new_id()),
                login=_login(login),
                name=name or login,
                position=position,
                territory=territory,
            )
            return await self._invite(tx, account)

    async def _invite(self, tx: Transaction, account: Account) -> str:
        token, now = new_token(self.new_id), self.clock()
        await tx.console.accounts.save(account)
        await tx.console.subjects.forget(account.id)  # may be somebody else's from now on
        await tx.console.invitations.add(
            Invitation(digest(token), account.id, self.codes.new_secret(), now + INVITATION_LASTS)
        )
        await tx.acts.append(
            Act(OPERATOR, "console-invite", account.actor, now, territory=account.territory)
        )
        return token

    async def shown(self, token: str) -> tuple[Account, str, str]:
        """Whom a link is for, their code generator's secret, and the address that it reads.

        Looking changes nothing. Raises LinkIsOver.
        """
        async with self.store.transaction() as tx:
            account, invitation = await self._taken(tx, token)
        secret = invitation.secret
        return account, secret, self.codes.address(secret, account.login)

    async def accept(self, token: str, password: str, again: str, code: str) -> str:
        """Uses the link: a new credential, the account's other sessions closed, one opened.

        Returns the session's token. Raises LinkIsOver, NotThat (nothing is used), LockedOut.
        """
        await Tries(self.store, self.clock).one_more(f"link:{digest(token).hex()}", _TRIES)
        now = self.clock()
        async with self.store.transaction() as tx:
            account, invitation = await self._taken(tx, token)
        mistake = password_mistake(password, account.login, account.name)
        if mistake is not None:
            raise NotThat("password", mistake)
        if password != again:
            raise NotThat("again", "Les deux mots de passe ne sont pas les mêmes.")
        step = self.codes.step(invitation.secret, code, now)
        if step is None:
            raise NotThat("code", "Ce code n'est pas celui que l'application montre maintenant.")
        hashed = await self.passwords.hash(password)
        async with self.store.transaction() as tx:
            if not await tx.console.invitations.use(invitation.digest, now):
                raise LinkIsOver
            await tx.console.accounts.renew(
                account.id, Credential(hashed, invitation.secret, step)
            )
            await tx.console.sessions.close_all(account.id)
            await tx.console.passkeys.forget(account.id)  # a lost phone holds one
            await tx.console.attempts.forget(f"login:{account.login}")
            await tx.acts.append(
                Act(
                    account.actor,
                    "console-accept",
                    account.actor,
                    now,
                    territory=account.territory,
                )
            )
            return await open_session(tx, account, self.clock, self.new_id)

    async def _taken(self, tx: Transaction, token: str) -> tuple[Account, Invitation]:
        invitation = await tx.console.invitations.get(digest(token), self.clock())
        account = await tx.console.accounts.get(invitation.account) if invitation else None
        if invitation is None or account is None:
            raise LinkIsOver
        return account, invitation


def _login(text: str) -> str:
    login = text.strip().lower()
    if not 3 <= len(login) <= 100 or not login.isprintable() or " " in login:
        raise PermanentFailure("L'identifiant a de 3 à 100 caractères, sans espace.")
    return login
