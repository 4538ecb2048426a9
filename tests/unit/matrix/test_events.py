"""Events become messages of the house, whatever shape they come in."""

from datetime import UTC, datetime
from typing import Any

import pytest

from appservice.matrix.events import (
    EPOCH,
    FileRef,
    Malformed,
    file_of,
    read_event,
    to_inbound,
)
from bridges.protocol import Deleted, Edited, Message, Reacted

AT = 1_790_000_000_000
WHEN = datetime.fromtimestamp(AT / 1000, UTC)


def raw(kind: str = "m.room.message", content: object = None, **fields: Any) -> dict[str, Any]:
    return {
        "event_id": "$e",
        "room_id": "!r:s",
        "sender": "@m:s",
        "type": kind,
        "origin_server_ts": AT,
        "content": {"msgtype": "m.text", "body": "Bonjour"} if content is None else content,
        **fields,
    }


def test_a_message() -> None:
    content = {
        "msgtype": "m.text",
        "body": "Bien reçu",
        "m.relates_to": {"m.in_reply_to": {"event_id": "$avant"}},
    }
    assert to_inbound(read_event(raw(content=content))) == Message(
        key="$e",
        sender="@m:s",
        text="Bien reçu",
        sent_at=WHEN,
        group="!r:s",
        replies_to="$avant",
        verified=False,
    )


def test_an_edit() -> None:
    content = {
        "msgtype": "m.text",
        "body": "* mieux",
        "m.new_content": {"msgtype": "m.text", "body": "mieux"},
        "m.relates_to": {"rel_type": "m.replace", "event_id": "$avant"},
    }
    expected = Edited("$e", "@m:s", "$avant", "mieux", WHEN, "!r:s", verified=False)
    assert to_inbound(read_event(raw(content=content))) == expected


def test_a_reaction() -> None:
    relation = {"rel_type": "m.annotation", "event_id": "$avant", "key": "✅"}
    expected = Reacted("$e", "@m:s", "$avant", "✅", WHEN, "!r:s")
    assert to_inbound(read_event(raw("m.reaction", {"m.relates_to": relation}))) == expected


@pytest.mark.parametrize(
    "event",
    [
        raw("m.room.redaction", {}, redacts="$avant"),
        raw("m.room.redaction", {"redacts": "$avant"}),
    ],
    ids=["older rooms", "rooms of version 11 and later"],
)
def test_a_redaction(event: dict[str, Any]) -> None:
    assert to_inbound(read_event(event)) == Deleted("$e", "@m:s", "$avant", WHEN, "!r:s")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"msgtype": "m.emote", "body": "regarde"}, "regarde"),
        ({"msgtype": "m.notice", "body": "note"}, "note"),
        ({"msgtype": "org.example.new", "body": "inconnu"}, "inconnu"),
        (
            {"msgtype": "m.location", "body": "Ici", "geo_uri": "geo:48.1,-1.6"},
            "Ici geo:48.1,-1.6",
        ),
        ({"msgtype": "m.image", "body": "p.jpg", "url": "mxc://s/1"}, ""),
        ({"msgtype": "m.image", "body": "p.jpg", "filename": "p.jpg"}, ""),
        ({"msgtype": "m.image", "body": "La vitrine", "filename": "p.jpg"}, "La vitrine"),
    ],
)
def test_the_text_by_kind_of_message(content: dict[str, object], text: str) -> None:
    inbound = to_inbound(read_event(raw(content=content)))
    assert isinstance(inbound, Message)
    assert inbound.text == text


def test_a_sticker_is_read() -> None:
    inbound = to_inbound(read_event(raw("m.sticker", {"body": "Un suspect"})))
    assert isinstance(inbound, Message)
    assert inbound.text == "Un suspect"


@pytest.mark.parametrize(
    "event",
    [
        raw("m.room.message", {"msgtype": "m.key.verification.request", "body": "x"}),
        raw("m.call.invite", {"offer": {}}),
        raw("m.poll.response", {}),
        raw("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$x"}}),
        raw("m.room.redaction", {}),
        raw(content={"msgtype": "m.text", "m.relates_to": {"rel_type": "m.replace"}}),
    ],
)
def test_what_is_nobody_s_message(event: dict[str, Any]) -> None:
    assert to_inbound(read_event(event)) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event_id", None),
        ("event_id", "e"),
        ("event_id", "$" + "x" * 300),
        ("event_id", "$\0"),
        ("room_id", "#alias:s"),
        ("sender", {"a": 1}),
        ("sender", "@m\ud800:s"),
        ("content", "text"),
        ("content", None),
    ],
)
def test_what_is_no_event(field: str, value: object) -> None:
    event = {**raw(), field: value}
    with pytest.raises(Malformed):
        read_event(event)


@pytest.mark.parametrize("at", [None, "hier", 10**30, -(10**30), 1.5, True])
def test_a_date_that_is_none(at: object) -> None:
    assert read_event(raw(origin_server_ts=at)).sent_at == EPOCH


def test_an_encrypted_file() -> None:
    sealed = {"url": "mxc://s/1", "key": {}}
    content = {
        "msgtype": "m.video",
        "body": "v.mp4",
        "info": {"mimetype": "video/mp4"},
        "file": sealed,
    }
    assert file_of(read_event(raw(content=content))) == FileRef(
        "mxc://s/1", "v.mp4", "video/mp4", sealed
    )


@pytest.mark.parametrize(
    "content",
    [
        {"msgtype": "m.image", "url": "https://example.org/x"},
        {"msgtype": "m.image", "file": ["mxc://s/1"]},
        {"msgtype": "m.text", "url": "mxc://s/1"},
        {"msgtype": ["m.image"], "url": "mxc://s/1"},
    ],
)
def test_what_points_at_no_file(content: dict[str, object]) -> None:
    assert file_of(read_event(raw(content=content))) is None
