"""A bridge and a sink in memory: what flows are tested with."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bridges.protocol import (
    Abilities,
    Accepted,
    Action,
    Group,
    Health,
    Inbound,
    Outcome,
    Outgoing,
    Rejected,
    Sink,
    Throttled,
    Trouble,
)

T = TypeVar("T")

EVERYTHING = Abilities(
    edits=True, deletes=True, reactions=True, groups=True, attachments=True, receipts=True
)


class RecordingSink:
    """Keeps what a bridge hands over; `failing` makes the next so many calls fail."""

    def __init__(self) -> None:
        self.seen: list[Inbound] = []
        self.failing = 0
        self.refused = 0

    async def __call__(self, thing: Inbound) -> None:
        if self.failing:
            self.failing -= 1
            self.refused += 1
            raise ConnectionError("the journal is down")
        self.seen.append(thing)

    def of(self, kind: type[T]) -> list[T]:
        """Only what is of that kind."""
        return [thing for thing in self.seen if isinstance(thing, kind)]


@dataclass(slots=True)
class Line:
    """One message as the phone shows it."""

    provider_id: str
    text: str
    edited: bool = False
    deleted: bool = False
    reactions: list[str] = field(default_factory=list)


class FakeBridge:
    """Delivers at once, into `sent` and `conversation()`.

    `will(outcome)` scripts what the next sends answer, instead of doing them. `down` throttles
    everything; people in `unreachable` are rejected (in a group: named in `Accepted.failed`).
    """

    def __init__(self, name: str = "fake", abilities: Abilities = EVERYTHING) -> None:
        self.name = name
        self.abilities = abilities
        self.sent: list[Outgoing] = []  # everything that was accepted, in order
        self.asked: list[Outgoing] = []  # everything that was tried, in order
        self.unreachable: set[str] = set()
        self.down = False
        self.troubles: tuple[Trouble, ...] = ()
        self.advice = "À faire."
        self.groups: dict[str, Group] = {}
        self.kept: deque[Inbound] = deque()  # refused by the sink, to be handed over again
        self._script: deque[Outcome] = deque()
        self._lines: dict[str, list[Line]] = {}
        self._done: dict[str, Accepted] = {}
        self._sink: Sink | None = None
        self._count = 0

    def will(self, *outcomes: Outcome) -> None:
        """The next sends answer this."""
        self._script.extend(outcomes)

    def conversation(self, target: str) -> list[Line]:
        """What the phones of that conversation show."""
        return self._lines.get(target, [])

    def texts(self, target: str) -> list[str]:
        """The same as texts, without what was deleted."""
        return [line.text for line in self.conversation(target) if not line.deleted]

    async def start(self, sink: Sink) -> None:
        self._sink = sink

    async def stop(self) -> None:
        self._sink = None

    async def health(self) -> Health:
        if self.down:
            return Health(ok=False, code="down", advice="Le canal ne répond pas.")
        if self.troubles:
            return Health(False, self.troubles[0].code, self.advice, self.troubles)
        return Health(ok=True)

    async def send(self, message: Outgoing) -> Outcome:
        self.asked.append(message)
        if self._script:
            outcome = self._script.popleft()
            if isinstance(outcome, Accepted):
                self._show(message, outcome.provider_id)
            return outcome
        if self.down:
            return Throttled(30, "down")
        if self.abilities.idempotent and message.key in self._done:
            return self._done[message.key]
        refusal = self._refusal(message)
        return refusal or self._accept(message)

    def _refusal(self, message: Outgoing) -> Rejected | None:
        if message.to_group and message.target not in self.groups:
            return Rejected("unknown_group")
        if message.target in self.unreachable:
            return Rejected("unreachable")
        able = {
            Action.POST: True,
            Action.EDIT: self.abilities.edits,
            Action.DELETE: self.abilities.deletes,
            Action.REACT: self.abilities.reactions,
        }
        return None if able[message.action] else Rejected("not_supported")

    def _accept(self, message: Outgoing) -> Accepted:
        self._count += 1
        group = self.groups.get(message.target)
        failed = sorted(group.members & self.unreachable) if group else []
        accepted = Accepted(f"{self.name}-{self._count}", failed=tuple(failed))
        self._show(message, accepted.provider_id)
        self._done[message.key] = accepted
        return accepted

    def _show(self, message: Outgoing, provider_id: str) -> None:
        self.sent.append(message)
        lines = self._lines.setdefault(message.target, [])
        if message.action is Action.POST:
            lines.append(Line(provider_id, message.text))
            return
        for line in lines:
            if line.provider_id == message.acts_on:
                _alter(line, message)

    async def inbound(self, thing: Inbound) -> None:
        """The other side says something; kept, in order, when the sink can't take it."""
        self.kept.append(thing)
        await self.hand_over()

    async def hand_over(self) -> None:
        """Tries again what the sink refused."""
        while self.kept and self._sink is not None:
            try:
                await self._sink(self.kept[0])
            except Exception:
                return
            self.kept.popleft()

    async def list_groups(self) -> Sequence[Group]:
        if self.down:
            raise ConnectionError("down")
        return list(self.groups.values())

    async def create_group(self, title: str, description: str, *, announcement: bool) -> str:
        if self.down:
            raise ConnectionError("down")
        self._count += 1
        group = Group(
            id=f"{self.name}-group-{self._count}",
            title=title,
            description=description,
            members=frozenset(),
            announcement=announcement,
            link=f"https://groups.example/{self._count}",
        )
        self.groups[group.id] = group
        return group.id

    async def change_group(
        self,
        group: str,
        *,
        title: str | None = None,
        description: str | None = None,
        announcement: bool | None = None,
    ) -> None:
        old = self.groups[group]
        self.groups[group] = replace(
            old,
            title=old.title if title is None else title,
            description=old.description if description is None else description,
            announcement=old.announcement if announcement is None else announcement,
            sealed=True,
        )

    async def add(self, group: str, people: Sequence[str]) -> Sequence[str]:
        old = self.groups[group]
        added = frozenset(people) - self.unreachable
        self.groups[group] = replace(
            old, members=old.members | added, requesting=old.requesting - added
        )
        return [person for person in people if person in self.unreachable]

    async def remove(self, group: str, people: Sequence[str]) -> None:
        old, gone = self.groups[group], frozenset(people)
        self.groups[group] = replace(
            old,
            members=old.members - gone,
            pending=old.pending - gone,
            requesting=old.requesting - gone,
        )


def _alter(line: Line, message: Outgoing) -> None:
    if message.action is Action.EDIT:
        line.text, line.edited = message.text, True
    elif message.action is Action.DELETE:
        line.deleted = True
    else:
        line.reactions.append(message.text)
