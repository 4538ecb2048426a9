"""What happens among Signal phones: messages, edits, groups, receipts."""

import base64
import secrets
import uuid
from collections.abc import Callable, Sequence

from appservice.demo.standins.drawer import Drawer
from appservice.demo.standins.signal_people import Circle, File, Note, Person, Register
from bridges.protocol import Attachment

_NAMES = uuid.UUID("6f1f9f0c-6b0a-5c0e-9d0a-6d61696c6c61")
_LINK = "https://signal.group/#"

Milliseconds = Callable[[], int]


class NotAllowed(Exception):
    """Signal would not let this person do that."""


class SignalWorld:
    """The service's account, the people, and what each phone shows."""

    def __init__(self, account: str, clock: Milliseconds, drawer: Drawer) -> None:
        self._clock = clock
        self._drawer = drawer
        self.register = Register.from_json(drawer.load())
        self.service = self.person(account, "Maillage")
        self.wake: Callable[[], None] = lambda: None  # an envelope waits

    def person(self, number: str, name: str = "", *, hides_number: bool = False) -> str:
        """The ACI of whoever has that number; a new phone when nobody has."""
        aci = str(uuid.uuid5(_NAMES, number))
        known = self.register.people.get(aci)
        if known is None:
            self.register.people[aci] = Person(aci, number, name, hides_number=hides_number)
            self._save()
        elif name and known.name != name:
            known.name = name
            self._save()
        return aci

    def who(self, aci: str) -> Person:
        """Raises KeyError."""
        return self.register.people[aci]

    def unregister(self, aci: str) -> None:
        """The person leaves Signal."""
        self.who(aci).registered = False
        self._save()

    def inbox(self, aci: str) -> Sequence[Note]:
        """Every message of that phone, oldest first."""
        return [n for n in self.register.notes if aci == n.author or aci in n.recipients]

    def circles_of(self, aci: str) -> Sequence[Circle]:
        """The groups that the person is in."""
        return [circle for circle in self.register.circles.values() if aci in circle.members]

    def say(
        self,
        aci: str,
        text: str,
        *,
        group: str | None = None,
        attachment: Attachment | None = None,
        replies_to: tuple[str, int] | None = None,
    ) -> int:
        """The person writes to the service or to a group; the timestamp. Raises NotAllowed."""
        recipients = self._audience(aci, group)
        at = self._next()
        files = [_file(attachment)] if attachment else []
        self._show(Note(aci, at, text, recipients, group, files))
        data: dict[str, object] = {"message": text or None}
        if files:
            data["attachments"] = [_described(file, at) for file in files]
        if replies_to:
            data["quote"] = self._quote(*replies_to)
        self._tell_service(aci, {"dataMessage": self._data(at, group, data)})
        return at

    def say_unreadably(self, aci: str) -> None:
        """A new phone whose key signal-cli does not trust yet: it hands over no text."""
        self._next()
        self.who(aci).new_phone = True
        kind = "UntrustedIdentityException"
        trouble = {"message": f"Untrusted identity: {aci}", "type": kind}
        self._tell_service(aci, {"exception": trouble})

    def edit(self, aci: str, target: int, text: str) -> int:
        """The person corrects what they wrote. Raises KeyError when it isn't theirs."""
        note, at = self._own_note(aci, target), self._next()
        note.text, note.edited = text, True
        note.versions.append(at)
        inner = self._data(at, note.group, {"message": text})
        self._tell_service(
            aci, {"editMessage": {"targetSentTimestamp": target, "dataMessage": inner}}
        )
        return at

    def take_back(self, aci: str, target: int) -> None:
        """The person deletes for everybody. Raises KeyError when it isn't theirs."""
        note = self._own_note(aci, target)
        note.deleted = True
        data = self._data(self._next(), note.group, {"remoteDelete": {"timestamp": target}})
        self._tell_service(aci, {"dataMessage": data})

    def react(self, aci: str, emoji: str, author: str, target: int) -> None:
        """The person puts an emoji on somebody's message. Raises KeyError."""
        note = self.find(author, target)
        note.reactions[aci] = emoji
        person = self.who(author)
        reaction = {
            "emoji": emoji,
            "targetAuthor": person.public_number or author,
            "targetAuthorNumber": person.public_number,
            "targetAuthorUuid": author,
            "targetSentTimestamp": target,
            "isRemove": False,
        }
        data = self._data(self._next(), note.group, {"reaction": reaction})
        self._tell_service(aci, {"dataMessage": data})

    def read(self, aci: str, target: int) -> None:
        """The person opens the conversation: a read receipt."""
        self._receipt(aci, target, read=True)

    def ask_to_join(self, aci: str, link: str) -> None:
        """The person follows a group's link. Raises NotAllowed when it is dead."""
        for circle in self.register.circles.values():
            if circle.link == link:
                if aci not in circle.requesting + circle.members:
                    circle.requesting.append(aci)
                return self._save()
        raise NotAllowed("dead link")

    def publish(self, note: Note) -> None:
        """The service wrote: phones show it and say so."""
        self._show(note)
        for aci in note.recipients:
            self._receipt(aci, note.at)

    def replace(self, target: int, at: int, text: str) -> None:
        """The service corrected; phones that don't know the message show nothing."""
        note = self._own_note(self.service, target)
        note.text, note.edited = text, True
        note.versions.append(at)
        self._save()

    def withdraw(self, target: int) -> None:
        """The service deleted."""
        self._own_note(self.service, target).deleted = True
        self._save()

    def find(self, author: str, target: int) -> Note:
        """The message of that author and timestamp. Raises KeyError."""
        for note in self.register.notes:
            if note.author == author and note.is_named(target):
                return note
        raise KeyError(target)

    def file(self, file_id: str) -> File | None:
        """A stored attachment."""
        found = (f for note in self.register.notes for f in note.files if f.id == file_id)
        return next(found, None)

    def found_circle(self, name: str, id_bytes: int = 32) -> Circle:
        """A new group with the service alone in it; 16 bytes make one of the old kind."""
        circle = Circle(
            id=base64.b64encode(secrets.token_bytes(id_bytes)).decode(),
            name=name,
            members=[self.service],
            admins=[self.service],
        )
        self.register.circles[circle.id] = circle
        return circle

    def fresh_link(self) -> str:
        """An invitation link like Signal's."""
        return _LINK + secrets.token_urlsafe(52)

    def touch(self, circle: Circle) -> None:
        """A group changed: members are told so, as Signal does, without saying what."""
        circle.revision += 1
        self._save()

    def next_stamp(self) -> int:
        """A timestamp that nobody has used."""
        return self._next()

    def take_waiting(self) -> list[dict[str, object]]:
        """What nobody has received yet; it is handed over once."""
        waiting, self.register.waiting = self.register.waiting, []
        if waiting:
            self._save()
        return waiting

    def _audience(self, aci: str, group: str | None) -> list[str]:
        if group is None:
            return [self.service]
        circle = self.register.circles.get(group)
        if circle is None or aci not in circle.members:
            raise NotAllowed("not in the group")
        if circle.announcement and aci not in circle.admins:
            raise NotAllowed("only admins write here")
        return [member for member in circle.members if member != aci]

    def _own_note(self, aci: str, target: int) -> Note:
        return self.find(aci, target)

    def _quote(self, author: str, target: int) -> dict[str, object]:
        note, person = self.find(author, target), self.who(author)
        return {
            "id": target,
            "author": person.public_number or author,
            "authorNumber": person.public_number,
            "authorUuid": author,
            "text": note.text,
            "attachments": [],
        }

    def _data(self, at: int, group: str | None, more: dict[str, object]) -> dict[str, object]:
        data: dict[str, object] = {"timestamp": at, "message": None}
        data |= {"expiresInSeconds": 0, "viewOnce": False, **more}
        if group is not None:
            circle = self.register.circles[group]
            data["groupInfo"] = {
                "groupId": group,
                "groupName": circle.name,
                "revision": circle.revision,
                "type": "DELIVER",
            }
        return data

    def _receipt(self, aci: str, target: int, *, read: bool = False) -> None:
        receipt = {
            "when": self._next(),
            "isDelivery": not read,
            "isRead": read,
            "isViewed": False,
            "timestamps": [target],
        }
        self._tell_service(aci, {"receiptMessage": receipt})

    def _tell_service(self, aci: str, content: dict[str, object]) -> None:
        person, at = self.who(aci), self.register.last
        self.register.waiting.append(
            {
                "source": person.public_number or aci,
                "sourceNumber": person.public_number,
                "sourceUuid": aci,
                "sourceName": person.name,
                "sourceDevice": 1,
                "timestamp": at,
                "serverReceivedTimestamp": at,
                "serverDeliveredTimestamp": at,
                **content,
            }
        )
        self._save()
        self.wake()

    def _show(self, note: Note) -> None:
        self.register.notes.append(note)
        self._save()

    def _next(self) -> int:
        self.register.last = max(self._clock(), self.register.last + 1)
        return self.register.last

    def _save(self) -> None:
        self._drawer.save(self.register.to_json())


def _file(attachment: Attachment) -> File:
    suffix = attachment.filename.rpartition(".")[2] if "." in attachment.filename else "bin"
    return File(
        id=f"{secrets.token_hex(16)}.{suffix}",
        content_type=attachment.content_type,
        filename=attachment.filename,
        size=len(attachment.data),
        data=base64.b64encode(attachment.data).decode(),
    )


def _described(file: File, at: int) -> dict[str, object]:
    return {
        "contentType": file.content_type,
        "filename": file.filename or None,
        "id": file.id,
        "size": file.size,
        "width": None,
        "height": None,
        "caption": None,
        "uploadTimestamp": at,
    }
