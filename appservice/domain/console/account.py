"""Accounts of the console, the invitations that open them, and the sessions that they open."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType

from appservice.domain.charter import NotInForce
from appservice.domain.console.rights import HOLDERS, Position, Right
from appservice.domain.ids import MemberId

AccountId = NewType("AccountId", str)
"""Opaque, made at the first invitation."""

INVITATION_LASTS = timedelta(hours=48)
SESSION_LASTS = timedelta(hours=12)
"""However busy; a turn of duty."""
SESSION_RESTS = timedelta(minutes=30)
"""Without a click."""
CONFIRMED_FOR = timedelta(minutes=5)
"""After which a dangerous act asks for the code again."""

_SHORTEST, _LONGEST = 12, 200


@dataclass(frozen=True, slots=True)
class Credential:
    """What a person proves themselves with: something known, something held."""

    password: str  # salted hash, as `ports.Passwords` makes it
    secret: str  # of the code generator, in base32
    last_step: int = 0  # of the last code that was accepted: no code works twice


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in. A member's position and land are those of the register."""

    id: AccountId
    login: str  # lower case
    name: str
    position: Position
    territory: str = ""  # empty: every territory
    member: MemberId | None = None
    credential: Credential | None = None  # none until the invitation is taken up

    @property
    def actor(self) -> str:
        """How the audit chain names them."""
        return self.member or f"account:{self.id}"


@dataclass(frozen=True, slots=True)
class Invitation:
    """Makes or renews a credential, once, until it ends. Only a digest of its link is kept."""

    digest: bytes
    account: AccountId
    secret: str  # of the code generator that the page shows
    until: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """A session. Only a digest of its cookie is kept."""

    digest: bytes
    account: AccountId
    since: datetime
    seen: datetime
    confirmed: datetime  # when a code was last given

    def is_over(self, now: datetime) -> bool:
        """Too old, or left alone for too long."""
        return now >= self.since + SESSION_LASTS or now >= self.seen + SESSION_RESTS


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever is behind a click: their account as the register has it now."""

    account: Account
    session: Opened
    hindrance: NotInForce | None = None  # a member whose charter is not in force

    def may(self, right: Right) -> bool:
        """A member has no right at all without a charter in force, but reading the rules."""
        if self.account.position not in HOLDERS[right]:
            return False
        return self.hindrance is None or right is Right.READ_RULES

    def has_confirmed(self, now: datetime) -> bool:
        """Whether a dangerous act may go on without asking for the code again."""
        return now < self.session.confirmed + CONFIRMED_FOR

    def covers(self, territory: str) -> bool:
        """Whether that land is theirs."""
        return self.account.territory in ("", territory)


def password_mistake(password: str, login: str, name: str) -> str | None:
    """What is wrong with a new password, in French. Length is what protects; no riddles."""
    if len(password) < _SHORTEST:
        return f"Le mot de passe a au moins {_SHORTEST} caractères : une phrase convient bien."
    if len(password) > _LONGEST:
        return f"Le mot de passe a au plus {_LONGEST} caractères."
    plain = password.casefold()
    words = (login.partition("@")[0], login, name.casefold())
    if len(set(plain)) < 5 or any(len(word) > 3 and word in plain for word in words):
        return "Ce mot de passe se devine : évitez votre nom et les répétitions."
    return None
