"""A person's Element, as the phones page shows it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from appservice.demo.element import Element, ElementFailed, Seen
from appservice.demo.phone import Bubble, Kind, SayRefused, Thread
from bridges.protocol import Attachment

_IMAGE = "m.image"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the person's screen calls things. Filled while the demonstration goes on."""

    rooms: Mapping[str, str]  # room id -> title; the first one is proposed for writing
    people: Mapping[str, str]  # user id -> name
    read_only: frozenset[str] = frozenset()  # rooms where the service alone writes


class ElementPhone:
    """Implements `Phone` on a live Matrix client."""

    kind: Kind = "element"
    title = "Element"
    takes_photos = True

    def __init__(self, element: Element, owner: str, around: Surroundings) -> None:
        self.id = f"element-{_short(element.mxid)}"
        self.owner = owner
        self._element = element
        self._around = around

    def threads(self) -> Sequence[Thread]:
        inside = self._element.rooms
        return [
            Thread(room, title, room not in self._around.read_only)
            for room, title in self._around.rooms.items()
            if room in inside
        ]

    def messages(self) -> Sequence[Bubble]:
        shown = self._element.timeline()
        return [self._bubble(seen) for seen in shown if seen.room in self._around.rooms]

    async def say(self, thread: str, text: str, photo: Attachment | None = None) -> None:
        try:
            if photo is not None:
                name = photo.filename or "photo.jpg"
                await self._element.send_photo(thread, photo.data, name, caption=text)
            else:
                await self._element.say(thread, text)
        except ElementFailed as error:
            raise SayRefused("Le serveur a refusé ce message.") from error

    async def photo(self, bubble: str) -> Attachment | None:
        for seen in self._element.timeline():
            if _short(seen.event_id) == bubble and _is_picture(seen):
                data = await self._element.download(seen)
                return Attachment(_kind(data), data)
        return None

    def _bubble(self, seen: Seen) -> Bubble:
        return Bubble(
            id=_short(seen.event_id),
            author=self._around.people.get(seen.sender, seen.sender),
            text=seen.text if seen.readable else "Impossible de déchiffrer ce message.",
            at=datetime.fromtimestamp(seen.at / 1000, UTC),
            thread=seen.room,
            mine=seen.sender == self._element.mxid,
            edited=seen.edited,
            deleted=seen.deleted,
            has_photo=_is_picture(seen),
            reactions=seen.reactions,
            remark="" if seen.encrypted or seen.deleted else "Non chiffré",
        )


def _is_picture(seen: Seen) -> bool:
    return seen.kind == _IMAGE and bool(seen.file) and not seen.deleted


def _kind(data: bytes) -> str:
    """The type that the first bytes say: an encrypted upload names none."""
    starts = ((b"\x89PNG", "image/png"), (b"GIF8", "image/gif"), (b"RIFF", "image/webp"))
    return next((kind for start, kind in starts if data.startswith(start)), "image/jpeg")


def _short(name: str) -> str:
    """A Matrix id, fit for an address."""
    return hashlib.sha256(name.encode()).hexdigest()[:12]
