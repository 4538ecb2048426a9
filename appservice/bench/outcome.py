"""What a bench found: ours, the floor, their ratio; as JSON and as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.table import Table

from appservice.bench.machine import Machine


@dataclass(frozen=True, slots=True)
class Row:
    """One size: medians of `n` measures of each side, and figures that belong to them."""

    size: str
    ours: float
    floor: float
    n: int
    unit: str = ""  # when it is not the bench's
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        return self.ours / self.floor

    def as_json(self, unit: str) -> dict[str, object]:
        return {
            "size": self.size,
            "ours": self.ours,
            "floor": self.floor,
            "ratio": self.ratio,
            "n": self.n,
            "unit": self.unit or unit,
            "parts": dict(self.parts),
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """Its last row speaks for the bench. `goals` says which figures were asked for, and if met."""

    name: str
    unit: str
    floor_is: str
    rows: Sequence[Row]
    goals: Mapping[str, bool]

    @property
    def main(self) -> Row:
        return self.rows[-1]

    def as_json(self, machine: Machine) -> dict[str, object]:
        """The object that `--json` prints."""
        return {
            "name": self.name,
            **{k: v for k, v in self.main.as_json(self.unit).items() if k != "parts"},
            "machine": machine.as_json(),
            "floor_is": self.floor_is,
            "goal": dict(self.goals),
            "rows": [row.as_json(self.unit) for row in self.rows],
        }

    def as_table(self) -> Table:
        """For a person."""
        named = {name for row in self.rows for name in row.parts}
        table = Table(title=f"{self.name} (plancher : {self.floor_is})", title_justify="left")
        table.add_column("mesure")
        for heading in ("nous", "plancher", "rapport", "n"):
            table.add_column(heading, justify="right")
        table.add_column("unité")
        if named:
            table.add_column("détail")
        for row in self.rows:
            detail = ", ".join(f"{name} {_short(value)}" for name, value in row.parts.items())
            cells = [row.size, _short(row.ours), _short(row.floor), f"{row.ratio:.2f}"]
            cells += [str(row.n), row.unit or self.unit]
            table.add_row(*cells, *([detail] if named else []))
        said = [f"{'✓' if met else '✗'} {goal}" for goal, met in self.goals.items()]
        table.caption = "\n".join(said)
        table.caption_justify = "left"
        return table


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
