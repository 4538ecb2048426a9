"""Envelopes as recorded, and what they mean to us."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import examples
from support.signal_shapes import SHAPES, envelope

from bridges.protocol import (
    Deleted,
    Edited,
    Inbound,
    Mention,
    Message,
    Reacted,
    Receipt,
    ReceiptState,
)
from bridges.signal.envelope import File, Own, Read, read_envelope

OWN = Own("+33639981000", "7a1c0c52-0d3e-4f7e-8a51-0f9d4a6b1c00")
KIM = "7a1c0c52-0d3e-4f7e-8a51-0f9d4a6b1c03"
PAUL = "7a1c0c52-0d3e-4f7e-8a51-0f9d4a6b1c02"
GROUP = "H/1zrUyMX197TuY0ylDo3wEVjt53kxEbffeJ1R2kyP0="


def one(given_envelope: Mapping[str, object], own: Own = OWN) -> Inbound:
    (read,) = read_envelope(given_envelope, own)
    return read.thing


def message(**data: object) -> Message:
    recorded = envelope("message in a group")
    recorded["dataMessage"] = {**recorded["dataMessage"], **data}
    thing = one(recorded)
    assert isinstance(thing, Message)
    return thing


def test_a_message() -> None:
    said = SHAPES["event: message"]["result"]["envelope"]
    assert one(said) == Message(
        key=f"{PAUL}:1795278567358",
        sender=PAUL,
        text="Vol à l'étalage",
        sent_at=datetime(2026, 11, 21, 16, 29, 27, 358000, tzinfo=UTC),
        sender_number="+33639981002",
    )


def test_a_message_in_a_group_names_it() -> None:
    assert message().group == GROUP


def test_a_hidden_number_is_no_obstacle() -> None:
    thing = one(envelope("message in a group", sourceNumber=None, source=PAUL))
    assert isinstance(thing, Message)
    assert (thing.sender, thing.sender_number) == (PAUL, None)


def test_a_photo_comes_with_its_description() -> None:
    (read,) = read_envelope(envelope("message with a photo"), OWN)
    assert read.files == (File("c6a908c3.png", "image/png", "p.png", 108),)


def test_an_edit_names_what_it_replaces() -> None:
    thing = one(envelope("edit"))
    assert isinstance(thing, Edited)
    assert (thing.key, thing.target) == (f"{PAUL}:1795278567982", f"{PAUL}:1795278567358")
    assert thing.text == "Vol constaté"


def test_a_deletion_names_what_it_removes() -> None:
    thing = one(envelope("deletion"))
    assert isinstance(thing, Deleted)
    assert (thing.key, thing.target) == (f"{PAUL}:1795278569886", f"{PAUL}:1795278567358")


def test_a_reaction_to_somebody_and_to_us() -> None:
    thing = one(envelope("reaction"))
    assert isinstance(thing, Reacted)
    assert (thing.emoji, thing.target, thing.removed) == ("👍", f"{PAUL}:1795278567358", False)
    recorded = envelope("reaction")
    recorded["dataMessage"]["reaction"] |= {"targetAuthorUuid": OWN.aci, "isRemove": True}
    ours = one(recorded)
    assert isinstance(ours, Reacted)
    assert (ours.target, ours.removed) == ("1795278567358", True)


def test_our_number_is_enough_to_know_our_messages() -> None:
    recorded = envelope("quote")
    recorded["dataMessage"]["quote"] |= {"authorUuid": OWN.aci, "authorNumber": OWN.number}
    thing = one(recorded, Own(OWN.number))
    assert isinstance(thing, Message)
    assert thing.replies_to == "1795278567358"


def test_a_quote_of_somebody_names_their_message() -> None:
    thing = one(envelope("quote"))
    assert isinstance(thing, Message)
    assert thing.replies_to == f"{PAUL}:1795278567358"


def test_one_receipt_for_each_timestamp() -> None:
    recorded = envelope("receipt")
    recorded["receiptMessage"]["timestamps"] = [1, 2, "x"]
    assert [read.thing for read in read_envelope(recorded, OWN)] == [
        Receipt("1", ReceiptState.DELIVERED, PAUL),
        Receipt("2", ReceiptState.DELIVERED, PAUL),
    ]
    recorded["receiptMessage"] |= {"isDelivery": False, "isRead": True, "timestamps": [3]}
    assert one(recorded) == Receipt("3", ReceiptState.READ, PAUL)


def test_whoever_is_mentioned_is_named_by_nothing_that_a_telephone_says_of_them() -> None:
    mentions = [
        {"name": "+33639981003", "start": 8, "length": 1, "uuid": KIM},
        {"name": "Kim", "start": 3, "length": 1, "uuid": PAUL},
    ]
    said = message(message="🔔 \ufffc et \ufffc, \ufffc !", mentions=mentions)
    assert said.text == "🔔 @membre et @membre, @membre !"
    assert said.mentions == (Mention(2, 7, PAUL), Mention(13, 7, KIM)), "characters, not UTF-16"


@pytest.mark.parametrize(
    "mentions",
    [
        "x",
        [None, 3, {}],
        [{"start": -1, "length": 1, "uuid": "a"}],
        [{"start": 0, "length": 0, "uuid": "a"}],
        [{"start": 4, "length": 9, "uuid": "a"}],
        [{"start": 0, "length": 2**70, "uuid": "a"}],
        [{"start": "0", "length": 1, "uuid": "a"}],
    ],
)
def test_a_mention_that_lies_nowhere_is_none(mentions: object) -> None:
    said = message(message="Bonjour", mentions=mentions)
    assert (said.text, said.mentions) == ("Bonjour", ())


def test_a_mention_within_another_is_left_out() -> None:
    mentions = [
        {"start": 0, "length": 3, "uuid": PAUL},
        {"start": 1, "length": 1, "uuid": KIM},
    ]
    said = message(message="abcd", mentions=mentions)
    assert (said.text, said.mentions) == ("@membred", (Mention(0, 7, PAUL),))


@pytest.mark.parametrize("kind", ["group change"])
def test_what_has_no_body_says_nothing(kind: str) -> None:
    assert list(read_envelope(envelope(kind), OWN)) == []


@pytest.mark.parametrize(
    "content",
    [
        {"typingMessage": {"action": "STARTED", "timestamp": 1}},
        {"callMessage": {"offerMessage": {}}},
        {"storyMessage": {}},
        {"syncMessage": {}},
        {"syncMessage": {"readMessages": [{"timestamp": 1}]}},
        {"dataMessage": {"timestamp": 1, "message": None, "expiresInSeconds": 3600}},
        {"dataMessage": {"timestamp": "soon", "message": "x"}},
        {"dataMessage": {"timestamp": -1, "message": "x"}},
        {"dataMessage": {"timestamp": 10**18, "message": "x"}},
        {"dataMessage": "x"},
        {"dataMessage": {"timestamp": 1, "remoteDelete": {"timestamp": None}}},
        {"dataMessage": {"timestamp": 1, "reaction": {"emoji": None}}},
        {"editMessage": {"dataMessage": {"timestamp": 1, "message": "x"}}},
        {"receiptMessage": {"timestamps": None}},
        {},
    ],
)
def test_what_does_not_concern_us_or_makes_no_sense_is_passed_over(content: Any) -> None:
    base = {k: v for k, v in envelope("receipt").items() if k != "receiptMessage"}
    assert list(read_envelope({**base, **content}, OWN)) == []
    assert list(read_envelope(content, OWN)) == []


class TestOurOwnPhone:
    """The municipal police's own phone, to which we are linked."""

    @staticmethod
    def sent(**more: object) -> Mapping[str, object]:
        base = {k: v for k, v in envelope("receipt").items() if k != "receiptMessage"}
        base |= {"sourceUuid": OWN.aci, "sourceNumber": OWN.number}
        message = {"timestamp": 17, "message": "Patrouille en route", "expiresInSeconds": 0}
        return {**base, "syncMessage": {"sentMessage": {**message, **more}}}

    def test_what_they_write_in_a_group_counts(self) -> None:
        thing = one(self.sent(groupInfo={"groupId": GROUP, "type": "DELIVER"}))
        assert isinstance(thing, Message)
        assert (thing.key, thing.sender, thing.group) == ("17", OWN.aci, GROUP)

    def test_what_they_write_to_somebody_else_is_none_of_our_business(self) -> None:
        assert list(read_envelope(self.sent(destinationUuid=PAUL), OWN)) == []

    def test_what_they_write_to_themselves_is_for_the_service(self) -> None:
        thing = one(self.sent(destinationUuid=OWN.aci, destinationNumber=OWN.number))
        assert isinstance(thing, Message)
        assert thing.group is None

    def test_their_corrections_count_too(self) -> None:
        data = {"timestamp": 18, "message": "Corrigé", "groupInfo": {"groupId": GROUP}}
        edit = {"targetSentTimestamp": 17, "dataMessage": data}
        thing = one(self.sent(message=None, editMessage=edit))
        assert isinstance(thing, Edited)
        assert (thing.key, thing.target, thing.group) == ("18", "17", GROUP)


ODD = st.sampled_from([None, True, 0, -1, 10**30, "", "x", [], [None], [{}], {}, {"id": None}])
PARTS = st.sampled_from(
    "timestamp message groupInfo mentions attachments quote reaction remoteDelete sentMessage "
    "dataMessage editMessage targetSentTimestamp timestamps emoji id".split()
)


@examples(100)
@given(
    st.dictionaries(
        st.sampled_from(["dataMessage", "editMessage", "receiptMessage", "syncMessage"]),
        st.dictionaries(PARTS, ODD | st.dictionaries(PARTS, ODD, max_size=4), max_size=6),
    )
)
def test_a_hostile_envelope_never_crashes(content: dict[str, Any]) -> None:
    base = {k: v for k, v in envelope("receipt").items() if k != "receiptMessage"}
    assert all(isinstance(read, Read) for read in read_envelope({**base, **content}, OWN))
