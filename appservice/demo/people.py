"""The people of the story. Names are invented; numbers are of the range kept for fiction."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

BRETAGNE, MANTES = "ille-et-vilaine", "yvelines-mantes"
LIFFRE, REDON, MANTES_LA_JOLIE = "35152", "35236", "78361"


@dataclass(frozen=True, slots=True)
class Person:
    """One of them. `key` is the localpart of the Matrix account, if they use Element."""

    key: str
    role: str
    name: str
    territory: str
    channels: tuple[str, ...]
    shop: str = ""
    trades: tuple[str, ...] = ()
    commune: str = ""
    zone: str = ""
    number: str = ""
    signs: bool = True

    @property
    def on_element(self) -> bool:
        return "matrix" in self.channels

    @property
    def title(self) -> str:
        """How the phones page calls the phone's owner."""
        return f"{self.name}, {self.shop}" if self.shop else self.name


PEOPLE = (
    Person(
        "kerboul", "chef_de_quart", "Adjudante Kerboul", BRETAGNE, ("matrix",),
        zone="departement:35",
    ),
    Person(
        "lebihan", "gendarme", "Gendarme Le Bihan", BRETAGNE, ("matrix",), zone="departement:35"
    ),
    Person(
        "legall", "mairie", "Soizic Le Gall", BRETAGNE, ("sms",), zone=f"commune:{LIFFRE}",
        number="+33639980006",
    ),
    Person(
        "tanguy", "merchant", "Claire Tanguy", BRETAGNE, ("matrix",),
        shop="Tabac de la Halle", trades=("buralistes",), commune=LIFFRE,
    ),
    Person(
        "brient", "merchant", "Nadia Brient", BRETAGNE, ("matrix", "sms"),
        shop="Tabac-bijoux Le Narval", trades=("buralistes", "bijoutiers"), commune=LIFFRE,
        number="+33639980003",
    ),
    Person(
        "legoff", "merchant", "Marc Le Goff", BRETAGNE, ("signal",),
        shop="Tabac du Port", trades=("buralistes",), commune=REDON, number="+33639980004",
    ),
    Person(
        "riou", "merchant", "Yves Riou", BRETAGNE, ("sms",),
        shop="Bar-tabac Le Celtic", trades=("buralistes",), commune=REDON, number="+33639980005",
    ),
    Person(
        "salvi", "municipal_police", "Brigadier Salvi", MANTES, ("matrix",),
        zone=f"commune:{MANTES_LA_JOLIE}",
    ),
    Person(
        "colin", "municipal_police", "Brigadière Colin", MANTES, ("signal",),
        zone=f"commune:{MANTES_LA_JOLIE}", number="+33639980011",
    ),
    Person(
        "perrin", "chef_de_quart", "Major Perrin", MANTES, ("matrix",),
        zone=f"commune:{MANTES_LA_JOLIE}",
    ),
    Person(
        "aurore", "merchant", "Lucie Garnier", MANTES, ("matrix",),
        shop="Bijouterie Aurore", trades=("bijoutiers",), commune=MANTES_LA_JOLIE,
    ),
    Person(
        "fabre", "merchant", "Paul Fabre", MANTES, ("signal",),
        shop="Horlogerie Fabre", trades=("bijoutiers",), commune=MANTES_LA_JOLIE,
        number="+33639980012",
    ),
    Person(
        "levain", "merchant", "Inès Morel", MANTES, ("sms",),
        shop="Au Bon Levain", trades=("boulangers",), commune=MANTES_LA_JOLIE,
        number="+33639980013",
    ),
    Person(
        "gare", "merchant", "Hugo Petit", MANTES, ("matrix",),
        shop="Tabac de la Gare", trades=("buralistes",), commune=MANTES_LA_JOLIE, signs=False,
    ),
)  # fmt: skip


def seed(
    people: Iterable[Person], server_name: str, aci: Callable[[str, str], str]
) -> dict[str, object]:
    """The seed file that enrols them; `aci` gives the Signal account of a number and a name."""
    return {"members": [_entry(person, server_name, aci) for person in people]}


def _entry(person: Person, server_name: str, aci: Callable[[str, str], str]) -> dict[str, object]:
    entry: dict[str, object] = {
        "name": person.name,
        "role": person.role,
        "territory": person.territory,
        "channels": list(person.channels),
    }
    if person.shop:
        entry |= {"shop": person.shop, "trades": list(person.trades), "commune": person.commune}
    if person.zone:
        entry["zones"] = [person.zone]
    if person.on_element:
        entry["mxid"] = f"@{person.key}:{server_name}"
    if "sms" in person.channels:
        entry["phone"] = person.number
    if "signal" in person.channels:
        entry["signal"] = aci(person.number, person.name)
    return entry
