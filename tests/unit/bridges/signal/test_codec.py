"""Lines of JSON-RPC: whatever comes in, nothing crashes and nothing after it is lost."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import examples
from support.signal_shapes import SHAPES

from bridges.signal.codec import (
    Garbage,
    LineDecoder,
    Received,
    Refusal,
    Result,
    decode,
    encode,
)


def line(**said: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", **said}).encode() + b"\n"


EVENT = SHAPES["event: message"]
STREAM = b"".join(
    (
        line(id="1", result={"timestamp": 1}),
        b"this is not JSON\n",
        line(method="receive", params=EVENT),
        b"\n",
        line(id="2", error={"code": -1, "message": "No recipients given", "data": None}),
    )
)
SAID = [
    Result("1", {"timestamp": 1}),
    Garbage("not_json"),
    Received(EVENT["result"]["envelope"], "+33639981000", None, 0),
    Refusal("2", -1, "No recipients given", None),
]


def test_a_request_is_one_line() -> None:
    written = encode("7", "send", {"message": "Vol\nà l'étalage", "recipient": ["+33639981001"]})
    assert written.count(b"\n") == 1
    assert json.loads(written) == {
        "jsonrpc": "2.0",
        "id": "7",
        "method": "send",
        "params": {"message": "Vol\nà l'étalage", "recipient": ["+33639981001"]},
    }


@examples(40)
@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_however_the_stream_is_cut_the_same_is_said(cuts: list[int]) -> None:
    decoder, said = LineDecoder(), []
    edges = [0, *sorted(cuts), len(STREAM)]
    for start, end in itertools.pairwise(edges):
        said += decoder.feed(STREAM[start:end])
    assert said == SAID


@examples(40)
@given(st.binary(max_size=400))
def test_noise_never_crashes_and_the_next_line_is_read(noise: bytes) -> None:
    decoder = LineDecoder()
    decoder.feed(noise + b"\n")
    assert decoder.feed(line(id="1", result=None)) == [Result("1", None)]


ODD = st.sampled_from([None, True, 0, 10**30, "", "x", "receive", [], [1], {}, {"result": 1}])
NAMES = st.sampled_from(["id", "method", "params", "result", "error", "jsonrpc"])


@examples(40)
@given(st.dictionaries(NAMES, ODD))
def test_any_object_is_read_as_something(said: dict[str, Any]) -> None:
    assert isinstance(decode(json.dumps(said).encode()), Result | Refusal | Received | Garbage)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"[]", "not_an_object"),
        (b"{}", "neither_answer_nor_event"),
        (b"[" * 100_000, "not_json"),
        (b'{"method": "somethingNew", "params": {}}', "unknown_notification"),
        (b'{"method": "receive", "params": {"account": "x"}}', "event_without_envelope"),
        (b'{"method": "receive", "params": {"subscription": 0}}', "event_without_envelope"),
        (b'{"id": 1, "error": "no"}', "error_not_an_object"),
    ],
)
def test_what_makes_no_sense_is_named_without_content(said: bytes, reason: str) -> None:
    assert decode(said) == Garbage(reason)


def test_events_of_the_automatic_modes_are_not_wrapped() -> None:
    plain = decode(line(method="receive", params=EVENT["result"]))
    assert plain == Received(EVENT["result"]["envelope"], "+33639981000", None, None)


def test_fields_of_later_versions_are_left_alone() -> None:
    later = {**EVENT, "result": {**EVENT["result"], "novelty": [1]}, "more": {}}
    read = decode(line(method="receive", params=later, trace="x"))
    assert isinstance(read, Received)
    assert read.envelope == EVENT["result"]["envelope"]


def test_an_unreadable_message_says_why_but_not_who() -> None:
    read = decode(line(method="receive", params=SHAPES["event: unreadable"]))
    assert isinstance(read, Received)
    assert read.exception == "UntrustedIdentityException"


def test_a_number_as_id_is_an_id_too() -> None:
    assert decode(line(id=3, result=1)) == Result("3", 1)


def test_a_parse_error_has_no_id() -> None:
    read = decode(line(id=None, error={"code": -32700, "message": "Parse error"}))
    assert read == Refusal(None, -32700, "Parse error")


def test_a_line_beyond_the_limit_is_dropped_and_the_next_is_read() -> None:
    decoder = LineDecoder(max_line=100)
    assert decoder.feed(b"x" * 60) == []
    assert decoder.feed(b"x" * 60) == []
    assert decoder.feed(b"x" * 60) == []
    said = decoder.feed(b"x\n" + line(id="1", result=1))
    assert said == [Garbage("line_too_long"), Result("1", 1)]
