"""Does the steps of a plan, each once, many rooms at a time; one failure stops nothing else."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from typing import assert_never

from appservice.domain.charter import proof_bytes
from appservice.domain.delivery import Parcel
from appservice.domain.errors import MaillageError, PermanentFailure, TemporaryFailure
from appservice.domain.ids import RoomId, UserId
from appservice.domain.member import Channel
from appservice.domain.membership.group_steps import (
    AddToGroup,
    AdoptGroup,
    ApproveInGroup,
    ChangeGroup,
    CreateGroup,
    RefuseInGroup,
    RemoveFromGroup,
)
from appservice.domain.membership.people_steps import (
    REASONS,
    Invite,
    PinWelcome,
    Remove,
    RenewProof,
)
from appservice.domain.membership.room_steps import (
    CreateRoom,
    ForgetParent,
    LinkChild,
    Setting,
    Unlink,
)
from appservice.domain.membership.steps import Step
from appservice.domain.room import GOVERNED, DesiredRoom, KnownRoom, RoomKey
from appservice.domain.wording import talk as words
from appservice.flows.ports import Homeserver, Seals, Store
from bridges.protocol import Groups

log = logging.getLogger(__name__)

_ROOMS_AT_ONCE = 8

GroupStep = (
    CreateGroup
    | AdoptGroup
    | ChangeGroup
    | AddToGroup
    | ApproveInGroup
    | RemoveFromGroup
    | RefuseInGroup
)


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that was not done; the next plan will ask for it again."""

    step: Step
    code: str


@dataclass(slots=True)
class Applied:
    """What became of a plan."""

    done: int = 0
    failures: list[Failure] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every step was done."""
        return not self.failures


OnStep = Callable[[Step, str | None], None]
"""Told after each step, with the code of the failure if it failed."""


class Provisioner:
    """Turns steps into calls; lives as long as one application of a plan."""

    def __init__(
        self,
        store: Store,
        homeserver: Homeserver,
        groups: Groups | None,
        seals: Seals,
        server_name: str,
    ) -> None:
        self._store = store
        self._homeserver = homeserver
        self._groups = groups
        self._seals = seals
        self._server_name = server_name
        self._known: dict[RoomKey, KnownRoom] = {}
        self._hung: set[tuple[RoomId, RoomId]] = set()  # made just now, in that space

    async def apply(self, steps: Iterable[Step], on_step: OnStep | None = None) -> Applied:
        """Phase after phase; in a phase several rooms at a time, in a room one step at a time."""
        async with self._store.transaction() as tx:
            self._known = {room.key: room for room in await tx.rooms.all()}
        applied = Applied()
        for _phase, same_phase in groupby(steps, key=lambda step: step.phase):
            rooms: dict[RoomKey, list[Step]] = {}
            for step in same_phase:
                rooms.setdefault(step.key, []).append(step)
            waiting = iter(rooms.values())
            workers = (self._work(waiting, applied, on_step) for _ in range(_ROOMS_AT_ONCE))
            await asyncio.gather(*workers)
        return applied

    async def _work(
        self, waiting: Iterator[Sequence[Step]], applied: Applied, on_step: OnStep | None
    ) -> None:
        for steps in waiting:
            for step in steps:
                code = await self._try(step)
                if code is None:
                    applied.done += 1
                else:
                    applied.failures.append(Failure(step, code))
                if on_step is not None:
                    on_step(step, code)

    async def _try(self, step: Step) -> str | None:
        try:
            await self._do(step)
        except MaillageError as error:
            code = error.code
        except Exception as error:
            # Whatever a server or a bridge throws, the other steps must still be done.
            code = type(error).__name__
        else:
            return None
        log.warning("%s in %s failed: %s", type(step).__name__, step.key, code)
        return code

    async def _do(self, step: Step) -> None:
        match step:
            case CreateRoom():
                await self._create(step.room)
            case Setting():
                kind, content = step.event
                await self._homeserver.set_state(self._room(step.key), kind, "", content)
            case LinkChild() | Unlink() | ForgetParent():
                await self._link(step)
            case Invite() | RenewProof() | Remove():
                await self._person(step)
            case PinWelcome():
                room = self._room(step.key)
                await self._homeserver.pin_welcome(room, step.text, welcome_html(step.text))
            case _:
                await self._group(step)

    async def _create(self, room: DesiredRoom) -> None:
        parent = self._known.get(room.parent) if room.parent is not None else None
        room_id = await self._homeserver.create(room, parent.room_id if parent else None)
        if parent is not None:
            self._hung.add((room_id, parent.room_id))
        former = self._known.get(room.key)
        await self._remember(KnownRoom(room.key, room_id, former.signal_group if former else None))

    async def _link(self, step: LinkChild | Unlink | ForgetParent) -> None:
        room = self._room(step.key)
        match step:
            case LinkChild(parent=key):
                parent = self._room(key)
                via = {"via": [self._server_name]}
                await self._homeserver.set_state(parent, "m.space.child", room, via)
                if (room, parent) not in self._hung:
                    upwards = {**via, "canonical": True}
                    await self._homeserver.set_state(room, "m.space.parent", parent, upwards)
            case Unlink(child=child):
                await self._homeserver.set_state(room, "m.space.child", child, {})
            case ForgetParent(parent=stray):
                await self._homeserver.set_state(room, "m.space.parent", stray, {})

    async def _person(self, step: Invite | RenewProof | Remove) -> None:
        room = self._room(step.key)
        match step:
            case Invite(user=user):
                proof = self._proof(room, user, step.version, step.until)
                await self._homeserver.invite(room, user, proof)
            case RenewProof(user=user):
                proof = self._proof(room, user, step.version, step.until)
                key = user.removeprefix("@")
                await self._homeserver.set_state(room, GOVERNED, key, proof)
            case Remove(user=user, reason=reason):
                # First, so that no proof of theirs lets them back in, whoever invites.
                await self._homeserver.set_state(room, GOVERNED, user.removeprefix("@"), {})
                await self._homeserver.remove(room, user, REASONS[reason])

    async def _group(self, step: GroupStep) -> None:
        if self._groups is None:
            raise TemporaryFailure("Signal n'est pas branché.")
        match step:
            case CreateGroup():
                group = await self._groups.create_group(
                    step.label, step.description, announcement=step.announcement
                )
                await self._name_group(step.key, group)
            case AdoptGroup(group=group):
                await self._name_group(step.key, group)
            case ChangeGroup(group=group):
                await self._groups.change_group(
                    group,
                    title=step.title,
                    description=step.description,
                    announcement=step.announcement,
                )
            case RemoveFromGroup() | RefuseInGroup():
                await self._send_away(self._groups, step)
            case AddToGroup() | ApproveInGroup():
                await self._add(self._groups, step)
            case _:
                assert_never(step)

    async def _send_away(self, groups: Groups, step: RemoveFromGroup | RefuseInGroup) -> None:
        """Whoever asked at the door is told why not, once a group."""
        await groups.remove(step.group, step.people)
        if isinstance(step, RefuseInGroup):
            text = words.REFUSED_IN_GROUP.format(group=step.label)
            async with self._store.transaction() as tx:
                await tx.outbox.put(
                    [
                        Parcel(f"refused:{step.group}:{person}", Channel.SIGNAL, person, text)
                        for person in step.people
                    ]
                )

    async def _add(self, groups: Groups, step: AddToGroup | ApproveInGroup) -> None:
        known = self._known.get(step.key)
        group = step.group or (known.signal_group if known else None)
        if group is None:
            raise PermanentFailure("Le groupe Signal n'a pas été créé.")
        if await groups.add(group, step.people):
            raise TemporaryFailure("Certaines personnes n'ont pas pu être ajoutées au groupe.")

    async def _name_group(self, key: RoomKey, group: str) -> None:
        known = self._known.get(key)
        if known is None:
            raise PermanentFailure("La salle de ce groupe n'a pas été créée.")
        await self._remember(KnownRoom(key, known.room_id, group))

    async def _remember(self, room: KnownRoom) -> None:
        # A crash before this line is harmless: the alias, or the mark of the group, is found.
        async with self._store.transaction() as tx:
            await tx.rooms.remember(room)
        self._known[room.key] = room

    def _room(self, key: RoomKey) -> RoomId:
        known = self._known.get(key)
        if known is None:
            raise PermanentFailure("La salle n'a pas été créée.")
        return known.room_id

    def _proof(self, room: RoomId, user: UserId, version: str, until: int) -> dict[str, object]:
        sig = self._seals.sign(proof_bytes(room, user, version, until))
        return {"version": version, "until": until, "sig": sig}


def welcome_html(text: str) -> str:
    """Paragraphs and line breaks; the reminder of 17 and 112 stands out."""
    paragraphs = [escape(part) for part in text.split("\n\n")]
    marked = [f"<strong>{p}</strong>" if "17 ni le 112" in p else p for p in paragraphs]
    return "".join(f"<p>{p.strip()}</p>" for p in marked).replace("\n", "<br>")
