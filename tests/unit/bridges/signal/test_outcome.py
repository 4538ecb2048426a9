"""A success answer is read recipient by recipient."""

from typing import Any

import pytest
from support.signal_shapes import SHAPES

from bridges.protocol import Accepted, Unknown
from bridges.signal.errors import Meaning, Reading
from bridges.signal.outcome import read_answer


def answer(*kinds: str) -> dict[str, Any]:
    results = [
        {"recipientAddress": {"uuid": f"aci-{n}", "number": None}, "type": kind}
        for n, kind in enumerate(kinds)
    ]
    return {"timestamp": 1795278567358, "results": results}


def test_the_timestamp_is_the_provider_id() -> None:
    assert read_answer(SHAPES["send"]) == Accepted("1795278567358")


def test_partial_failure_names_who_was_not_reached() -> None:
    read = read_answer(answer("SUCCESS", "UNREGISTERED_FAILURE", "IDENTITY_FAILURE"))
    assert read == Accepted(
        "1795278567358", detail="unregistered untrusted_identity", failed=("aci-1", "aci-2")
    )


def test_a_success_answer_in_which_nobody_was_reached_is_a_failure() -> None:
    read = read_answer(answer("UNREGISTERED_FAILURE", "UNREGISTERED_FAILURE"))
    assert isinstance(read, Reading)
    assert (read.code, read.meaning) == ("unregistered", Meaning.PERMANENT)


def test_a_group_where_we_are_alone_takes_the_message() -> None:
    assert read_answer(SHAPES["send to a group alone"]) == Accepted("1795278582863")


@pytest.mark.parametrize("strange", [None, {}, [], 3, {"timestamp": "1", "results": []}])
def test_an_answer_we_cannot_read_is_unknown(strange: object) -> None:
    assert read_answer(strange) == Unknown("unreadable_answer")


def test_somebody_without_address_has_no_name() -> None:
    strange = {"timestamp": 1, "results": [{"type": "NETWORK_FAILURE"}, {"type": "SUCCESS"}]}
    assert read_answer(strange) == Accepted("1", detail="network", failed=("?",))
