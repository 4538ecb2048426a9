"""Organisations that vouch for their own people (OpenID Connect), each for one territory."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from appservice.domain.console.rights import Position


@dataclass(frozen=True, slots=True)
class Organisation:
    """Where its people prove who they are, and what we believe of what it says.

    It lets nobody in: it only says who somebody is, and an account must be waiting for them.
    """

    id: str  # a word of an address of the console
    name: str
    territory: str
    issuer: str
    client_id: str
    roles: Mapping[str, Position]  # by the values of `role_claim`; what is not here is nothing
    secret: str = field(default="", repr=False)  # empty: a public client
    login_claim: str = "email"
    role_claim: str = "roles"

    def positions(self, values: Collection[str]) -> frozenset[Position]:
        """Those that these values give."""
        return frozenset(self.roles[value] for value in values if value in self.roles)


@dataclass(frozen=True, slots=True)
class Vouched:
    """What an organisation signed of somebody: believed once the signature was checked."""

    subject: str  # theirs for ever at that issuer
    login: str
    roles: frozenset[str] = frozenset()
    proved: datetime | None = None  # when they last gave a password or the like
