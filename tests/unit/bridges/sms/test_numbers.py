"""Numbers as people write them."""

import phonenumbers
import pytest

from bridges.sms.numbers import e164, mobile


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("06 39 98 10 01", "+33639981001"),
        ("+33 6 39 98 10 01", "+33639981001"),
        ("0033 639981001", "+33639981001"),
        ("06.12.34.56.78", "+33612345678"),
        ("01 40 20 50 50", "+33140205050"),
        ("+49 1512 3456789", "+4915123456789"),
        ("0612", None),
        ("36180", None),
        ("bonjour", None),
        ("", None),
        ("+999999999999", None),
    ],
)
def test_e164(written: str, number: str | None) -> None:
    assert e164(written) == number


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("06 12 34 56 78", "+33612345678"),
        ("07 56 78 90 12", "+33756789012"),
        ("06 39 98 10 01", "+33639981001"),
        ("01 40 20 50 50", None),
        ("0800 123 456", None),
        ("rien", None),
    ],
)
def test_only_mobiles_read_sms(written: str, number: str | None) -> None:
    assert mobile(written) == number


def test_no_french_number_is_read_otherwise_than_by_the_library() -> None:
    """Those that are written as we keep them go a shorter way."""
    for prefix in range(1000):
        number = f"+33{prefix:03}123456"
        kind = phonenumbers.number_type(phonenumbers.parse(number))
        wanted = number if kind is phonenumbers.PhoneNumberType.MOBILE else None
        assert mobile(number) == wanted, number
