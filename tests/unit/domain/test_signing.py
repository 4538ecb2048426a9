"""Links to sign by, their codes, and the evidence that is kept."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.store_builders import NOON

from appservice.domain.enrolment import LANGUAGES
from appservice.domain.ids import MemberId
from appservice.domain.signing import (
    CODE_EVERY,
    CODE_LASTS,
    LINK_LASTS,
    MOST_CODES,
    MOST_TRIES,
    Evidence,
    SigningLink,
    evidence_from,
    six_digits,
)
from appservice.domain.telephone.shown import shown
from appservice.domain.wording.signing import code_text

LINK = SigningLink(b"d" * 32, MemberId("m1"), "mairie", NOON, NOON + LINK_LASTS)


def test_the_states_of_a_link():
    assert LINK.state(NOON) == "open"
    assert LINK.state(NOON + LINK_LASTS) == "expired"
    assert replace(LINK, revoked_at=NOON).state(NOON) == "revoked"
    assert replace(LINK, used_at=NOON).state(NOON + LINK_LASTS) == "used"


def test_a_link_is_locked_only_when_no_code_is_left_to_try_nor_to_send():
    link, now = LINK, NOON
    for _ in range(MOST_CODES):
        assert link.may_send(now)
        link, now = link.with_code(b"c" * 32, now), now + CODE_EVERY
    assert not link.may_send(now)
    assert link.state(now) == "open", "the last code may still come in"
    for _ in range(MOST_TRIES):
        link = link.tried()
    assert link.state(now) == "locked"
    assert link.judge(b"c" * 32, now) == "void"
    late = replace(link, code=replace(link.code, tries=0))
    assert late.state(now + CODE_LASTS) == "locked"


def test_a_code_is_asked_for_once_a_minute():
    link = LINK.with_code(b"c" * 32, NOON)
    assert not link.may_send(NOON + CODE_EVERY - timedelta(seconds=1))
    assert link.may_send(NOON + CODE_EVERY)
    assert link.judge(b"c" * 32, NOON) == "right"
    assert link.judge(b"e" * 32, NOON) == "wrong"
    assert LINK.judge(b"c" * 32, NOON) == "none"


def test_evidence_comes_back_as_it_was_hashed():
    evidence = Evidence("Léa « O'Neil »", ("read",), "sms", "42", "fr", "salt")
    assert evidence_from(evidence.payload) == evidence
    assert replace(evidence, salt="other").hash != evidence.hash


@given(st.text())
def test_a_code_has_six_digits(secret: str):
    assert re.fullmatch(r"[0-9]{6}", six_digits(secret))


@pytest.mark.parametrize("language", [*LANGUAGES, "??"])
def test_the_code_s_text_fits_one_sms(language: str):
    for gsm7_only in (True, False):
        seen = shown(code_text("123456", language), gsm7_only=gsm7_only)
        assert (seen.gsm7, seen.segments) == (True, 1)
    assert "123456" in code_text("123456", language)
