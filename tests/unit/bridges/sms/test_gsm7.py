"""The alphabet of phones: what fits, what is made to fit, and never a question mark."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import examples

from bridges.sms.gsm7 import encode, plain_typography, transliterate

FRENCH = "àâäçéèêëîïôöùûüÿœæÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸŒÆ"


@pytest.mark.parametrize("char", "éèàùìòÇÉüöäæÆ§@£\n?")
def test_these_fit_in_one_septet(char: str) -> None:
    assert len(encode(char) or b"") == 1


@pytest.mark.parametrize("char", "€[]{}~^|\\")
def test_these_fit_behind_an_escape(char: str) -> None:
    assert len(encode(char) or b"") == 2


@pytest.mark.parametrize("char", "çêâîôûëïœÀÈÊ«»’“”–—…°\u00a0🚨\x1b")
def test_these_do_not_fit(char: str) -> None:
    assert encode(char) is None


def test_a_raw_escape_is_refused_even_before_a_letter_of_the_extension() -> None:
    assert encode("\x1be") is None


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("«\u00a0Vol\u00a0»", '"Vol"'),
        ("« Vol »", '" Vol "'),
        ("l’étalage – deux…", "l'étalage - deux..."),
        ("n° 3, 14\u202fh", "no 3, 14 h"),
        ("cœur", "coeur"),
        ("e\u0301tal", "étal"),
        ("un\r\ndeux", "un\ndeux"),
        ("Préfecture", "Préfecture"),
    ],
)
def test_typography_becomes_plain_and_accents_stay(typed: str, sent: str) -> None:
    assert plain_typography(typed) == sent


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("Être prêt, ça suffit", "Etre pret, ca suffit"),
        ("Hôtel de l'Île, garçon", "Hotel de l'Ile, garcon"),
        ("Vol 🚨 signalé", "Vol  signalé"),
        ("10 000 ₣", "10 000"),
        ("Łódź, Škoda", "Lodz, Skoda"),
        ("ﬁn", "fin"),
    ],
)
def test_what_remains_is_the_nearest_that_fits(typed: str, sent: str) -> None:
    assert transliterate(typed) == sent


@given(st.text(alphabet=FRENCH + " abcXYZ019'’«»—…,.!", max_size=80))
@examples(60)
def test_french_always_fits_and_loses_no_letter(text: str) -> None:
    sent = transliterate(text)
    assert encode(sent) is not None
    letters = sum(char.isalnum() for char in text)
    assert sum(char.isalnum() for char in sent) >= letters
    assert "?" not in sent


@given(st.text(max_size=60))
@examples(60)
def test_no_text_gains_a_question_mark(text: str) -> None:
    sent = transliterate(text)
    assert encode(sent) is not None
    # Unicode itself decomposes a few signs into real question marks (U+2047, U+FF1F…).
    assert sent.count("?") <= sum("?" in _decomposed(char) for char in text) * 2


def _decomposed(char: str) -> str:
    return unicodedata.normalize("NFKD", char)
