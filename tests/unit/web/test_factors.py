"""Passwords and codes: what the standards say, and nothing that a thief could use."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from appservice.web.factors import ScryptPasswords, TotpCodes

# RFC 6238, appendix B: SHA-1, the last six of its eight digits.
SECRET = base64.b32encode(b"12345678901234567890").decode()
VECTORS = [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")]


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_codes_are_those_of_the_standard(seconds: int, code: str):
    step = TotpCodes().step(SECRET, code, at(seconds))
    assert step == seconds // 30


def test_a_phone_may_be_half_a_minute_off_and_no_more():
    codes, now = TotpCodes(), at(1234567890)
    for off in (-30, 0, 30):
        assert codes.step(SECRET, "005924", now + timedelta(seconds=off)) == 1234567890 // 30
    for off in (-61, 61):
        assert codes.step(SECRET, "005924", now + timedelta(seconds=off)) is None


@pytest.mark.parametrize("code", ["", "00592", "0059245", "00592a", "٠٠٥٩٢٤", "-05924", "005 92"])
def test_what_is_not_six_digits_is_no_code(code: str):
    assert TotpCodes().step(SECRET, code, at(1234567890)) is None


def test_spaces_in_a_code_are_as_people_type_them():
    assert TotpCodes().step(SECRET, " 005 924 ", at(1234567890)) is not None


def test_secrets_are_long_and_never_the_same():
    codes = TotpCodes()
    secrets = {codes.new_secret() for _ in range(20)}
    assert len(secrets) == 20
    assert all(len(base64.b32decode(secret)) >= 20 for secret in secrets)
    assert codes.address(SECRET, "a@b.fr").startswith("otpauth://totp/Maillage:a%40b.fr?secret=")


async def test_a_password_matches_its_hash_only():
    passwords = ScryptPasswords()
    one, two = await passwords.hash("une phrase é"), await passwords.hash("une phrase é")
    assert one != two
    assert "phrase" not in one
    assert await passwords.matches("une phrase é", one)
    assert not await passwords.matches("une phrase e", one)
    assert not await passwords.matches("", "")
