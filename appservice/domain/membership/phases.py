"""What every step of a plan has: its place in the order, and the room that it is about."""

from dataclasses import dataclass
from enum import IntEnum

from appservice.domain.room import RoomKey


class Phase(IntEnum):
    """The order of a plan: a step may rely on all the phases before its own."""

    ROOTS = 0  # spaces of territories
    SPACES = 1
    ROOMS = 2
    SETTINGS = 3
    LINKS = 4
    REMOVALS = 5
    PROOFS = 6
    INVITATIONS = 7
    WELCOMES = 8
    GROUPS = 9
    GROUP_REMOVALS = 10
    GROUP_ADDITIONS = 11


@dataclass(frozen=True, slots=True)
class InRoom:
    """A step in one room; `label` is the name that the room must have."""

    key: RoomKey
    label: str
