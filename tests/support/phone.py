"""A phone made of a list, for the phones page."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from appservice.demo.phone import Bubble, Kind, SayRefused, Thread
from bridges.protocol import Attachment


class ListPhone:
    """Shows its list; keeps what is said; refuses on demand."""

    title = "Element"
    takes_photos = True

    def __init__(self, phone_id: str = "element-1", kind: Kind = "element") -> None:
        self.id = phone_id
        self.kind: Kind = kind
        self.owner = "Claire <Bijouterie>"
        self.bubbles: list[Bubble] = []
        self.open = [Thread("guichet", "Maillage (guichet)"), Thread("alertes", "Alertes", False)]
        self.photos: dict[str, Attachment] = {}
        self.refuse = ""
        self.said: list[tuple[str, str, Attachment | None]] = []

    def threads(self) -> Sequence[Thread]:
        return self.open

    def messages(self) -> Sequence[Bubble]:
        return self.bubbles

    def receives(self, text: str, **more: object) -> Bubble:
        """One more message on the screen."""
        at = datetime(2026, 11, 21, 8, 0, tzinfo=UTC) + timedelta(minutes=len(self.bubbles))
        name = f"m{len(self.bubbles)}"
        bubble = Bubble(name, "Maillage", text, at, "guichet", **more)  # type: ignore[arg-type] # any field
        self.bubbles.append(bubble)
        return bubble

    async def say(self, thread: str, text: str, photo: Attachment | None = None) -> None:
        if self.refuse:
            raise SayRefused(self.refuse)
        self.said.append((thread, text, photo))
        self.receives(text, mine=True)

    async def photo(self, bubble: str) -> Attachment | None:
        return self.photos.get(bubble)
