"""How many SMS a text takes, and in which alphabet it leaves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import examples

from bridges.sms.gsm7 import encode
from bridges.sms.segments import Encoding, prepare

GSM7, UCS2 = Encoding.GSM7, Encoding.UCS2


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("a" * 160, GSM7, 160, 1),
        ("a" * 161, GSM7, 161, 2),
        ("a" * 306, GSM7, 306, 2),
        ("a" * 307, GSM7, 307, 3),
        ("a" * 158 + "€", GSM7, 160, 1),
        ("a" * 159 + "€", GSM7, 161, 2),
        # The euro would be cut in the middle: it goes to the second part, then to a third one.
        ("a" * 152 + "€" + "a" * 151, GSM7, 305, 2),
        ("a" * 152 + "€" + "a" * 152, GSM7, 306, 3),
        ("ê" * 70, UCS2, 70, 1),
        ("ê" * 71, UCS2, 71, 2),
        ("ê" * 134, UCS2, 134, 2),
        ("ê" * 135, UCS2, 135, 3),
        ("🚨" * 35, UCS2, 70, 1),
        ("🚨" * 36, UCS2, 72, 2),
        ("ê" * 66 + "🚨" + "ê" * 65, UCS2, 133, 2),
        ("ê" * 66 + "🚨" + "ê" * 66, UCS2, 134, 3),
        ("", GSM7, 0, 1),
    ],
)
def test_counting(text: str, encoding: Encoding, units: int, segments: int) -> None:
    sms = prepare(text)
    assert (sms.encoding, sms.units, sms.segments) == (encoding, units, segments)
    assert sms.text == text


def test_typography_alone_never_costs_a_second_sms() -> None:
    text = "L’homme – « suspect » – n’est plus là…" + "a" * 115
    sms = prepare(text)
    assert (sms.encoding, sms.segments) == (GSM7, 1)
    assert "l'" not in text
    assert sms.text.startswith("L'homme - \" suspect \" - n'est plus là...")


def test_a_circumflex_is_kept_at_its_price() -> None:
    text = "Être prudent. " + "a" * 130
    assert prepare(text).text == text
    assert (prepare(text).encoding, prepare(text).segments) == (UCS2, 3)


def test_unless_the_territory_wants_the_small_alphabet() -> None:
    sms = prepare("Être prudent. " + "a" * 130, gsm7_only=True)
    assert (sms.encoding, sms.segments, sms.text[:12]) == (GSM7, 1, "Etre prudent")


def test_the_ledger_gets_no_content() -> None:
    assert prepare("Vol à l'étalage").detail == "gsm7 1"
    assert prepare("ê" * 71).detail == "ucs2 2"


@given(st.text(max_size=200))
@examples(60)
def test_nothing_is_cut_and_what_is_said_to_fit_fits(text: str) -> None:
    sms = prepare(text)
    if sms.encoding is UCS2:
        assert sms.text == text
        assert sms.units == len(text.encode("utf-16-le", "surrogatepass")) // 2
    else:
        assert sms.units == len(encode(sms.text) or b"")
    single, part = (160, 153) if sms.encoding is GSM7 else (70, 67)
    assert (sms.segments == 1) == (sms.units <= single)
    assert sms.segments * max(single if sms.segments == 1 else part, 1) >= sms.units


@given(st.text(max_size=200))
@examples(60)
def test_the_small_alphabet_always_holds(text: str) -> None:
    assert prepare(text, gsm7_only=True).encoding is GSM7


@pytest.mark.parametrize(
    ("text", "padded"),
    [
        ("ê" * 66 + "🚨" + "ê" * 66, "ê" * 66 + " 🚨" + "ê" * 66),
        ("ê" * 65 + "🚨" + "ê" * 66, "ê" * 65 + "🚨" + "ê" * 66),
        ("ê" * 66 + "🚨", "ê" * 66 + "🚨"),
        ("a" * 152 + "€" * 78, "a" * 152 + "€" * 78),
    ],
)
def test_a_space_keeps_an_emoji_from_being_cut(text: str, padded: str) -> None:
    assert prepare(text).padded == padded


@given(st.text(alphabet="ê🚨a ", min_size=1, max_size=300))
def test_cut_every_67_units_the_padded_text_gives_whole_letters(text: str) -> None:
    sms = prepare("ê" + text)
    data = sms.padded.encode("utf-16-be")
    pieces = [data[n : n + 134] for n in range(0, len(data), 134)]
    assert sms.segments in (1, len(pieces))
    if sms.segments > 1:
        assert "".join(piece.decode("utf-16-be") for piece in pieces) == sms.padded
