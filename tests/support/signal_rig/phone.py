"""People's phones: what each wrote and shows, edits and deletions applied."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bridges.protocol import Attachment
from support.signal_rig.daemon import Daemon

PATIENCE = 60.0  # seconds


@dataclass(slots=True)
class Note:
    """One message as the phone shows it. `at` is its timestamp (ms), by which it is named."""

    author: str
    at: int
    text: str
    group: str | None = None
    files: list[dict[str, Any]] = field(default_factory=list)
    data: Mapping[str, Any] = field(default_factory=dict)
    deleted: bool = False
    reactions: list[str] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)


class Phone:
    """One person. Verbs return the timestamp of what was said."""

    def __init__(self, daemon: Daemon, number: str, aci: str, name: str) -> None:
        self._daemon = daemon
        self.number, self.aci, self.name = number, aci, name
        self.notes: list[Note] = []
        self.envelopes: list[Mapping[str, Any]] = []
        self.news = asyncio.Event()
        self._subscription: object = None

    def moves_to(self, daemon: Daemon) -> None:
        """The account lives there from now on."""
        self._daemon = daemon

    async def turns_on(self) -> None:
        """Hears what is for it, and what came while it was off."""
        self._subscription = await self.ask("subscribeReceive")

    async def turns_off(self) -> None:
        """Hears nothing more; Signal keeps what comes."""
        await self.ask("unsubscribeReceive", subscription=self._subscription)

    async def ask(self, method: str, **params: object) -> Any:
        """Any call of this account."""
        return await self._daemon.wire.call(method, account=self.number, **params)

    async def says(
        self, text: str, to: str, *, group: bool = False, file: Attachment | None = None,
        **more: object,
    ) -> int:  # fmt: skip
        """To an ACI, a number, or with `group` a group's id."""
        place = {"groupId": to} if group else {"recipient": [to]}
        given: dict[str, object] = {**place, "message": text, **more}
        if file is not None:
            data = base64.b64encode(file.data).decode()
            name = f";filename={file.filename}" if file.filename else ""
            given["attachment"] = [f"data:{file.content_type}{name};base64,{data}"]
        return int((await self.ask("send", **given))["timestamp"])

    async def opens(self, note: Note) -> list[bytes]:
        """The files of a message, as the phone shows them."""
        place = {"groupId": note.group} if note.group else {"recipient": note.author}
        found = [await self.ask("getAttachment", id=file["id"], **place) for file in note.files]
        return [base64.b64decode(file["data"]) for file in found]

    def shown(self, author: str, group: str | None = None) -> list[str]:
        """Texts of that author in that conversation, oldest first."""
        return [
            note.text
            for note in self.notes
            if note.author == author and note.group == group and not note.deleted
        ]

    async def sees(self, wanted: Callable[[Note], object], seconds: float = PATIENCE) -> Note:
        """The first message like that, come or to come."""
        async with asyncio.timeout(seconds):
            while True:
                for note in self.notes:
                    if wanted(note):
                        return note
                self.news.clear()
                await self.news.wait()

    def hear(self, envelope: Mapping[str, Any]) -> None:
        """What signal-cli received for this phone."""
        self.envelopes.append(envelope)
        author = envelope["sourceUuid"]
        if edit := envelope.get("editMessage"):
            data = edit["dataMessage"]
            if note := self._find(author, edit["targetSentTimestamp"]):
                note.text = data["message"]
                note.versions.append(data["timestamp"])
        elif data := envelope.get("dataMessage"):
            self._data(author, data)
        self.news.set()

    def _data(self, author: str, data: Mapping[str, Any]) -> None:
        if deletion := data.get("remoteDelete"):
            if note := self._find(author, deletion["timestamp"]):
                note.deleted = True
        elif reaction := data.get("reaction"):
            note = self._find(reaction["targetAuthorUuid"], reaction["targetSentTimestamp"])
            if note:
                note.reactions.append(reaction["emoji"])
        elif data.get("message") or data.get("attachments"):
            group = (data.get("groupInfo") or {}).get("groupId")
            files = list(data.get("attachments") or [])
            text = data.get("message") or ""
            self.notes.append(Note(author, data["timestamp"], text, group, files, data))

    def _find(self, author: str, at: int) -> Note | None:
        for note in self.notes:
            if note.author == author and at in (note.at, *note.versions):
                return note
        return None


class Phones:
    """Every phone lives in one signal-cli, which is not the service's."""

    def __init__(self, daemon: Daemon, say: Callable[..., Awaitable[Any]]) -> None:
        self.daemon = daemon
        self._say = say
        self._all: dict[str, Phone] = {}

    def listen(self) -> None:
        """Each phone hears what is for it."""
        self.daemon.wire.heard = self.hear

    async def add(self, number: str, name: str) -> Phone:
        found = await self._say("discover", numbers=[number])
        phone = Phone(self.daemon, number, found.split()[1], name)
        self._all[number] = phone
        await phone.ask("updateProfile", givenName=name)
        await phone.turns_on()
        return phone

    def hear(self, event: Mapping[str, Any]) -> None:
        said = event["result"]
        phone = self._all.get(said.get("account"))
        if phone is not None and "exception" not in said:
            phone.hear(said["envelope"])
