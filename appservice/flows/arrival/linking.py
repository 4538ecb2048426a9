"""Whoever has an account already keeps it: a code that comes to it proves that it is theirs."""

import hmac
import logging
from dataclasses import dataclass, replace

from appservice.domain.audit import Act
from appservice.domain.enrolment import account_mistake
from appservice.domain.errors import InvalidTransition, MaillageError, PermanentFailure
from appservice.domain.ids import UserId
from appservice.domain.member import Channel, Member, is_reached
from appservice.domain.signing import Claim, as_shown, code_of
from appservice.domain.world import World
from appservice.flows.arrival.arriving import Arriving
from appservice.flows.console.entry import NotThat, Tries, digest
from appservice.flows.ports import Introductions
from appservice.flows.reconciliation import announced

_LOG = logging.getLogger(__name__)

MOST_ASKS = 5
"""Codes for one page in a quarter of an hour."""
MOST_KNOCKS = 5
"""Invitations that one account gets in a quarter of an hour, whoever asks."""
MOST_CODES = 8
"""Codes that are tried on one page in a quarter of an hour."""

ALREADY_IN = (
    "Aucun autre compte ne peut être relié à votre inscription ici. Pour en changer, dites-le à "
    "la mairie."
)
NOT_THE_CODE = (
    "Ce n'est pas ce code, ou il n'est plus valable. Relisez l'invitation, ou demandez un autre "
    "code."
)
NO_ACCOUNT = "Écrivez l'identifiant de votre compte."
MISTAKES = {
    "bad-mxid": "L'identifiant d'un compte s'écrit @nom:serveur.",
    "foreign-mxid": "Ce compte est sur un autre serveur Matrix : aucun salon ne peut s'y ouvrir.",
}
NO_HOMESERVER = "Le serveur Matrix a refusé d'envoyer le code. Dites-le à la mairie."


@dataclass(frozen=True, slots=True)
class Linking:
    """From a page of first steps. Raises LinkIsOver, LockedOut, NotThat, TemporaryFailure."""

    arriving: Arriving
    introductions: Introductions | None

    async def ask(self, token: str, typed: str) -> None:
        """Has a code sent to that account, if it exists and is nobody else's here.

        Whoever asks is told the same in each case: the page says of nobody that they take part.
        """
        arriving, key = self.arriving, digest(token)
        tries = Tries(arriving.store, arriving.clock)
        await tries.one_more(f"claims:{key.hex()}", MOST_ASKS)
        user = _account(typed, arriving.server_name)
        await tries.one_more(f"claims-of:{digest(user).hex()}", MOST_KNOCKS)
        introductions = await self._ready(token)
        async with arriving.store.transaction() as tx:
            person = (await arriving.known(tx, token))[1]
            holder = await tx.members.at(Channel.MATRIX, user)
            ours = await tx.arrivals.user_of(person.id)
            claim = Claim(user, arriving.clock())
            await tx.claims.put(key, claim)
        if holder is not None or user == ours or not await self._exists(user):
            return
        try:
            shown = f"Maillage : {as_shown(code_of(token, claim))}"
            await introductions.invite(key.hex(), user, shown)
        except PermanentFailure as refusal:
            _LOG.error("no code could be sent to an account: %s", refusal.message)
            raise NotThat("mxid", NO_HOMESERVER) from refusal

    async def prove(self, token: str, typed: str) -> None:
        """The account is theirs from now on; the one that the service made, if any, is closed."""
        arriving, key = self.arriving, digest(token)
        await Tries(arriving.store, arriving.clock).one_more(f"codes:{key.hex()}", MOST_CODES)
        await self._ready(token)
        now = arriving.clock()
        async with arriving.store.transaction() as tx:
            person = (await arriving.held(tx, token))[1]
            claim = await tx.claims.of(key)
            given = "".join(typed.split())
            if claim is None or not (
                claim.is_open(now)
                and hmac.compare_digest(code_of(token, claim).encode(), given.encode())
                and await tx.members.at(Channel.MATRIX, claim.user) is None
            ):
                raise NotThat("code", NOT_THE_CODE)
            await tx.claims.put(key, replace(claim, is_over=True))
            await tx.members.save(replace(person, mxid=claim.user))
            ours = await tx.arrivals.user_of(person.id)
            if ours is not None:  # its first message was never read with it
                await tx.closings.add(ours, now)
            act = Act("service", "account.link", person.id, now, territory=person.territory)
            await tx.acts.append(act)
        await announced(arriving.ring)
        if self.introductions is not None:
            await _taken_back(self.introductions, key)

    async def claim(self, token: str) -> Claim | None:
        """What waits for its code."""
        async with self.arriving.store.transaction() as tx:
            claim = await tx.claims.of(digest(token))
        return claim if claim is not None and claim.is_open(self.arriving.clock()) else None

    async def is_possible(self, token: str) -> bool:
        """While nobody is signed in with an account of ours, and none of theirs is known."""
        arriving = self.arriving
        async with arriving.store.transaction() as tx:
            person = (await arriving.known(tx, token))[1]
            ours = await tx.arrivals.user_of(person.id)
        if self.introductions is None or not _may_be_linked(person, arriving.world):
            return False
        if person.mxid is None:
            return True
        if person.mxid != ours or arriving.accounts is None:
            return False
        return not await arriving.accounts.has_devices(person.mxid)

    async def _ready(self, token: str) -> Introductions:
        if self.introductions is None or not await self.is_possible(token):
            raise InvalidTransition(ALREADY_IN)
        return self.introductions

    async def _exists(self, user: UserId) -> bool:
        accounts = self.arriving.accounts
        return accounts is None or not await accounts.is_free(user)


def _may_be_linked(person: Member, world: World) -> bool:
    """Who chose Element; in a test phase, who is on its list."""
    territory = world.territory_of(person)
    return (
        Channel.MATRIX in person.channels
        and territory is not None
        and is_reached(person, territory)
    )


def _account(typed: str, server_name: str) -> UserId:
    """As people write it: with its server or without. Raises NotThat."""
    name = typed.strip().lower().removeprefix("@")
    if not name:
        raise NotThat("mxid", NO_ACCOUNT)
    user = UserId(f"@{name}" if ":" in name else f"@{name}:{server_name}")
    mistake = account_mistake(user, server_name)
    if mistake is not None:
        raise NotThat("mxid", MISTAKES[mistake[0]])
    return user


async def _taken_back(introductions: Introductions, key: bytes) -> None:
    """If it fails, whoever tidies up does it again."""
    try:
        await introductions.withdraw(key.hex())
    except MaillageError as failure:
        _LOG.info("an introduction is taken back later: %s", failure.code)
