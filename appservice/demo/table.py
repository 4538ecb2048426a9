"""The live table of the demonstration: what happened, on which part, and how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

RUNNING, DONE, FAILED = "…", "✓", "✗"
STYLES = {RUNNING: "cyan", DONE: "green", FAILED: "bold red"}


@dataclass(slots=True)
class Step:
    """One row. `seconds` grows until the step ends; `seen` is what was observed."""

    what: str
    part: str
    started: float
    mark: str = RUNNING
    ended: float | None = None
    seen: str = ""

    @property
    def seconds(self) -> float:
        return (self.ended or time.monotonic()) - self.started


class StepTable:
    """Shows steps as they run on a terminal, one line per finished step elsewhere."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.steps: list[Step] = []
        self._live = Live(
            console=console,
            get_renderable=self._render,
            refresh_per_second=8,
            vertical_overflow="visible",
        )

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.console.is_terminal:
            self._live.stop()

    @contextmanager
    def step(self, what: str, part: str) -> Iterator[Step]:
        """One step of the story; an exception marks it as failed and goes on its way."""
        row = Step(what, part, time.monotonic())
        self.steps.append(row)
        try:
            yield row
        except BaseException:
            self._end(row, FAILED)
            raise
        self._end(row, DONE)

    def _end(self, row: Step, mark: str) -> None:
        row.mark, row.ended = mark, time.monotonic()
        if not self.console.is_terminal:
            seen = f" — {row.seen}" if row.seen else ""
            line = f"{mark} {row.seconds:7.2f} s  {row.part:<12} {row.what}{seen}"
            self.console.print(line, highlight=False, soft_wrap=True, markup=False)

    def _render(self) -> Table:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title, justify in (("", "left"), ("Étape", "left"), ("Où", "left")):
            table.add_column(title, justify=justify)  # type: ignore[arg-type]  # literals
        table.add_column("Durée", justify="right", no_wrap=True)
        table.add_column("Observé", style="dim")
        for row in self.steps:
            table.add_row(
                Text(row.mark, STYLES[row.mark]),
                Text(row.what),
                Text(row.part, "magenta"),
                f"{row.seconds:.2f} s",
                Text(row.seen),
            )
        return table
