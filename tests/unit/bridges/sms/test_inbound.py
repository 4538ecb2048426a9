"""What Kannel says of an inbound SMS, in whatever alphabet it came."""

from datetime import UTC, datetime
from urllib.parse import quote_from_bytes, quote_plus

import pytest

from bridges.protocol import Message
from bridges.sms.inbound import read_message

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


def read(query: str) -> Message | None:
    return read_message(query, "FR", lambda: NOW)


def test_a_message() -> None:
    text = quote_plus("Vol à l'étalage : 20 € + 3")
    query = f"from=%2B33639981001&to=38999&text={text}&coding=0&charset=UTF-8&at=1795278567&id=a-1"
    assert read(query) == Message(
        key="a-1",
        sender="+33639981001",
        text="Vol à l'étalage : 20 € + 3",
        sent_at=datetime(2026, 11, 21, 16, 29, 27, tzinfo=UTC),
        sender_number="+33639981001",
    )


@pytest.mark.parametrize("sender", ["%2B33639981001", "+33639981001", "33639981001", "0639981001"])
def test_however_the_sender_is_written(sender: str) -> None:
    message = read(f"from={sender}&text=x")
    assert message is not None
    assert message.sender == "+33639981001"


def test_a_short_code_or_a_name_stays_as_it_is() -> None:
    message = read("from=36180&text=promo")
    assert message is not None
    assert (message.sender, message.sender_number) == ("36180", None)


@pytest.mark.parametrize(
    ("coding", "charset", "encoding"),
    [
        ("2", "UTF-16BE", "utf-16-be"),
        ("2", "UCS-2", "utf-16-be"),
        ("0", "UTF-8", "utf-8"),
        ("0", "ISO-8859-1", "latin-1"),
    ],
)
def test_each_alphabet(coding: str, charset: str, encoding: str) -> None:
    text = quote_from_bytes("Forêt brûlée".encode(encoding))
    message = read(f"from=33639981001&text={text}&coding={coding}&charset={charset}")
    assert message is not None
    assert message.text == "Forêt brûlée"


@pytest.mark.parametrize("charset", ["nonsense", "ascii", ""])
def test_an_alphabet_that_is_wrong_loses_no_readable_letter(charset: str) -> None:
    message = read(f"from=33639981001&text=for%C3%AAt%FF&charset={charset}")
    assert message is not None
    assert message.text == "forêt\ufffd"


def test_without_an_id_the_same_sms_has_the_same_key() -> None:
    one, again = read("from=36180&text=x&at=5"), read("from=36180&text=x&at=5")
    other = read("from=36180&text=y&at=5")
    assert one is not None
    assert again is not None
    assert other is not None
    assert one.key == again.key != other.key


@pytest.mark.parametrize("at", ["", "yesterday", "9" * 40])
def test_without_a_time_it_is_now(at: str) -> None:
    message = read(f"from=36180&text=x&at={at}")
    assert message is not None
    assert message.sent_at == NOW


@pytest.mark.parametrize("query", ["", "text=x", "from=&text=x", "from=36180", "&&&=", "%%%"])
def test_what_makes_no_message(query: str) -> None:
    assert read(query) is None


def test_an_empty_text_is_a_message() -> None:
    message = read("from=36180&text=")
    assert message is not None
    assert message.text == ""
