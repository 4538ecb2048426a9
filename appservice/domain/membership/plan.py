"""Compares what must be with what is: ordered steps from one to the other, linear in size."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from appservice.domain.charter import NotInForce
from appservice.domain.ids import RoomId, UserId
from appservice.domain.membership.desired import Desired, Right
from appservice.domain.membership.groups import SignalGroup, plan_groups
from appservice.domain.membership.people_steps import Invite, PinWelcome, Remove, RenewProof
from appservice.domain.membership.phases import Phase
from appservice.domain.membership.powers import same_powers
from appservice.domain.membership.room_steps import (
    CreateRoom,
    ForgetParent,
    LinkChild,
    SetEncryption,
    SetGuestAccess,
    SetHistory,
    SetJoinRules,
    SetName,
    SetPowerLevels,
    SetTopic,
    Unlink,
)
from appservice.domain.membership.steps import Step
from appservice.domain.room import ActualRoom, DesiredRoom, KnownRoom, RoomKey, Seat

_IN = frozenset({"join", "invite", "knock"})
_SHUTTING = frozenset({Phase.SETTINGS, Phase.REMOVALS, Phase.GROUP_REMOVALS})
_NOWHERE: frozenset[RoomId] = frozenset()


def plan(
    desired: Desired,
    known: Sequence[KnownRoom],
    actual: Mapping[RoomId, ActualRoom],
    groups: Sequence[SignalGroup] | None,
    ours: frozenset[str] = frozenset(),
) -> tuple[Step, ...]:
    """What to do, in the order in which to do it; empty when nothing differs.

    `ours` are the service's own accounts, who sit everywhere. `groups` is None when Signal can't
    say which groups exist: then nothing is decided about them.
    """
    found = _Planner(desired, known, actual, ours).steps()
    of_groups = () if groups is None else plan_groups(desired, known, groups, ours)
    return in_order(step for step in chain(found, of_groups) if _may_be_done(step, desired))


def _may_be_done(step: Step, desired: Desired) -> bool:
    """Where the legal checklist is incomplete, people are still taken out and rooms kept shut."""
    return step.phase in _SHUTTING or step.key.territory not in desired.closed


def in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Phase after phase; within a phase, as they come."""
    phases: dict[Phase, list[Step]] = {phase: [] for phase in Phase}
    for step in steps:
        phases[step.phase].append(step)
    return tuple(chain.from_iterable(phases.values()))


class _Planner:
    def __init__(
        self,
        desired: Desired,
        known: Sequence[KnownRoom],
        actual: Mapping[RoomId, ActualRoom],
        ours: frozenset[str],
    ) -> None:
        self._desired = desired
        self._known = known
        self._actual = actual
        self._ours = ours
        self._ids = {room.key: room.room_id for room in known if room.room_id in actual}
        self._children = self._children_by_space()

    def steps(self) -> Iterator[Step]:
        """Steps room by room; the caller puts them in order."""
        for key, room in self._desired.rooms.items():
            room_id = self._ids.get(key)
            if room_id is None:
                yield from self._birth(room)
            else:
                yield from self._repairs(room, self._actual[room_id])
        for entry in self._known:
            if entry.key not in self._desired.rooms:
                yield from self._closing(entry)

    def _children_by_space(self) -> Mapping[RoomKey, set[RoomId]]:
        children: dict[RoomKey, set[RoomId]] = {}
        for key, room in self._desired.rooms.items():
            room_id = self._ids.get(key)
            if room.parent is not None and room_id is not None:
                children.setdefault(room.parent, set()).add(room_id)
        return children

    def _birth(self, room: DesiredRoom) -> Iterator[Step]:
        yield CreateRoom(room)
        if room.parent is not None:
            yield LinkChild(room.key, room.name, room.parent)
        for user in room.people:
            right = self._desired.rights.get(user)
            if isinstance(right, Right):
                yield Invite(room.key, room.name, user, right.until, right.version)
        if room.welcome:
            yield PinWelcome(room.key, room.name, room.welcome)

    def _repairs(self, room: DesiredRoom, actual: ActualRoom) -> Iterator[Step]:
        yield from _settings(room, actual)
        yield from self._links(room, actual)
        for user, seat in actual.seats.items():
            if seat.membership in _IN and user not in room.people and user not in self._ours:
                yield Remove(room.key, room.name, user, self._reason(user))
        for user in room.people:
            right = self._desired.rights.get(user)
            if isinstance(right, Right):
                yield from _welcomed(room, user, right, actual.seats.get(user))
        if self._needs_welcome(room, actual):
            yield PinWelcome(room.key, room.name, room.welcome)

    def _links(self, room: DesiredRoom, actual: ActualRoom) -> Iterator[Step]:
        parent_id = self._ids.get(room.parent) if room.parent else None
        if room.parent is not None:
            hung = parent_id is not None and (
                actual.room_id in self._actual[parent_id].children and parent_id in actual.parents
            )
            if not hung:
                yield LinkChild(room.key, room.name, room.parent)
        if actual.parents:
            for stray in sorted(actual.parents - {parent_id}):
                yield ForgetParent(room.key, room.name, stray)
        if actual.children:
            for stray in sorted(actual.children - self._children.get(room.key, _NOWHERE)):
                yield Unlink(room.key, room.name, stray)

    def _needs_welcome(self, room: DesiredRoom, actual: ActualRoom) -> bool:
        if not room.welcome:
            return False
        if not actual.pinned:
            return True
        return any(
            seat.membership == "join" and seat.since > actual.pinned_at
            for user, seat in actual.seats.items()
            if user in room.people
        )

    def _closing(self, closed: KnownRoom) -> Iterator[Step]:
        """A room that nothing asks for any more is emptied, and kept: it may come back."""
        actual = self._actual.get(closed.room_id)
        if actual is None or closed.key.territory not in self._desired.territories:
            return
        for user, seat in actual.seats.items():
            if seat.membership in _IN and user not in self._ours:
                yield Remove(closed.key, actual.name, user, self._reason(user))
        for parent in sorted(actual.parents):
            yield ForgetParent(closed.key, actual.name, parent)

    def _reason(self, user: UserId) -> str:
        match self._desired.rights.get(user):
            case NotInForce(reason=reason):
                return reason
            case None:
                return "stranger"
            case Right():
                return "elsewhere"


def _settings(room: DesiredRoom, actual: ActualRoom) -> Iterator[Step]:
    key, label = room.key, room.name
    if actual.name != room.name:
        yield SetName(key, label, actual.name)
    if actual.topic != room.topic:
        yield SetTopic(key, label, room.topic)
    if not same_powers(actual.power_levels, room.power_levels):
        yield SetPowerLevels(key, label, room.power_levels)
    if actual.join_rule != "invite":
        yield SetJoinRules(key, label)
    if actual.history_visibility != "joined":
        yield SetHistory(key, label)
    if actual.guest_access != "forbidden":
        yield SetGuestAccess(key, label)
    if room.encrypted and not actual.encrypted:
        yield SetEncryption(key, label)


def _welcomed(room: DesiredRoom, user: UserId, right: Right, seat: Seat | None) -> Iterator[Step]:
    """What a person who belongs there needs in order to be there, with a proof in force."""
    if seat is not None and seat.membership in {"join", "invite"}:
        if seat.until < right.until:
            yield RenewProof(room.key, room.name, user, right.until, right.version)
        return
    if seat is not None and _stays_out(seat, right):
        return
    if seat is not None:
        # A proof written in their former days would count against the new one.
        yield RenewProof(room.key, room.name, user, right.until, right.version)
    yield Invite(room.key, room.name, user, right.until, right.version)


def _stays_out(seat: Seat, right: Right) -> bool:
    """Who was banned, or left by themself, is not asked again until they sign again."""
    if seat.membership == "ban":
        return True
    return seat.membership == "leave" and seat.by_self and right.since <= seat.since
