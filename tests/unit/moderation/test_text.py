"""The length that counts is the one a telephone will count."""

import pytest

from appservice.domain.text import SINGLE_SMS_SEPTETS, gsm7_length, to_gsm7


@pytest.mark.parametrize(
    ("text", "septets"),
    [
        ("a" * 160, 160),
        ("a" * 158 + "€€€", 164),
        ("ê" * 80 + "ç" * 80, 160),
        ("a" * 159 + "🚗", 159),
        ("Cœur", 5),
        ("deux   espaces\net\tplus", 20),
        ("[5]", 5),
        ("", 0),
    ],
)
def test_septets_of_the_transliteration(text: str, septets: int) -> None:
    assert gsm7_length(text) == septets


def test_typographic_signs_become_plain_ones() -> None:
    assert to_gsm7("« L’été », dit-il… n° 3") == '" L\'été ", dit-il... no 3'


def test_a_single_sms_holds_160_septets() -> None:
    assert SINGLE_SMS_SEPTETS == 160
