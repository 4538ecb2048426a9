"""Parcels become events, and each failure says whether to try again."""

import asyncpg
import pytest

from appservice.matrix.api import Api, Json, MatrixError, Unreachable
from appservice.matrix.pills import mentions_in
from appservice.matrix.posts import HTML, MatrixChannel, NotEncrypted, text_content, transaction_id
from bridges.protocol import Accepted, Action, Mention, Outcome, Outgoing, Rejected, Throttled


class Mouth:
    """Says what it is told, or fails as it is told."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.said: list[tuple[str, Json, str]] = []

    @property
    def api(self) -> Api:
        raise AssertionError("no file to upload in these tests")

    async def say(self, room: str, content: Json, transaction: str) -> str:
        if self.failure is not None:
            raise self.failure
        self.said.append((room, content, transaction))
        return "$said"

    async def react(self, room: str, event: str, emoji: str, transaction: str) -> str:
        return await self.say(room, {"react": emoji, "to": event}, transaction)

    async def redact(self, room: str, event: str, transaction: str) -> str:
        return await self.say(room, {"redact": event}, transaction)


async def send(mouth: Mouth | None, message: Outgoing) -> Outcome:
    channel = MatrixChannel()
    channel.post = mouth  # type: ignore[assignment]  # it has the same verbs
    return await channel.send(message)


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (Unreachable("x"), Throttled(2.0, "unreachable")),
        (MatrixError(429, "M_LIMIT_EXCEEDED", 7.5), Throttled(7.5, "M_LIMIT_EXCEEDED")),
        (MatrixError(502, "HTTP_502"), Throttled(2.0, "HTTP_502")),
        (MatrixError(403, "M_FORBIDDEN"), Rejected("M_FORBIDDEN")),
        (MatrixError(404, "M_NOT_FOUND"), Rejected("M_NOT_FOUND")),
        (MatrixError(413, "M_TOO_LARGE"), Rejected("M_TOO_LARGE")),
        (NotEncrypted("!r:s"), Rejected("room-not-encrypted")),
        (asyncpg.InterfaceError("closed"), Throttled(2.0, "database")),
        (ConnectionResetError(), Throttled(2.0, "database")),
    ],
    ids=lambda value: str(value),
)
async def test_failures(failure: Exception, outcome: Outcome) -> None:
    assert await send(Mouth(failure), Outgoing("k", "!r:s", "Bonjour")) == outcome


async def test_before_the_keys_are_ready_it_says_when_to_come_back() -> None:
    assert await send(None, Outgoing("k", "!r:s", "Bonjour")) == Throttled(2.0, "starting")


async def test_an_edit_replaces_and_says_so_to_old_clients() -> None:
    mouth = Mouth()
    edit = Outgoing("k", "!r:s", "mieux", Action.EDIT, html="<b>mieux</b>", acts_on="$avant")
    assert await send(mouth, edit) == Accepted("$said")
    new = text_content("mieux", "<b>mieux</b>")
    assert mouth.said == [
        (
            "!r:s",
            {
                **new,
                "body": "* mieux",
                "m.new_content": new,
                "m.relates_to": {"rel_type": "m.replace", "event_id": "$avant"},
            },
            "k",
        )
    ]


@pytest.mark.parametrize("action", [Action.EDIT, Action.DELETE, Action.REACT])
async def test_acting_on_nothing_is_refused_for_good(action: Action) -> None:
    assert isinstance(await send(Mouth(), Outgoing("k", "!r:s", "x", action)), Rejected)


async def test_a_notice_does_not_alert_and_nobody_is_mentioned_by_accident() -> None:
    mouth = Mouth()
    await send(mouth, Outgoing("k", "!r:s", "note", notice=True))
    ((_, content, _),) = mouth.said
    assert content == {"msgtype": "m.notice", "body": "note", "m.mentions": {}}


async def test_whoever_is_named_is_told_and_what_is_answered_is_shown() -> None:
    mouth, text = Mouth(), "Tabac <Bruno> (Signal) : @Morel & @Anne\n| merci"
    named = (Mention(25, 6, "@morel:s"), Mention(34, 5, "@anne/é:s"))
    await send(mouth, Outgoing("k", "!r:s", text, mentions=named, replies_to="$there"))
    ((_, content, _),) = mouth.said
    assert content["body"] == text
    assert content["formatted_body"] == (
        "Tabac &lt;Bruno&gt; (Signal) : "
        '<a href="https://matrix.to/#/@morel:s">@Morel</a> &amp; '
        '<a href="https://matrix.to/#/@anne%2F%C3%A9:s">@Anne</a><br>| merci'
    )
    assert content["m.mentions"] == {"user_ids": ["@anne/é:s", "@morel:s"]}
    assert content["m.relates_to"] == {"m.in_reply_to": {"event_id": "$there"}}
    assert mentions_in(content, text) == named, "read as Element writes it"


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<a href="https://matrix.to/#/@a:s">Anne</a> et Bob', ["@a:s"]),
        ("<a class='x' href='https://matrix.to/#/%40a%3As?via=s'>Anne</a> et Bob", ["@a:s"]),
        ('<a href="https://matrix.to/#/!room:s">Anne</a> et Bob', []),
        ('<a href="https://matrix.to/#/@a:s">Zoé</a> Anne et Bob', []),
        ('<a href="https://matrix.to/#/@a:s"> </a>Anne et Bob', []),
        ('<a href="https://evil.example/#/@a:s">Anne</a> et Bob', []),
        ("Anne et Bob", []),
    ],
)
def test_a_pill_is_somebody_whom_the_text_names(html: str, found: list[str]) -> None:
    content = {"body": "Anne et Bob", "format": HTML, "formatted_body": html}
    assert [mention.who for mention in mentions_in(content, "Anne et Bob")] == found


def test_a_transaction_id_is_the_key_s_own() -> None:
    assert transaction_id("alerte/7") == transaction_id("alerte/7")
    assert transaction_id("alerte/7") != transaction_id("alerte/8")
    assert transaction_id("é / ?#").isalnum()
