"""People who come later: an account, a line in a seed file, a signature."""

import itertools
from dataclasses import dataclass

from ruamel.yaml import YAML

from appservice.demo.people import MANTES, MANTES_LA_JOLIE, Person, seed
from appservice.demo.prompt import Answer
from support.fault_stage import Town

_numbers = itertools.count(1)


@dataclass(slots=True)
class Newcomer:
    """Somebody whom the town does not know yet. Each command is a process of its own."""

    town: Town
    person: Person

    @classmethod
    async def at(cls, town: Town, *channels: str) -> "Newcomer":
        """A jeweller of Mantes-la-Jolie, with an account on each channel."""
        number = next(_numbers)
        person = Person(
            f"venu{number}",
            "merchant",
            f"Venu {'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[number % 26]}{number}",
            MANTES,
            channels,
            shop=f"Joaillerie {number}",
            trades=("bijoutiers",),
            commune=MANTES_LA_JOLIE,
            number=f"+336399801{number:02d}",
        )
        town.cast.people = {**town.cast.people, person.key: person}
        if "matrix" in channels:
            await town.cast.account(person.key)
        return cls(town, person)

    async def enrol(self) -> Answer:
        """`maillage enrol`, which may die on the way."""
        path = self.town.stage.state / f"{self.person.key}.yaml"
        cast = self.town.cast
        content = seed([self.person], self.town.stage.server_name, cast._named_aci)
        with path.open("w", encoding="utf-8") as file:
            YAML(typ="safe", pure=True).dump(content, file)
        return await self.town.stage.maillage("enrol", str(path))

    async def sign(self) -> Answer:
        """`maillage sign`, of the text that is shown."""
        stage, address = self.town.stage, self.town.cast.address(self.person.key)
        order = stage.die
        stage.order()
        shown = await stage.maillage("charter", address)
        stage.order(order)
        return await stage.maillage("sign", "--hash", shown.err.split()[2], address)

    async def lines(self) -> list[str]:
        """What the register says of them."""
        answer = await self.town.cast.maillage("members")
        return [line for line in answer.out.splitlines() if self.person.shop in line]
