"""STOP is a right; a report that begins with « stop » is not a STOP."""

import pytest

from bridges.sms.keywords import Keyword, keyword_of


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("STOP", Keyword.STOP),
        ("stop", Keyword.STOP),
        (" Stop. ", Keyword.STOP),
        ("STOP SMS", Keyword.STOP),
        ("Stop svp merci", Keyword.STOP),
        ("STOP s'il vous plaît", Keyword.STOP),
        ("ARRET", Keyword.STOP),
        ("Arrêt", Keyword.STOP),
        ("arrêtez les messages", Keyword.STOP),
        ("Désinscription", Keyword.STOP),
        ("je veux me désinscrire", Keyword.STOP),
        ("DESABONNEMENT", Keyword.STOP),
        ("OUI", Keyword.YES),
        ("oui !", Keyword.YES),
        ("Oui merci", Keyword.YES),
        ("ok", Keyword.YES),
        ("D'accord", Keyword.YES),
        ("AIDE", Keyword.HELP),
        ("Aide svp", Keyword.HELP),
        ("help", Keyword.HELP),
        ("Stop, voleur au tabac", None),
        ("Vol au tabac, arrêtez-le", None),
        ("Oui je l'ai vu partir vers la gare", None),
        ("oui stop", None),
        ("besoin d'aide un homme me menace", None),
        ("Bien reçu", None),
        ("merci", None),
        ("", None),
        ("🚨", None),
    ],
)
def test_keywords(text: str, keyword: Keyword | None) -> None:
    assert keyword_of(text) is keyword
