"""vodozemac in libolm's clothes."""

import sys
from types import ModuleType

import pytest

from appservice.matrix.crypto import vodozemac_olm as olm


def conversation() -> tuple[olm.Account, olm.Session, olm.Account]:
    alice, bob = olm.Account(), olm.Account()
    bob.generate_one_time_keys(1)
    (key,) = bob.one_time_keys["curve25519"].values()
    return alice, olm.OutboundSession(alice, bob.identity_keys["curve25519"], key), bob


def inbound(alice: olm.Account, bob: olm.Account, message: olm.OlmPreKeyMessage) -> olm.Session:
    return olm.InboundSession(bob, message, alice.identity_keys["curve25519"])


def test_the_first_message_is_read_though_the_session_was_made_of_it() -> None:
    alice, session, bob = conversation()
    message = session.encrypt("bonjour")
    assert isinstance(message, olm.OlmPreKeyMessage)
    theirs = inbound(alice, bob, message)
    # mautrix puts the session away and takes it out before it reads.
    theirs = olm.Session.from_pickle(theirs.pickle("k"), "k")
    assert theirs.decrypt(message) == "bonjour"
    answer = theirs.encrypt("bien reçu")
    assert session.decrypt(answer) == "bien reçu"
    later = session.encrypt("ensuite")
    assert isinstance(later, olm.OlmMessage)
    assert theirs.decrypt(later) == "ensuite"


def test_a_message_is_read_once() -> None:
    alice, session, bob = conversation()
    message = session.encrypt("une fois")
    theirs = inbound(alice, bob, message)
    theirs.decrypt(message)
    with pytest.raises(olm.OlmSessionError):
        theirs.decrypt(message)


def test_a_session_knows_its_own_messages() -> None:
    alice, session, bob = conversation()
    message = session.encrypt("à moi")
    theirs = inbound(alice, bob, message)
    assert theirs.matches(message)
    assert not theirs.matches(olm.OlmPreKeyMessage("AAAA"))
    assert not theirs.matches(olm.OlmPreKeyMessage("pas du base64 !"))


@pytest.mark.parametrize("junk", ["", "AAAA", "pas du base64 !", "é" * 50])
def test_junk_is_refused_in_mautrix_s_words(junk: str) -> None:
    alice, session, bob = conversation()
    with pytest.raises(olm.OlmSessionError):
        olm.InboundSession(bob, olm.OlmPreKeyMessage(junk), alice.identity_keys["curve25519"])
    with pytest.raises(olm.OlmSessionError):
        session.decrypt(olm.OlmMessage(junk))
    with pytest.raises(olm.OlmGroupSessionError):
        olm.InboundGroupSession(junk)
    with pytest.raises(olm.OlmSessionError):
        olm.OutboundSession(alice, junk, junk)


def test_what_is_put_away_opens_with_its_key_only() -> None:
    account = olm.Account()
    pickled = account.pickle("clef")
    assert olm.Account.from_pickle(pickled, "clef").identity_keys == account.identity_keys
    with pytest.raises(ValueError, match=r"(?i)mac|pickle|decrypt"):
        olm.Account.from_pickle(pickled, "autre")


def test_a_room_s_key_opens_what_follows_and_nothing_before() -> None:
    ours = olm.OutboundGroupSession()
    before = ours.encrypt("avant")
    theirs = olm.InboundGroupSession(ours.session_key)
    assert theirs.id == ours.id
    assert theirs.decrypt(ours.encrypt("après")) == ("après", 1)
    with pytest.raises(olm.OlmGroupSessionError):
        theirs.decrypt(before)
    exported = olm.InboundGroupSession.import_session(theirs.export_session(1))
    assert exported.first_known_index == 1
    with pytest.raises(olm.OlmGroupSessionError):
        theirs.export_session(0)


def test_a_process_with_libolm_in_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "olm", ModuleType("olm"))
    with pytest.raises(ImportError, match="vodozemac"):
        olm.install()
    monkeypatch.setitem(sys.modules, "olm", olm)
    olm.install()
