"""What officers are shown is what the bridge sends, to the letter and to the SMS."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appservice.domain.telephone.shown import Shown, shown
from appservice.domain.text import gsm7_length
from bridges.sms.segments import Encoding, prepare

FRENCH = st.text(
    st.sampled_from(
        "abcdefghijklmnopqrstuvwxyzABCDEFÉÀÊÇéèàùâêîôûëïüçœŒ0123456789 .,;:!?'\"’«»–—…°€[]{}^|~"
        "\n🚨🙂\u00a0\u202f"
    ),
    max_size=400,
)


@pytest.mark.parametrize(
    ("text", "gsm7_only", "expected"),
    [
        ("Vol à Liffré", True, Shown("Vol à Liffré", True, 12, 1)),
        ("Contrôlez l’arrière", True, Shown("Controlez l'arrière", True, 19, 1)),
        ("Contrôlez l’arrière", False, Shown("Contrôlez l’arrière", False, 19, 1)),
        ("« Vol » – 5 €", False, Shown('" Vol " - 5 €', True, 14, 1)),
        ("é" * 161, True, Shown("é" * 161, True, 161, 2)),
        ("ê" + "e" * 158, False, Shown("ê" + "e" * 158, False, 159, 3)),
        ("€" * 77, True, Shown("€" * 77, True, 154, 1)),
        ("a" + "€" * 80, True, Shown("a" + "€" * 80, True, 161, 2)),
        ("🚨" * 36, False, Shown("🚨" * 36, False, 72, 2)),
        ("", True, Shown("", True, 0, 1)),
    ],
)
def test_a_text_on_a_telephone(text: str, gsm7_only: bool, expected: Shown) -> None:
    assert shown(text, gsm7_only=gsm7_only) == expected


@given(FRENCH, st.booleans())
def test_the_bridge_sends_what_was_shown(text: str, gsm7_only: bool) -> None:
    seen = shown(text, gsm7_only=gsm7_only)
    sent = prepare(seen.text, gsm7_only=gsm7_only)
    assert (sent.text, sent.units, sent.segments) == (seen.text, seen.units, seen.segments)
    assert (sent.encoding is Encoding.GSM7) is seen.gsm7


@given(FRENCH)
def test_the_length_that_was_judged_is_the_length_that_is_sent(text: str) -> None:
    seen = shown(text, gsm7_only=True)
    assert seen.units == gsm7_length(text)
    assert (seen.segments == 1) is (gsm7_length(text) <= 160)
