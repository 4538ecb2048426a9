"""The audit chain as people read it: who, by their function, did what, when."""

from dataclasses import dataclass

from appservice.domain.audit import Act


@dataclass(frozen=True, slots=True)
class Line:
    """One act. `function` is what its actor is now, empty when nobody knows any more."""

    number: int
    act: Act
    function: str


@dataclass(frozen=True, slots=True)
class Extract:
    """A page of the log, latest first; `before` asks for the next one, if there is one."""

    lines: tuple[Line, ...]
    before: int | None = None
