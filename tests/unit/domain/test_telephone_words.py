"""STOP is a right; a report that begins with « stop » is not a STOP."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appservice.domain.commands.telephone import Word, word_of

STOPS = (
    "STOP",
    "stop",
    " Stop. ",
    "S T O P",
    "S.T.O.P.",
    "s-t-o-p",
    "STOP SMS",
    "« stop sms »",
    "stopsms",
    "Stop svp merci",
    "STOP s'il vous plaît",
    "Bonjour, stop merci",
    "S.T.O.P. svp",
    "non merci, stop",
    "ARRET",
    "Arrêt",
    "ARRÊT !!!",
    "arrêtez les messages",
    "Désinscription",
    "DÉSINSCRIPTION.",
    "je veux me désinscrire",
    "DESABONNEMENT",
    "Désabonner",
    "désabonnez-moi",
    "plus de SMS",
    "Je ne veux plus de messages",
    "st\u200bop",
    "ＳＴＯＰ",
)


@pytest.mark.parametrize("text", STOPS)
def test_french_ways_to_say_stop(text: str) -> None:
    assert word_of(text) is Word.STOP


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("OUI", Word.YES),
        ("oui !", Word.YES),
        ("O.U.I", Word.YES),
        ("Oui merci", Word.YES),
        ("ok", Word.YES),
        ("D'accord", Word.YES),
        ("d’accord", Word.YES),
        ("J'accepte", Word.YES),
        ("START", Word.YES),
        ("reprendre", Word.YES),
        ("Non merci", Word.NO),
        ("AIDE", Word.HELP),
        ("Aide svp", Word.HELP),
        ("help", Word.HELP),
    ],
)
def test_other_words(text: str, word: Word) -> None:
    assert word_of(text) is word


@pytest.mark.parametrize(
    "text",
    [
        "Stop, voleur au tabac",
        "Vol au tabac, arrêtez-le",
        "Oui je l'ai vu partir vers la gare",
        "oui stop",
        "besoin d'aide un homme me menace",
        "plus de caisse, plus de tabac",
        "Bien reçu",
        "merci",
        "non il est parti",
        "",
        "🚨",
    ],
)
def test_anything_else_is_written_to_somebody(text: str) -> None:
    assert word_of(text) is None


@given(st.sampled_from(["STOP", "ARRÊT", "Désinscription"]), st.text(" .!?,;:-«»\n", max_size=6))
def test_punctuation_changes_nothing(word: str, around: str) -> None:
    assert word_of(around + word + around) is Word.STOP


@given(st.text(max_size=40))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    assert word_of(text) in {None, *Word}
