"""Nothing wrong is ever sent to signal-cli, which answers it with a NullPointerException."""

import base64
from dataclasses import replace

import pytest

from bridges.protocol import Action, Attachment, Mention, Outgoing
from bridges.signal.calls import call_for
from bridges.signal.errors import InvalidCall

PAUL = "7a1c0c52-0d3e-4f7e-8a51-0f9d4a6b1c01"
GROUP = base64.b64encode(bytes(32)).decode()
ACCOUNT = "+33639981000"
POST = Outgoing("k", PAUL, "Vol")


def test_a_post_to_a_person_and_to_a_group() -> None:
    assert call_for(POST, ACCOUNT) == ("send", {"recipient": [PAUL], "message": "Vol"})
    to_group = replace(POST, target=GROUP, to_group=True)
    assert call_for(to_group, ACCOUNT) == ("send", {"groupId": GROUP, "message": "Vol"})


def test_an_edit_a_deletion_and_a_reaction() -> None:
    edit = replace(POST, action=Action.EDIT, acts_on="1795278567358")
    assert call_for(edit, ACCOUNT)[1]["editTimestamp"] == 1795278567358
    delete = replace(POST, action=Action.DELETE, acts_on="1795278567358")
    assert call_for(delete, ACCOUNT) == (
        "remoteDelete",
        {"recipient": [PAUL], "targetTimestamp": 1795278567358},
    )
    react = replace(POST, action=Action.REACT, text="👍", acts_on=f"{PAUL}:17")
    assert call_for(react, ACCOUNT) == (
        "sendReaction",
        {"recipient": [PAUL], "emoji": "👍", "targetAuthor": PAUL, "targetTimestamp": 17},
    )
    ours = replace(react, acts_on="17")
    assert call_for(ours, ACCOUNT)[1]["targetAuthor"] == ACCOUNT


def test_attachments_travel_in_the_call() -> None:
    photo = Attachment("image/JPEG", b"\xff\xd8", "rue de l'été;x=1.jpg")
    _, params = call_for(replace(POST, attachments=(photo,)), ACCOUNT)
    assert params["attachment"] == [
        "data:image/jpeg;filename=rue_de_l__t__x_1.jpg;base64,"
        + base64.b64encode(b"\xff\xd8").decode()
    ]


def test_who_is_named_and_what_is_answered_travel_in_units_of_utf_16() -> None:
    named = replace(POST, text="🔔 @Kim : vu", mentions=(Mention(2, 4, PAUL),))
    assert call_for(named, ACCOUNT)[1]["mention"] == [f"3:4:{PAUL}"]
    params = call_for(replace(POST, replies_to=f"{PAUL}:17"), ACCOUNT)[1]
    assert (params["quoteTimestamp"], params["quoteAuthor"]) == (17, PAUL)
    assert call_for(replace(POST, replies_to="17"), ACCOUNT)[1]["quoteAuthor"] == ACCOUNT


def test_a_photo_needs_no_text() -> None:
    photo = Attachment("image/png", b"x")
    assert call_for(replace(POST, text="", attachments=(photo,)), ACCOUNT)[1]["message"] == ""


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (replace(POST, target="paul"), "invalid_recipient"),
        (replace(POST, mentions=(Mention(0, 3, "paul"),)), "invalid_recipient"),
        (replace(POST, mentions=(Mention(3, 2, PAUL),)), "invalid_mention"),
        (replace(POST, replies_to=f"{PAUL}:x"), "invalid_reference"),
        (replace(POST, replies_to="paul:17"), "invalid_recipient"),
        (replace(POST, target="0639981001"), "invalid_recipient"),
        (replace(POST, target=PAUL + "\n"), "invalid_recipient"),
        (replace(POST, target=""), "invalid_recipient"),
        (replace(POST, target="AAAA", to_group=True), "invalid_group"),
        (
            replace(POST, target=base64.b64encode(bytes(16)).decode(), to_group=True),
            "invalid_group",
        ),
        (replace(POST, target="pas du base64 !", to_group=True), "invalid_group"),
        (replace(POST, text=""), "empty"),
        (replace(POST, action=Action.EDIT, acts_on=None), "invalid_reference"),
        (replace(POST, action=Action.EDIT, text="", acts_on="1"), "empty"),
        (replace(POST, action=Action.DELETE, acts_on="tout"), "invalid_reference"),
        (replace(POST, action=Action.DELETE, acts_on="0"), "invalid_reference"),
        (replace(POST, action=Action.DELETE, acts_on="-5"), "invalid_reference"),
        (replace(POST, action=Action.DELETE, acts_on="9" * 30), "invalid_reference"),
        (replace(POST, action=Action.DELETE, acts_on="١٢"), "invalid_reference"),
        (replace(POST, action=Action.REACT, acts_on="1", text=""), "invalid_emoji"),
        (replace(POST, action=Action.REACT, acts_on="1", text="x" * 99), "invalid_emoji"),
        (replace(POST, action=Action.REACT, acts_on="paul:1", text="👍"), "invalid_recipient"),
        (replace(POST, attachments=(Attachment("image/png", b""),)), "invalid_attachment"),
        (replace(POST, attachments=(Attachment("image", b"x"),)), "invalid_attachment"),
        (replace(POST, attachments=(Attachment("a/b;base64,", b"x"),)), "invalid_attachment"),
    ],
)
def test_what_is_wrong_is_named(message: Outgoing, code: str) -> None:
    with pytest.raises(InvalidCall) as refusal:
        call_for(message, ACCOUNT)
    assert refusal.value.code == code
