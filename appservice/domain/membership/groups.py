"""The Signal groups of rooms: which must exist, as what, and with whom."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from appservice.domain.membership.desired import Desired
from appservice.domain.membership.group_steps import (
    AddToGroup,
    AdoptGroup,
    ApproveInGroup,
    ChangeGroup,
    CreateGroup,
    RefuseInGroup,
    RemoveFromGroup,
)
from appservice.domain.membership.steps import Step
from appservice.domain.room import DesiredRoom, KnownRoom

_MARK = "Réf. "


class SignalGroup(Protocol):
    """A group as Signal has it; people are ACIs."""

    @property
    def id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def members(self) -> frozenset[str]: ...
    @property
    def pending(self) -> frozenset[str]: ...
    @property
    def requesting(self) -> frozenset[str]: ...
    @property
    def announcement(self) -> bool: ...
    @property
    def sealed(self) -> bool: ...


def group_description(room: DesiredRoom) -> str:
    """The topic, and the mark by which we find the group again after a crash."""
    return f"{room.topic}\n{_MARK}{room.alias}"


def plan_groups(
    desired: Desired,
    known: Sequence[KnownRoom],
    groups: Sequence[SignalGroup],
    ours: frozenset[str],
) -> Iterator[Step]:
    """Steps group by group. Groups that are not those of our rooms are left alone."""
    registered = {room.key: room.signal_group for room in known if room.signal_group}
    by_id = {group.id: group for group in groups}
    known_ids = set(registered.values())
    by_mark = {
        group.description.rpartition(_MARK)[2]: group
        for group in groups
        if group.id not in known_ids
    }
    for key, room in desired.rooms.items():
        if not room.signal:
            continue
        own = registered.get(key)
        group = by_id.get(own or "") or by_mark.get(room.alias)
        if group is None:
            yield from _birth(room)
            continue
        if group.id != own:
            yield AdoptGroup(key, room.name, group.id)
        yield from _repairs(room, group, ours)
    for entry in known:
        group = by_id.get(entry.signal_group or "")
        if group is not None:
            yield from _closing(desired, entry, group, ours)


def _birth(room: DesiredRoom) -> Iterator[Step]:
    yield CreateGroup(room.key, room.name, group_description(room), room.signal_announcement)
    if room.signal_people:
        yield AddToGroup(room.key, room.name, None, tuple(sorted(room.signal_people)))


def _repairs(room: DesiredRoom, group: SignalGroup, ours: frozenset[str]) -> Iterator[Step]:
    key, label = room.key, room.name
    description = group_description(room)
    title = room.name if group.title != room.name else None
    changed = description if group.description != description else None
    announcement = room.signal_announcement
    announced = announcement if group.announcement != announcement else None
    if not group.sealed or (title, changed, announced) != (None, None, None):
        yield ChangeGroup(key, label, group.id, title, changed, announced)
    strangers = _present(group) - room.signal_people - ours
    if inside := strangers - group.requesting:
        yield RemoveFromGroup(key, label, group.id, tuple(sorted(inside)))
    if at_the_door := strangers & group.requesting:
        yield RefuseInGroup(key, label, group.id, tuple(sorted(at_the_door)))
    if asking := group.requesting & room.signal_people:
        yield ApproveInGroup(key, label, group.id, tuple(sorted(asking)))
    if missing := room.signal_people - _present(group):
        yield AddToGroup(key, label, group.id, tuple(sorted(missing)))


def _closing(
    desired: Desired, entry: KnownRoom, group: SignalGroup, ours: frozenset[str]
) -> Iterator[Step]:
    room = desired.rooms.get(entry.key)
    if entry.key.territory not in desired.territories or (room is not None and room.signal):
        return
    if people := _present(group) - ours:
        yield RemoveFromGroup(entry.key, group.title, group.id, tuple(sorted(people)))


def _present(group: SignalGroup) -> frozenset[str]:
    return group.members | group.pending | group.requesting
