"""What every way into the console shares: refusals, digests, counted tries, a new session."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from appservice.domain.console import Account, Opened
from appservice.domain.errors import Refused
from appservice.flows.ports import Clock, NewId, Store, Transaction

WINDOW = timedelta(minutes=15)


class NotRecognised(Refused):
    """Identifiant, mot de passe ou code incorrect. Un même code ne sert qu'une fois."""

    code = "identification"


class LockedOut(Refused):
    """Trop d'essais : attendez un quart d'heure, ou demandez une nouvelle invitation."""

    code = "trop-d-essais"


class LinkIsOver(Refused):
    """Ce lien a déjà servi, a expiré ou a été remplacé : demandez-en un nouveau."""

    code = "lien-perime"


class NotThat(Refused):
    """Something in a form must be mended; `field` says where."""

    code = "saisie"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def digest(token: str) -> bytes:
    """What is kept of a secret that was drawn at random: it can't be guessed back."""
    return hashlib.sha256(token.encode()).digest()


def new_token(new_id: NewId) -> str:
    """256 bits, fit for an address or a cookie."""
    return new_id() + new_id()


@dataclass(frozen=True, slots=True)
class Tries:
    """Counts before anything is tried, each time in a transaction of its own.

    A refusal that follows takes nothing back, and a hundred tries at once are a hundred.
    """

    store: Store
    clock: Clock

    async def one_more(self, name: str, most: int) -> None:
        """Raises LockedOut beyond `most` tries in a quarter of an hour."""
        async with self.store.transaction() as tx:
            tries = await tx.console.attempts.count(name, self.clock(), WINDOW)
        if tries > most:
            raise LockedOut


async def open_session(
    tx: Transaction,
    account: Account,
    clock: Clock,
    new_id: NewId,
    proved: datetime | None = None,
) -> str:
    """The token that the cookie holds. `proved` is when they proved who they are: just now,
    unless said otherwise."""
    token, now = new_token(new_id), clock()
    proved = now if proved is None else min(proved, now)
    await tx.console.sessions.open(Opened(digest(token), account.id, now, now, proved))
    return token
