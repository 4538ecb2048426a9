"""Which reports tell of one event, and which do not."""

import pytest

from appservice.domain.same_event import kinds_of, same_event


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Braquage à la bijouterie Aurore", "Deux hommes armés viennent d'entrer à côté"),
        ("On m'a volé un téléphone", "Vol à l'étalage, ils courent vers la gare"),
        ("Ma vitrine est brisée", "ils ont cassé la vitrine d'en face"),
        ("Faux billets de 50 €", "un client a payé avec un faux billet"),
        ("Grosse fumée rue Pasteur", "INCENDIE près de la poste"),
        ("Camion blanc immatriculé garé rue Pasteur", "le camion blanc est toujours rue Pasteur"),
    ],
)
def test_the_same(one: str, other: str) -> None:
    assert same_event(one, other)
    assert same_event(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Braquage à la bijouterie Aurore", "Faux billets de 50 €"),
        ("Vol à l'étalage", "Grosse fumée rue Pasteur"),
        ("problème ici", "problème ici"),
        ("", ""),
        ("Le volet est en panne", "Vol à l'étalage"),
        ("Camion blanc garé rue Pasteur", "Camion rouge place du marché"),
    ],
)
def test_not_the_same(one: str, other: str) -> None:
    assert not same_event(one, other)
    assert not same_event(other, one)


def test_a_text_names_several_kinds() -> None:
    assert kinds_of("Vol avec violence, il avait un couteau") == {"vol", "violence", "arme"}
    assert kinds_of("Tout va bien au magasin") == frozenset()
