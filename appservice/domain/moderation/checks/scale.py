"""Scale of emergencies: points for gravity, points for « it lasts », and what both must reach."""

from collections.abc import Iterable
from dataclasses import dataclass

from appservice.domain.moderation.policy import Rule
from appservice.domain.moderation.reading import Reading, Slice


@dataclass(frozen=True, slots=True)
class Mark:
    """A lexicon found in the message: its points, counted once, and where it is."""

    lexicon: str
    points: int
    places: tuple[Slice, ...]


@dataclass(frozen=True, slots=True)
class Weight:
    """What a message weighs: how grave it is, and how surely it is happening now."""

    gravity: tuple[Mark, ...]
    present: tuple[Mark, ...]
    needed: tuple[int, int, int]
    calm: int

    @property
    def grave(self) -> int:
        """Points of gravity."""
        return sum(mark.points for mark in self.gravity)

    @property
    def now(self) -> int:
        """Points of presence; what is past, feigned or feared takes some away."""
        return sum(mark.points for mark in self.present)

    @property
    def over(self) -> bool:
        """Whether it says so surely that nothing happens now that no word of danger counts."""
        return self.now <= self.calm

    @property
    def enough(self) -> bool:
        """Whether gravity, presence and their sum reach what is needed."""
        grave, now, both = self.needed
        return self.grave >= grave and self.now >= now and self.grave + self.now >= both

    @property
    def parts(self) -> list[Slice]:
        """Where something spoke for the emergency."""
        marks = (*self.gravity, *self.present)
        return [place for mark in marks if mark.points > 0 for place in mark.places]


def weigh(reading: Reading, rule: Rule) -> Weight | None:
    """The message on the scale of the rule; None when the rule has none."""
    options = rule.options
    if "gravity" not in options:
        return None
    # A witness writes of what he sees in the present tense; agents write reports in it.
    side = "" if reading.submission.author_role in options["witness_roles"] else "_agents"
    grave, now, both = map(int, options[f"needed{side}"])
    return Weight(
        tuple(_marks(reading, options["gravity"])),
        tuple(_marks(reading, options[f"present{side}"])),
        (grave, now, both),
        int(options["calm"][0]),
    )


def _marks(reading: Reading, scale: Iterable[str]) -> Iterable[Mark]:
    for entry in scale:
        name, _, points = entry.partition("=")
        if places := reading.free([name], [f"sauf_{name}"]):
            yield Mark(name, int(points), tuple(places))
