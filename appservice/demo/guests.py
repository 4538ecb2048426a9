"""Who opens the console in the demonstration, each by a link that works once."""

from dataclasses import dataclass

from appservice.demo.people import PEOPLE, Person


@dataclass(frozen=True, slots=True)
class Guest:
    """An account of the console. `person` is the key of somebody of the register, if they are."""

    login: str
    role: str
    name: str
    person: str = ""
    link: str = ""


def _of_the_register(login: str, key: str) -> Guest:
    person: Person = next(person for person in PEOPLE if person.key == key)
    return Guest(login, person.role, person.name, key)


GUESTS = (
    _of_the_register("mairie", "legall"),
    _of_the_register("kerboul", "kerboul"),
    Guest("audit", "auditor", "Cabinet Morvan"),
)
"""The mairie first: it is as her that a newcomer looks around."""
