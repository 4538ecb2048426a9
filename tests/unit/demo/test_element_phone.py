"""Element on the phones page, with a client made of lists."""

from dataclasses import dataclass, field, replace

import pytest

from appservice.demo.element import ElementFailed, Seen
from appservice.demo.element_phone import ElementPhone, Surroundings
from appservice.demo.phone import SayRefused
from bridges.protocol import Attachment

BOT, CLAIRE = "@maillage:test", "@claire:test"
AROUND = Surroundings(
    rooms={"!g:test": "Maillage (guichet)", "!a:test": "Alertes", "!elsewhere:test": "Ailleurs"},
    people={BOT: "Maillage"},
    read_only=frozenset({"!a:test"}),
)


@dataclass
class Client:
    """What the phone needs of a Matrix client."""

    mxid: str = CLAIRE
    rooms: set[str] = field(default_factory=lambda: {"!g:test", "!a:test", "!other:test"})
    seen: list[Seen] = field(default_factory=list)
    said: list[tuple[object, ...]] = field(default_factory=list)
    down: bool = False

    def timeline(self) -> list[Seen]:
        return self.seen

    async def say(self, room: str, text: str) -> None:
        if self.down:
            raise ElementFailed("M_FORBIDDEN")
        self.said.append((room, text))

    async def send_photo(self, room: str, data: bytes, name: str, caption: str = "") -> None:
        self.said.append((room, data, name, caption))

    async def download(self, seen: Seen) -> bytes:
        return b"\x89PNG of " + seen.event_id.encode()


ALERT = Seen("$1", "!a:test", BOT, "ALERTE A7", 1795278567358, encrypted=True, edited=True)


def phone(client: Client) -> ElementPhone:
    return ElementPhone(client, "Claire", AROUND)  # type: ignore[arg-type] # plays the client


def test_rooms_and_messages_have_the_names_that_people_know() -> None:
    other = replace(ALERT, event_id="$2", room="!other:test")
    shown = phone(Client(seen=[ALERT, other]))
    assert [(t.title, t.writable) for t in shown.threads()] == [
        ("Maillage (guichet)", True),
        ("Alertes", False),
    ]
    (bubble,) = shown.messages()
    assert (bubble.author, bubble.text, bubble.edited, bubble.mine) == (
        "Maillage",
        "ALERTE A7",
        True,
        False,
    )
    assert bubble.remark == ""


def test_what_is_unreadable_or_in_clear_is_said() -> None:
    dark = replace(ALERT, readable=False, text="")
    clear = replace(ALERT, event_id="$2", encrypted=False, sender=CLAIRE)
    first, second = phone(Client(seen=[dark, clear])).messages()
    assert first.text == "Impossible de déchiffrer ce message."
    assert (second.remark, second.mine) == ("Non chiffré", True)


async def test_words_and_photos_go_to_the_room() -> None:
    client = Client()
    shown = phone(client)
    await shown.say("!g:test", "Vol")
    await shown.say("!g:test", "voici", Attachment("image/png", b"x", "v.png"))
    assert client.said == [("!g:test", "Vol"), ("!g:test", b"x", "v.png", "voici")]
    client.down = True
    with pytest.raises(SayRefused):
        await shown.say("!g:test", "encore")


async def test_a_picture_is_fetched_for_its_message_only() -> None:
    picture = replace(ALERT, kind="m.image", file={"url": "mxc://test/1"})
    shown = phone(Client(seen=[picture]))
    (bubble,) = shown.messages()
    assert bubble.has_photo
    assert await shown.photo(bubble.id) == Attachment("image/png", b"\x89PNG of $1")
    assert await shown.photo("another") is None
