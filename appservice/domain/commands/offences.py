"""The six offences of the scheme, and how people choose one.

The choice is written in front of the text, which is sealed: a column of the database that names
offences would tell of people what RGPD art. 10 keeps to few.
"""

import re
from enum import StrEnum

from appservice.domain.commands.words import plain


class Offence(StrEnum):
    """As the charter of the scheme lists them; the value is what people read."""

    THEFT = "vol"
    FRAUD = "escroquerie"
    BREACH_OF_TRUST = "abus de confiance"
    EXTORTION = "extorsion"
    DAMAGE = "dégradation"
    COUNTERFEIT = "fausse monnaie"


_NAMES = {
    Offence.THEFT: "vol vols",
    Offence.FRAUD: "escroquerie escroqueries arnaque",
    Offence.BREACH_OF_TRUST: "abus-de-confiance",
    Offence.EXTORTION: "extorsion extorsions racket",
    Offence.DAMAGE: "degradation degradations destruction destructions",
    Offence.COUNTERFEIT: "fausse-monnaie faux-billet faux-billets",
}
_BY_NAME = {
    name.replace("-", " "): offence for offence, names in _NAMES.items() for name in names.split()
}
_CHOICE = re.compile(r"(?P<number>[1-6])\s*[:)](?!\d)|(?P<name>[^\W\d_][^:\d]{2,24}):")


def chosen_last(head: str) -> tuple[str, Offence | None]:
    """« buralistes Liffré, fausse monnaie » ends with an offence: what stands before, and it."""
    words = head.split()
    for count in (3, 2, 1):
        found = named(" ".join(words[-count:])) if len(words) >= count else None
        if found is not None:
            return " ".join(words[:-count]).rstrip(" ,;"), found
    return head, None


def numbered(number: str) -> Offence | None:
    """The offence under that number of the menu."""
    found = dict(enumerate(Offence, 1))
    return found.get(int(number)) if number.isdecimal() and len(number) == 1 else None


def named(words: str) -> Offence | None:
    """The offence of that name, in the singular or the plural."""
    return _BY_NAME.get(plain(words).strip(" .!"))


def stated(text: str) -> str:
    """« 6 : deux billets de 20 » and « FAUX BILLETS: … » say it with the word of the menu."""
    match = _CHOICE.match(text.strip())
    if match is None:
        return text
    chosen = numbered(match["number"]) if match["number"] else named(match["name"])
    rest = text.strip()[match.end() :].strip()
    return with_offence(chosen, rest) if chosen is not None and rest else text


def with_offence(offence: Offence, text: str) -> str:
    """The text under the name of the offence."""
    return f"{offence.capitalize()} : {text}"


def menu() -> str:
    """« 1 vol, 2 escroquerie… »."""
    return ", ".join(f"{number} {offence}" for number, offence in enumerate(Offence, 1))
