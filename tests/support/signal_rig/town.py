"""The town of the stories with the real signal-cli in the place of its stand-in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from appservice.demo.people import Person
from appservice.demo.stage import SIGNAL_ACCOUNT
from support.fault_stage import FaultStage
from support.signal_rig.phone import Note, Phone
from support.signal_rig.rig import SERVICE, Rig
from support.town import Town, people_it, townspeople

assert SIGNAL_ACCOUNT == SERVICE
CAST = (
    *("kerboul", "lebihan", "tanguy", "brient", "legoff"),
    *("salvi", "colin", "perrin", "aurore", "fabre"),
)


@dataclass(slots=True)
class RigPhones:
    """What the cast asks of phones: whose they are, and what they show."""

    by_number: Mapping[str, Phone]

    def person(self, number: str, name: str) -> str:
        return self.by_number[number].aci

    def phone(self, aci: str) -> Phone:
        return next(phone for phone in self.by_number.values() if phone.aci == aci)

    def inbox(self, aci: str) -> Sequence[Note]:
        return self.phone(aci).notes


@dataclass(slots=True)
class RigSignal:
    """Takes the place of the stand-in in a stage."""

    check_url: str
    world: RigPhones


@dataclass(slots=True)
class RigStage(FaultStage):
    """The demonstration's servers, with the rig for Signal; the rig outlives them.

    Its service goes by a clock that tests may move.
    """

    rig: Rig | None = None
    phones: dict[str, Phone] = field(default_factory=dict)

    async def start_standins(self) -> None:
        await super(RigStage, self).start_standins()
        assert self.rig is not None
        self.order()
        await self.signal.stop()
        self.ports["signal-cli"] = self.rig.bridge.port
        self.signal = RigSignal(self.rig.bridge.check_url, RigPhones(self.phones))  # type: ignore[assignment] # plays it


async def open_rig_town(stage: RigStage, people: dict[str, Person] | None = None) -> Town:
    """A few people, some with Signal alone, each of whom has written to the service once."""
    if people is None:
        everybody = townspeople()
        people = {key: everybody[key] for key in CAST}
    assert stage.rig is not None
    names = {p.number: p.name for p in people.values() if "signal" in p.channels}
    stage.phones.update(await stage.rig.phones_of(names))
    await stage.rig.introduce(*stage.phones.values())
    town = await people_it(stage, people)
    for group in await stage.rig.ask("listGroups"):
        assert group["pendingMembers"] == [], "somebody could only be invited"
    return town
