"""What an address asks of a list: filters read one by one, each mistake at its field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from appservice.domain.console.search import CharterState, Order, Search, asked
from appservice.domain.ids import Insee, TradeId
from appservice.domain.member import Channel
from appservice.domain.telephone.number import NotAMobile, mobile_of
from appservice.domain.territory import Territory
from appservice.web.enrolling.typed import commune_of

_E = TypeVar("_E", bound=StrEnum)

_LONGEST = 80
FIELDS = ("q", "metier", "commune", "canal", "charte", "formation", "ordre")
TRAINED = {"oui": True, "non": False}
NOT_A_CHOICE = "Ce choix n'existe pas : prenez-en un de la liste."
NOT_A_COMMUNE = "Cette commune n'est pas dans votre territoire."
NO_WORD = "Donnez au moins deux lettres d'un nom ou d'une enseigne, ou un numéro de mobile."
NOT_A_PAGE = "Ce numéro de page n'en est pas un."


@dataclass(frozen=True, slots=True)
class Asked:
    """What was understood; `problems` by field, in French. `typed` goes back into the form."""

    search: Search
    page: int
    typed: Mapping[str, str]
    problems: Mapping[str, str] = field(default_factory=dict)


def read_search(query: Mapping[str, str], territory: Territory) -> Asked:
    """Never raises: whatever is wrong is a problem of its field, and is not asked."""
    typed = {name: query.get(name, "").strip() for name in FIELDS}
    problems: dict[str, str] = {}
    beginnings, phone = _words(typed["q"], problems)
    commune = _commune(typed["commune"], territory, problems)
    trade = TradeId(typed["metier"]) if typed["metier"] else None
    if trade is not None and trade not in territory.trades:
        problems["metier"] = NOT_A_CHOICE
    search = Search(
        territory=territory.id,
        beginnings=beginnings,
        phone=phone,
        trade=trade,
        commune=commune,
        channel=_one_of(Channel, "canal", typed, problems),
        state=_one_of(CharterState, "charte", typed, problems),
        trained=_trained(typed, problems),
        order=_one_of(Order, "ordre", typed, problems) or Order.NAME,
    )
    return Asked(search, page_of(query.get("page", ""), problems), typed, problems)


def page_of(text: str, problems: dict[str, str]) -> int:
    """A page's number, from 1; the first one when none is asked."""
    if not text:
        return 1
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 7 and int(text) > 0):
        problems["page"] = NOT_A_PAGE
        return 1
    return int(text)


def _words(text: str, problems: dict[str, str]) -> tuple[frozenset[str], str | None]:
    """A number when it is one, words otherwise."""
    if not text:
        return frozenset(), None
    try:
        return frozenset(), mobile_of(text)
    except NotAMobile:
        words = asked(text)
    if not words or len(text) > _LONGEST or not text.isprintable():
        problems["q"] = NO_WORD
    return words, None


def _commune(text: str, territory: Territory, problems: dict[str, str]) -> Insee | None:
    if not text:
        return None
    commune = commune_of(text, territory)
    if not commune:
        problems["commune"] = NOT_A_COMMUNE
    return commune or None


def _trained(typed: Mapping[str, str], problems: dict[str, str]) -> bool | None:
    if typed["formation"] and typed["formation"] not in TRAINED:
        problems["formation"] = NOT_A_CHOICE
    return TRAINED.get(typed["formation"])


def _one_of(
    kind: type[_E], name: str, typed: Mapping[str, str], problems: dict[str, str]
) -> _E | None:
    if not typed[name]:
        return None
    try:
        return kind(typed[name])
    except ValueError:
        problems[name] = NOT_A_CHOICE
        return None
