"""What a bridge must do, what it may do besides, and what it can answer.

The required part is four verbs. Abilities that only some channels have (groups, edits) are
separate protocols or flags in `Abilities`, so that a new channel starts small.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file as it travels; `data` is at most a few MiB and already free of metadata when sent."""

    content_type: str
    data: bytes
    filename: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """Somebody named in a text, where it says something of them: characters, not bytes."""

    start: int
    length: int
    who: str  # user id or ACI


class Action(StrEnum):
    """What an outgoing message does in its conversation."""

    POST = "post"
    EDIT = "edit"
    DELETE = "delete"
    REACT = "react"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for one conversation.

    `key` is ours, unique for ever: a channel that can (Matrix transaction ids) uses it to do the
    thing once however often it is asked. `target` is an address or, with `to_group`, a group id.
    `acts_on` is the channel's own id of the message that is edited, deleted or reacted to,
    `replies_to` of the one that is answered.
    """

    key: str
    target: str
    text: str
    action: Action = Action.POST
    to_group: bool = False
    html: str = ""
    notice: bool = False
    acts_on: str | None = None
    attachments: tuple[Attachment, ...] = ()
    expires_at: datetime | None = None  # nobody wants to read it later, whoever carries it then
    mentions: tuple[Mention, ...] = ()
    replies_to: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The next system took it. `failed` names recipients of a group that it can't reach."""

    provider_id: str
    detail: str = ""  # encoding and segments of an SMS, say; never content
    failed: tuple[str, ...] = ()
    sent: str | None = None  # the text as it left, where the channel may change a sign of it


@dataclass(frozen=True, slots=True)
class Throttled:
    """Not taken, try again after so many seconds; `alone`, without the other conversations."""

    after: float
    code: str = "throttled"
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not taken, and never will be. `code` is stable and free of personal data."""

    code: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may or may not have been taken: never sent again without a human."""

    code: str
    detail: str = ""  # as of `Accepted`
    sent: str | None = None


Outcome = Accepted | Throttled | Rejected | Unknown


class ReceiptState(StrEnum):
    """What a channel says later about a message it accepted."""

    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery report. It may come early, twice, or never."""

    provider_id: str
    state: ReceiptState
    recipient: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """Somebody wrote. `key` is the channel's own id: the same message twice has the same key."""

    key: str
    sender: str  # user id, ACI or E.164
    text: str
    sent_at: datetime
    group: str | None = None  # room or group id; None in a private thread
    attachments: tuple[Attachment, ...] = ()
    replies_to: str | None = None
    sender_number: str | None = None
    verified: bool = True  # False: nothing vouches for the device that wrote (Matrix)
    mentions: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True)
class Edited:
    """The sender replaced the text of an earlier message."""

    key: str
    sender: str
    target: str  # key of the earlier message
    text: str
    sent_at: datetime
    group: str | None = None
    verified: bool = True
    mentions: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True)
class Deleted:
    """The sender took an earlier message back."""

    key: str
    sender: str
    target: str
    sent_at: datetime
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Reacted:
    """The sender put an emoji on a message."""

    key: str
    sender: str
    target: str
    emoji: str
    sent_at: datetime
    group: str | None = None
    removed: bool = False


Inbound = Message | Edited | Deleted | Reacted | Receipt

Sink = Callable[[Inbound], Awaitable[None]]
"""Returns once the thing is written down durably; a bridge acknowledges only after that."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What the channel can do; what it can't is said in words by the flows."""

    edits: bool = False
    deletes: bool = False
    reactions: bool = False
    groups: bool = False
    attachments: bool = False
    receipts: bool = False
    idempotent: bool = False  # the same key twice is done once
    needs_opt_in: bool = False
    workers: int = 4  # conversations served at the same time


@dataclass(frozen=True, slots=True)
class Trouble:
    """What only a person can mend. `about` is whose phone it is, if it is one: never logged."""

    code: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the channel works now; `advice` is French, for officers and the mairie.

    With `troubles` it answers, and some of what it is given waits until they are mended.
    """

    ok: bool
    code: str = "ok"
    advice: str = ""
    troubles: tuple[Trouble, ...] = ()


class Bridge(Protocol):
    """The required part of a channel."""

    name: str
    abilities: Abilities

    async def start(self, sink: Sink) -> None:
        """Connects and begins to listen. Never raises because the other side is down."""

    async def stop(self) -> None:
        """Disconnects; nothing that the sink accepted is lost."""

    async def send(self, message: Outgoing) -> Outcome:
        """Tries once. Never raises for a failure of the other side: says what is known of it."""
        ...

    async def health(self) -> Health:
        """Asks the other side whether it works."""
        ...


@runtime_checkable
class Named(Protocol):
    """Channels that call a message by a name of ours, known before it leaves."""

    def name_of(self, key: str) -> str:
        """The provider id of the message with that key, in receipts too. Says nothing else."""
        ...


@dataclass(frozen=True, slots=True)
class Group:
    """A group as the channel has it.

    `sealed`: only we let in and change it, its link asks us first, its messages fade in time.
    """

    id: str
    title: str
    description: str
    members: frozenset[str]
    pending: frozenset[str] = frozenset()
    requesting: frozenset[str] = frozenset()
    announcement: bool = False
    link: str = ""
    sealed: bool = True


class GroupRefused(Exception):
    """The other side will never do that to this group. `code` is stable, without personal data."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@runtime_checkable
class Groups(Protocol):
    """Channels with groups that we provision (Signal).

    Every verb raises ConnectionError when it may work later, GroupRefused when it never will.
    Members never include our own account.
    """

    async def list_groups(self) -> Sequence[Group]:
        """Every group we are in. Raises ConnectionError when the other side can't say."""
        ...

    async def create_group(self, title: str, description: str, *, announcement: bool) -> str:
        """Makes an empty group with our permissions; returns its id."""
        ...

    async def change_group(
        self,
        group: str,
        *,
        title: str | None = None,
        description: str | None = None,
        announcement: bool | None = None,
    ) -> None:
        """Puts right what a person changed by hand; always seals the group again."""

    async def add(self, group: str, people: Sequence[str]) -> Sequence[str]:
        """Adds, or approves who asked; returns those who could not be added."""
        ...

    async def remove(self, group: str, people: Sequence[str]) -> None:
        """Removes members, pending ones and those who asked."""
