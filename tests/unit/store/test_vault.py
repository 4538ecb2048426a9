"""Sealing without a database: what opens where, what is remembered, and for how long."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.store_builders import HandClock

from appservice.store.vault import BrokenSeal, DataKey, Vault, open_words, seal_words


@dataclass
class Given:
    """Secrets of a test."""

    master: Mapping[str, bytes] = field(default_factory=lambda: {"m1": b"1" * 32})
    index: bytes = b"i" * 32
    territories: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)

    def of_territories(self) -> Mapping[str, Mapping[str, bytes]]:
        return self.territories


def vault(capacity: int = 100, clock: HandClock | None = None) -> Vault:
    return Vault(Given(), clock or HandClock(), capacity)


@given(st.binary(), st.text(min_size=1), st.text())
def test_what_is_sealed_opens_and_shows_nothing(plain: bytes, owner: str, column: str) -> None:
    key, wrapped = vault().new_key(owner)
    sealed = key.seal(column, plain)
    assert vault().unwrap(owner, "m1", wrapped).open(column, sealed) == plain
    assert len(sealed) == len(plain) + 28
    assert len(plain) < 4 or plain not in sealed


@given(st.integers(0, 40), st.integers(1, 255))
def test_one_changed_byte_breaks_the_seal(place: int, change: int) -> None:
    key = DataKey("m1", b"k" * 32)
    sealed = bytearray(key.seal("t.c", b"treize lettre"))
    sealed[place] ^= change
    with pytest.raises(BrokenSeal):
        key.open("t.c", bytes(sealed))


def test_another_column_or_owner_does_not_open() -> None:
    sealed = DataKey("m1", b"k" * 32).seal("members.sealed", b"texte")
    with pytest.raises(BrokenSeal):
        DataKey("m1", b"k" * 32).open("alerts.sealed", sealed)
    with pytest.raises(BrokenSeal):
        DataKey("m2", b"k" * 32).open("members.sealed", sealed)


def test_a_wrapped_key_belongs_to_its_owner_and_its_master_key() -> None:
    _, wrapped = vault().new_key("m1")
    with pytest.raises(BrokenSeal):
        vault().unwrap("m2", "m1", wrapped)
    with pytest.raises(BrokenSeal, match="clé maîtresse m2"):
        vault().unwrap("m1", "m2", wrapped)
    with pytest.raises(BrokenSeal):
        Vault(Given({"m1": b"2" * 32}), HandClock()).unwrap("m1", "m1", wrapped)


def test_keys_are_remembered_for_a_while() -> None:
    clock = HandClock()
    here = vault(clock=clock)
    key, _ = here.new_key("m1")
    assert here.known("m1") is None
    here.remember({"m1": key})
    assert here.known("m1") is key
    clock.advance(timedelta(minutes=5))
    assert here.known("m1") is None


def test_a_forgotten_key_is_not_known() -> None:
    here = vault()
    here.remember({"m1": here.new_key("m1")[0]})
    here.forget("m1")
    here.forget("m1")
    assert here.known("m1") is None


def test_memory_is_bounded_and_keeps_what_is_used() -> None:
    here = vault(capacity=3)
    for owner in ("m1", "m2", "m3"):
        here.remember({owner: here.new_key(owner)[0]})
    assert here.known("m1") is not None
    here.remember({"m4": here.new_key("m4")[0]})
    assert [owner for owner in ("m1", "m2", "m3", "m4") if here.known(owner)] == ["m1", "m3", "m4"]


def test_an_index_tells_kinds_apart_and_depends_on_its_key() -> None:
    here = vault()
    assert here.index("sms", "+33612345678") == here.index("sms", "+33612345678")
    assert here.index("sms", "+33612345678") != here.index("signal", "+33612345678")
    assert here.index("a", "b\0c") != here.index("a\0b", "d")
    assert Vault(Given(index=b"j" * 32), HandClock()).index("sms", "1") != here.index("sms", "1")


def test_words_of_a_shredded_key_are_gone() -> None:
    key = DataKey("m1", b"k" * 32)
    sealed = seal_words(key, "t.c", {"name": "Léa", "shop": None})
    assert open_words(key, "t.c", sealed) == {"name": "Léa", "shop": None}
    assert open_words(None, "t.c", sealed) == {}
