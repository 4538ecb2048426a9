"""The stand-ins' phones, as the phones page shows them."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime

from appservice.demo.phone import Bubble, Kind, SayRefused, Thread
from appservice.demo.standins.kannel import KannelStandIn, Text
from appservice.demo.standins.signal_people import Note
from appservice.demo.standins.signal_world import NotAllowed, SignalWorld
from bridges.protocol import Attachment
from bridges.sms.segments import Encoding, prepare

_PRIVATE = "prive"


class SignalPhone:
    """A person with Signal."""

    kind: Kind = "signal"
    title = "Signal"
    takes_photos = True

    def __init__(self, world: SignalWorld, aci: str, owner: str) -> None:
        self.id = f"signal-{aci[:8]}"
        self.owner = owner
        self._world = world
        self._aci = aci

    def threads(self) -> Sequence[Thread]:
        circles = self._world.circles_of(self._aci)
        return [
            Thread(_PRIVATE, "Maillage (privé)"),
            *(Thread(c.id, c.name, self._may_write(c.announcement, c.admins)) for c in circles),
        ]

    def _may_write(self, announcement: bool, admins: Sequence[str]) -> bool:
        return not announcement or self._aci in admins

    def messages(self) -> Sequence[Bubble]:
        return [self._bubble(note) for note in self._world.inbox(self._aci)]

    async def say(self, thread: str, text: str, photo: Attachment | None = None) -> None:
        group = None if thread == _PRIVATE else thread
        try:
            self._world.say(self._aci, text, group=group, attachment=photo)
        except NotAllowed as error:
            raise SayRefused("Dans ce groupe, seul le service écrit.") from error

    async def photo(self, bubble: str) -> Attachment | None:
        for note in self._world.inbox(self._aci):
            if _name(note) == bubble and note.files and not note.deleted:
                file = note.files[0]
                return Attachment(file.content_type, base64.b64decode(file.data), file.filename)
        return None

    def _bubble(self, note: Note) -> Bubble:
        return Bubble(
            id=_name(note),
            author=self._world.who(note.author).name or "Membre du groupe",
            text=note.text,
            at=datetime.fromtimestamp(note.at / 1000, UTC),
            thread=note.group or _PRIVATE,
            mine=note.author == self._aci,
            edited=note.edited,
            deleted=note.deleted,
            has_photo=any(file.content_type.startswith("image/") for file in note.files),
            reactions=tuple(note.reactions.values()),
        )


class BasicPhone:
    """A phone that knows only SMS."""

    kind: Kind = "sms"
    title = "SMS"
    takes_photos = False

    def __init__(self, gateway: KannelStandIn, number: str, owner: str) -> None:
        self.id = f"sms-{number.removeprefix('+')}"
        self.owner = owner
        self._gateway = gateway
        self._number = number

    def threads(self) -> Sequence[Thread]:
        return [Thread(_PRIVATE, "Messages")]

    def messages(self) -> Sequence[Bubble]:
        texts = self._gateway.inbox(self._number)
        return [self._bubble(index, text) for index, text in enumerate(texts)]

    async def say(self, thread: str, text: str, photo: Attachment | None = None) -> None:
        if photo is not None:
            raise SayRefused("Un SMS ne porte pas de photo.")
        self._gateway.say(self._number, text)

    async def photo(self, bubble: str) -> Attachment | None:
        return None

    def _bubble(self, index: int, text: Text) -> Bubble:
        return Bubble(
            id=f"sms-{index}",
            author=text.sender,
            text=text.text,
            at=datetime.fromtimestamp(text.at, UTC),
            thread=_PRIVATE,
            mine=text.mine,
            remark="" if text.mine else _weight(text.text),
        )


def _name(note: Note) -> str:
    return f"{note.author[:8]}-{note.at}"


def _weight(text: str) -> str:
    sms = prepare(text)
    alphabet = "" if sms.encoding is Encoding.GSM7 else ", alphabet étendu"
    return f"{sms.segments} SMS{alphabet}"
