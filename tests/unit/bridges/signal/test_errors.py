"""Each failure of signal-cli says what can be done about it."""

import pytest
from support.signal_shapes import SHAPES

from bridges.protocol import Outcome, Rejected, Throttled, Unknown
from bridges.signal.errors import CallRefused, Meaning, read_refusal, read_result
from bridges.signal.outcome import outcome_of


def refused(shape: str) -> CallRefused:
    recorded = SHAPES[shape]
    return CallRefused(recorded["code"], recorded["message"], recorded["data"])


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (refused("send to an unregistered number"), Rejected("unregistered")),
        (refused("send when a challenge is asked"), Throttled(120, "challenge_required")),
        (refused("send too fast"), Throttled(60, "rate_limited")),
        (refused("send while Signal is out of reach"), Unknown("network")),
        (refused("send to a group that is not"), Rejected("unknown_group")),
        (refused("send nothing"), Rejected("refused")),
        (refused("add somebody unregistered"), Rejected("unregistered")),
        (CallRefused(-1, "User is not a member in group: X"), Rejected("not_in_group")),
        (
            CallRefused(-1, "User +33639981000 is not registered."),
            Throttled(120, "account_not_registered"),
        ),
        (CallRefused(-3, "Connection reset"), Unknown("io")),
        (CallRefused(-4), Throttled(30, "untrusted_identity", alone=True)),
        (CallRefused(-6), Throttled(120, "captcha_rejected")),
        (CallRefused(-32601), Rejected("unknown_method")),
        (CallRefused(-32603, "NullPointerException"), Unknown("internal")),
        (CallRefused(-77, "something of a later version"), Unknown("unexpected")),
        (CallRefused(0, "", data=["not", "an", "object"]), Unknown("unexpected")),
    ],
)
def test_error_answers(error: CallRefused, outcome: Outcome) -> None:
    assert outcome_of(read_refusal(error)) == outcome


def test_what_needs_a_human_says_what_to_do_in_french() -> None:
    for error in (CallRefused(-4), CallRefused(-6), refused("send when a challenge is asked")):
        reading = read_refusal(error)
        assert reading.meaning is Meaning.HUMAN
        assert "maillage signal" in reading.advice


def test_signal_says_how_long_to_wait() -> None:
    reading = read_result({"type": "RATE_LIMIT_FAILURE", "retryAfterSeconds": 86})
    assert reading is not None
    assert reading.after == 86


def test_of_several_failures_the_least_certain_counts() -> None:
    results = [{"type": kind} for kind in ("UNREGISTERED_FAILURE", "NETWORK_FAILURE")]
    error = CallRefused(-1, "Failed", {"response": {"results": results}})
    assert outcome_of(read_refusal(error)) == Unknown("network")


def test_a_result_of_a_later_version_is_not_taken_for_a_success() -> None:
    reading = read_result({"type": "PROOF_OF_SOMETHING"})
    assert reading is not None
    assert reading.meaning is Meaning.UNKNOWN


def test_an_error_never_shows_its_message_when_printed() -> None:
    assert "+33" not in str(refused("add somebody unregistered"))
