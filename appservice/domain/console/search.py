"""How the register is searched: beginnings of words, filters, an order."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from appservice.domain.charter import Charter, InForce, NotInForce
from appservice.domain.ids import Insee, MemberId, TradeId
from appservice.domain.member import Channel, Member
from appservice.domain.territory import slug

SOON = timedelta(days=30)
"""A charter that ends within this has to be signed again."""

_SHORTEST, _LONGEST = 2, 8


class CharterState(StrEnum):
    """What the register shows of a charter; each person is in one of them."""

    IN_FORCE = "in-force"
    EXPIRING = "expiring"  # in force, and soon no longer
    NEVER_SIGNED = "never-signed"
    OUTDATED = "outdated"
    EXPIRED = "expired"
    REVOKED = "revoked"

    @property
    def french(self) -> str:
        """As a filter and a mark of the list."""
        return _STATES[self]

    @property
    def is_good(self) -> bool:
        """Whether the person may take part."""
        return self in (CharterState.IN_FORCE, CharterState.EXPIRING)


class Order(StrEnum):
    """How a list is sorted. Names are sealed: only a short list can be sorted by them."""

    NAME = "nom"
    PLACE = "commune"
    ENDING = "echeance"
    RECENT = "recent"

    @property
    def french(self) -> str:
        """As the form says it."""
        return _ORDERS[self]


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for in one territory; whatever is not given is not asked."""

    territory: str
    beginnings: frozenset[str] = frozenset()  # as `asked` gives them; all of them
    phone: str | None = None  # E.164, instead of words
    trade: TradeId | None = None
    commune: Insee | None = None
    channel: Channel | None = None
    state: CharterState | None = None  # IN_FORCE holds EXPIRING too
    trained: bool | None = None  # merchants alone, who were trained or not
    order: Order = Order.NAME

    @property
    def codes(self) -> tuple[str, ...]:
        """For the audit chain: which filters, never a name nor a number."""
        named = (
            "words" if self.beginnings or self.phone else "",
            f"trade:{self.trade}" if self.trade else "",
            f"commune:{self.commune}" if self.commune else "",
            f"channel:{self.channel}" if self.channel else "",
            f"charter:{self.state}" if self.state else "",
            f"trained:{self.trained}".lower() if self.trained is not None else "",
        )
        return tuple(code for code in named if code)


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a search."""

    people: Sequence[MemberId]
    count: int  # on all pages
    total: int  # in the register of that territory
    page: int  # from 1


def due_of(member: Member, due: Mapping[str, Charter]) -> Charter | None:
    """The charter that this member must have signed, of those by kind and by public."""
    public = due.get(by_public(member.home_trade)) if member.home_trade is not None else None
    return public or due.get(member.role.kind)


def by_public(trade: TradeId) -> str:
    """The name of a public's charter among those that are due."""
    return f"public:{trade}"


def state_of(standing: InForce | NotInForce, now: datetime) -> CharterState:
    """What the list shows of that standing."""
    if isinstance(standing, NotInForce):
        return CharterState(standing.reason)
    soon = standing.until <= now + SOON
    return CharterState.EXPIRING if soon else CharterState.IN_FORCE


def asked(text: str) -> frozenset[str]:
    """The beginnings that a search asks for; empty when nothing in the text can be one."""
    words = slug(text).split("-")
    return frozenset(word[:_LONGEST] for word in words if len(word) >= _SHORTEST)


def beginnings(*texts: str) -> Iterator[str]:
    """What of these texts can be asked for: each word from its second letter to its eighth."""
    for text in texts:
        for word in slug(text).split("-"):
            for length in range(_SHORTEST, min(len(word), _LONGEST) + 1):
                yield word[:length]


_STATES: Mapping[CharterState, str] = {
    CharterState.IN_FORCE: "En vigueur",
    CharterState.EXPIRING: "Bientôt échue",
    CharterState.NEVER_SIGNED: "Jamais signée",
    CharterState.OUTDATED: "À signer de nouveau",
    CharterState.EXPIRED: "Échue",
    CharterState.REVOKED: "Retirée",
}
_ORDERS: Mapping[Order, str] = {
    Order.NAME: "Enseigne, puis nom",
    Order.PLACE: "Commune",
    Order.ENDING: "Échéance de la charte",
    Order.RECENT: "Derniers inscrits ou modifiés",
}
