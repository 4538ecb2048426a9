"""Whatever is written, the judge answers, points inside it, and publishes no merchant."""

import string
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import examples
from support.shipped_policy import policy

from appservice.domain.moderation import ROLES, Decision, Submission, judge
from appservice.domain.moderation.explain import explain
from appservice.domain.moderation.rewrite import suggest
from appservice.domain.text import SINGLE_SMS_SEPTETS, gsm7_length

POLICY = policy()
WORDS = sorted(POLICY.grammar.words)

plates = st.builds(
    lambda a, n, b, gap: f"{a}{gap}{n:03}{gap}{b}",
    st.text("ABCDEFGHJKLMNPQRSTVWXYZ", min_size=2, max_size=2),
    st.integers(1, 999),
    st.text("ABCDEFGHJKLMNPQRSTVWXYZ", min_size=2, max_size=2),
    st.sampled_from(["-", "", " - ", "."]),
)
phones = st.builds(
    lambda first, pairs, gap: gap.join([f"0{first}", *(f"{p:02}" for p in pairs)]),
    st.integers(1, 9).filter(lambda digit: digit != 8),
    st.lists(st.integers(0, 99), min_size=4, max_size=4),
    st.sampled_from(["", " ", ".", "-"]),
)
mails = st.builds(
    lambda name, host, end: f"{name}@{host}.{end}",
    st.text(string.ascii_lowercase, min_size=2, max_size=12),
    st.text(string.ascii_lowercase, min_size=2, max_size=12),
    st.sampled_from(["fr", "com", "net"]),
)


@examples(60)
@given(st.text(max_size=400), st.sampled_from(ROLES))
def test_any_text_is_answered_and_pointed_at(text: str, role: str) -> None:
    verdict = judge(Submission(text, role), POLICY)
    assert verdict == judge(Submission(text, role), POLICY)
    for finding in verdict.findings:
        for start, end in finding.spans:
            assert 0 <= start <= end <= len(text)
    better = suggest(text, verdict)
    assert better is None or gsm7_length(better) <= SINGLE_SMS_SEPTETS
    assert next(explain(Submission(text, role), verdict, POLICY)).startswith("décision : ")
    assert all(list(explain(Submission(text, role), verdict, POLICY)))


@examples(60)
@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
def test_no_message_of_a_merchant_is_ever_published(text: str) -> None:
    assert judge(Submission(text, "merchant"), POLICY).decision is not Decision.PUBLISH


@examples(40)
@given(st.text("bcdfghjkmnpqrtwz ", max_size=80), st.sampled_from(ROLES))
def test_what_is_not_understood_is_not_published(text: str, role: str) -> None:
    assert judge(Submission(text, role), POLICY).decision is not Decision.PUBLISH


@examples(40)
@given(plates)
def test_a_standard_plate_is_found(plate: str) -> None:
    verdict = judge(Submission(f"Vol à Redon, fourgon {plate} en fuite", "gendarme"), POLICY)
    assert "licence-plate" in verdict.rules


@examples(40)
@given(st.one_of(phones, mails))
def test_a_phone_or_a_mail_is_found(contact: str) -> None:
    verdict = judge(Submission(f"Vol constaté à Redon, appelez {contact}", "gendarme"), POLICY)
    assert "contact-details" in verdict.rules


spelt = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)
signs = st.text(st.sampled_from("ab1é€@.,;!?«’-_*/\\\n\t 🔪\u202e\u0301"), min_size=1, max_size=6)


def _work(text: str) -> int:
    """Calls of Python and of C that judging takes: the same on any machine, busy or not."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        judge(Submission(text, "gendarme"), POLICY)
    finally:
        sys.setprofile(None)
    return calls


@examples(12)
@given(st.one_of(spelt, signs))
def test_work_grows_with_length_and_no_faster(seed: str) -> None:
    """Four times the text is four times the work, whatever is said over and over."""
    once = f"{seed} " * max(1, 400 // (len(seed) + 1))
    judge(Submission(once, "gendarme"), POLICY)  # what a word opens is remembered
    assert _work(once * 4) < 6 * _work(once) + 2_000


def _seconds(text: str) -> float:
    started = time.process_time()
    judge(Submission(text, "gendarme"), POLICY)
    return time.process_time() - started


@pytest.mark.parametrize("seed", ["a ", "06 ", "a.", "@", "AB-123-CD ", "\n"])
def test_no_expression_backtracks(seed: str) -> None:
    """Inside one call of C nothing is counted: there the processor's own time is compared."""
    # From 500 to 2,000 characters: four times the work, with a margin for a busy machine.
    short, long = seed * (500 // len(seed)), seed * (2_000 // len(seed))
    assert min(_seconds(long) for _ in range(2)) < 16 * max(
        min(_seconds(short) for _ in range(3)), 0.002
    )
