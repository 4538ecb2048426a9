"""People, groups and messages of the Signal stand-in, as plain records."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field


@dataclass(slots=True)
class Person:
    """Somebody with Signal. A hidden number is null in what others receive."""

    aci: str
    number: str
    name: str = ""
    registered: bool = True
    hides_number: bool = False
    new_phone: bool = False  # its key is not trusted yet

    @property
    def public_number(self) -> str | None:
        return None if self.hides_number else self.number


@dataclass(slots=True)
class File:
    """An attachment; `data` is base64."""

    id: str
    content_type: str
    filename: str
    size: int
    data: str


@dataclass(slots=True)
class Note:
    """One message as phones show it, edits and deletion applied. `at` is its timestamp (ms)."""

    author: str
    at: int
    text: str
    recipients: list[str]
    group: str | None = None
    files: list[File] = field(default_factory=list)
    edited: bool = False
    deleted: bool = False
    reactions: dict[str, str] = field(default_factory=dict)  # who -> emoji
    versions: list[int] = field(default_factory=list)  # timestamps of its edits

    def is_named(self, at: int) -> bool:
        """An edit may be pointed at by the first timestamp or by any later one."""
        return at == self.at or at in self.versions


@dataclass(slots=True)
class Circle:
    """A group. Members and admins include the service's account."""

    id: str
    name: str
    description: str = ""
    members: list[str] = field(default_factory=list)
    admins: list[str] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    requesting: list[str] = field(default_factory=list)
    permissions: dict[str, str] = field(default_factory=dict)
    link: str | None = None
    fades_after: int = 0  # seconds
    revision: int = 0

    @property
    def announcement(self) -> bool:
        return self.permissions.get("permissionSendMessage") == "ONLY_ADMINS"


@dataclass(slots=True)
class Register:
    """Everything the stand-in knows. `waiting` are envelopes that nobody has taken yet."""

    people: dict[str, Person] = field(default_factory=dict)
    circles: dict[str, Circle] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    waiting: list[dict[str, object]] = field(default_factory=list)
    last: int = 0

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, object]) -> "Register":
        """A register as it was; an unreadable one starts empty."""
        try:
            return cls(
                people={p["aci"]: Person(**p) for p in _records(kept, "people")},
                circles={c["id"]: Circle(**c) for c in _records(kept, "circles")},
                notes=[_note(n) for n in _records(kept, "notes")],
                waiting=list(_records(kept, "waiting")),
                last=int(str(kept.get("last", 0))),
            )
        except (KeyError, TypeError, ValueError):
            return cls()


def _records(kept: Mapping[str, object], name: str) -> Sequence[dict]:  # type: ignore[type-arg] # JSON
    found = kept.get(name, [])
    items = found.values() if isinstance(found, Mapping) else found
    return [item for item in items if isinstance(item, dict)] if items else []  # type: ignore[attr-defined] # JSON


def _note(record: dict) -> Note:  # type: ignore[type-arg] # JSON
    return Note(**{**record, "files": [File(**file) for file in record.get("files", [])]})
