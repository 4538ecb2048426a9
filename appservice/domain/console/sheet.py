"""A sheet of merchants on its way into the register: looked at whole, then enrolled in parts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from appservice.domain.ids import MemberId
from appservice.domain.member import Member

SheetId = NewType("SheetId", str)

PART = 100
"""Lines that are looked at, or enrolled, at a time."""
SHOWN = 200
"""Faults and remarks that are kept to be shown; the others are counted."""
KEPT = timedelta(days=1)
"""How long a sheet waits for somebody to decide on it."""


class Stage(StrEnum):
    """Where a sheet stands."""

    LOOKING = "looking"
    TO_MEND = "to-mend"  # nobody was enrolled
    READY = "ready"
    ENROLLING = "enrolling"
    HALTED = "halted"  # a line became wrong meanwhile: those before it are enrolled
    ENROLLED = "enrolled"

    @property
    def is_moving(self) -> bool:
        """Whether the service has something to do with it."""
        return self in (Stage.LOOKING, Stage.ENROLLING)


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something to mend. `field` is one of a person's, empty for a whole line."""

    line: int
    field: str
    french: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line that holds something; nobody when it could not be read at all."""

    number: int  # in the file, from 1
    person: Member | None
    faults: tuple[Fault, ...] = ()  # found by reading


@dataclass(frozen=True, slots=True)
class Remark:
    """Somebody who may be in the register already, under other words."""

    line: int
    who: str
    like: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What a look brought up: the first ones of each kind, and how many there are."""

    faults: tuple[Fault, ...] = ()
    fault_count: int = 0
    remarks: tuple[Remark, ...] = ()
    remark_count: int = 0

    def plus(self, faults: Sequence[Fault], remarks: Sequence[Remark] = ()) -> "Findings":
        """With those of one more part."""
        return Findings(
            (*self.faults, *faults)[:SHOWN],
            self.fault_count + len(faults),
            (*self.remarks, *remarks)[:SHOWN],
            self.remark_count + len(remarks),
        )


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that was given. Its lines are kept beside it until they are enrolled."""

    id: SheetId
    territory: str
    by: MemberId  # who gave it; then who has it enrolled
    at: datetime
    total: int = 0  # lines
    stage: Stage = Stage.LOOKING
    done: int = 0  # lines that this stage is through with
    known: int = 0  # people who were in the register, word for word
    findings: Findings = Findings()

    @property
    def part(self) -> int:
        """Which part comes next, from 0."""
        return self.done // PART

    @property
    def parts(self) -> int:
        return max(1, -(-self.total // PART))

    @property
    def newcomers(self) -> int:
        """How many people it would add, or added."""
        return self.total - self.known

    def looked(self, lines: int, known: int, findings: Findings) -> "Sheet":
        """After one more part."""
        done = self.done + lines
        stage = self.stage
        if done >= self.total:
            stage = Stage.TO_MEND if findings.fault_count else Stage.READY
        return replace(self, stage=stage, done=done, known=self.known + known, findings=findings)

    def confirmed(self, by: MemberId) -> "Sheet":
        """Somebody has it enrolled."""
        return replace(self, stage=Stage.ENROLLING, by=by, done=0)

    def enrolled(self, lines: int) -> "Sheet":
        """After one more part; names are let go with the last one."""
        done = self.done + lines
        if done < self.total:
            return replace(self, done=done)
        return replace(self, stage=Stage.ENROLLED, done=done, findings=Findings())

    def halted(self, faults: Sequence[Fault]) -> "Sheet":
        """What is in the register stays there."""
        return replace(self, stage=Stage.HALTED, findings=Findings().plus(faults))
