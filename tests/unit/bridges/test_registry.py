"""Channels by name."""

from datetime import UTC, datetime

import pytest

from bridges.registry import FACTORIES
from bridges.signal.bridge import SignalBridge
from bridges.sms.bridge import SmsBridge

SMS = {
    "url": "http://127.0.0.1:13013/cgi-bin/sendsms",
    "username": "maillage",
    "password": "x",
    "sender": "MANTES",
    "secret": "y",
}


def now() -> datetime:
    return datetime(2026, 11, 21, tzinfo=UTC)


def test_each_name_makes_its_bridge() -> None:
    signal = FACTORIES["signal"]({"account": "+33639981000"}, now)
    sms = FACTORIES["kannel"]({**SMS, "name": "sms-35"}, now)
    assert isinstance(signal, SignalBridge)
    assert isinstance(sms, SmsBridge)
    assert (signal.name, sms.name) == ("signal", "sms-35")


def test_abilities_say_what_each_channel_can_do() -> None:
    signal = FACTORIES["signal"]({"account": "+33639981000"}, now)
    sms = FACTORIES["kannel"](SMS, now)
    assert signal.abilities.edits
    assert signal.abilities.groups
    assert sms.abilities.receipts
    assert sms.abilities.needs_opt_in
    assert not sms.abilities.edits


def test_every_mistake_is_named_at_once() -> None:
    wrong = {"url": "http://127.0.0.1", "usrname": "x", "colour": "blue"}
    with pytest.raises(ValueError, match="unknown setting") as mistake:
        FACTORIES["kannel"](wrong, now)
    for name in ("usrname", "colour", "username", "password", "sender", "secret"):
        assert f"'{name}'" in str(mistake.value)
