"""What every step of a plan has: its place in the order, and the room that it is about."""

from dataclasses import dataclass
from enum import IntEnum

from appservice.domain.room import RoomKey


class Phase(IntEnum):
    """The order of a plan: a step may rely on all the phases before its own."""

    SPACES = 0
    ROOMS = 1
    SETTINGS = 2
    LINKS = 3
    REMOVALS = 4
    PROOFS = 5
    INVITATIONS = 6
    WELCOMES = 7
    GROUPS = 8
    GROUP_REMOVALS = 9
    GROUP_ADDITIONS = 10


@dataclass(frozen=True, slots=True)
class InRoom:
    """A step in one room; `label` is the name that the room must have."""

    key: RoomKey
    label: str
