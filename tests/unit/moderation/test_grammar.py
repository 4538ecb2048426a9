"""The language of the lexicons, each sign as `docs/regles/ecrire-une-regle.md` explains it."""

import pytest

from appservice.domain.moderation.characters import fold
from appservice.domain.moderation.grammar import Grammar
from appservice.domain.moderation.pattern import PatternError, parse
from appservice.domain.moderation.spelling import LongWords
from appservice.domain.moderation.tokens import Token, tokenise

COLOURS = ("rouge", "bleu nuit")


def _no_shape(_: Token) -> tuple[str, ...]:
    return ()


def found(pattern: str, text: str) -> list[str]:
    """What a lexicon of one pattern finds, the longest from each beginning."""
    grammar = Grammar(
        {"essai": [parse(pattern)], "couleur": [parse(colour) for colour in COLOURS]}
    )
    tokens = tokenise(fold(text, {}))
    edges = grammar.edges(tokens, _no_shape)
    return [
        " ".join(token.word for token in tokens[start : max(here["essai"])])
        for start, here in enumerate(edges)
        if "essai" in here
    ]


@pytest.mark.parametrize(
    ("pattern", "text", "said"),
    [
        ("braquage", "Un BRAQUAGE à Redon", ["braquage"]),
        ("bande de jeunes", "une bande de jeunes", ["bande de jeunes"]),
        ("vol[s]", "vol, vols et volets", ["vol", "vols"]),
        ("signale[es]", "signalé, signalées", ["signale", "signalees"]),
        ("derob[er]", "ils dérobent, dérobée", ["derobent", "derobee"]),
        ("cambriol*", "cambriolage ou cambrioleur", ["cambriolage", "cambrioleur"]),
        ("rue|quai", "la rue et le quai", ["rue", "quai"]),
        ("vol a-l-etalage|simple", "vol à l'étalage, vol simple",
         ["vol a l etalage", "vol simple"]),
        ("plus d|de", "plus d'un, plus de deux", ["plus d", "plus de"]),
        ("voiture petite? rouge", "voiture rouge, voiture petite rouge",
         ["voiture rouge", "voiture petite rouge"]),
        ("vol !non de", "vol de sac", ["vol de"]),
        ("vol !de sac", "vol de sac", []),
        ("vol _4 sac", "vol de mon beau sac", ["vol de mon beau sac"]),
        ("vol _4 sac", "vol, puis le sac", []),
        ("vol ..4 sac", "vol, puis le sac", ["vol puis le sac"]),
        ("vol ..2 sac", "vol de mon si beau sac", []),
        ("vol ..4 sac", "vol. Le sac", []),
        ("^ vol", "vol de vol. Vol", ["vol", "vol"]),
        ("vol $", "vol de vol. Vol", ["vol", "vol"]),
        ("vol //", "un vol, un vol de sac", ["vol"]),
        ("voiture @couleur", "voiture bleu nuit", ["voiture bleu nuit"]),
        ("@couleur _1 sombre", "rouge très sombre", ["rouge tres sombre"]),
        ("vol @couleur|de _2 sac", "vol de ce sac, vol rouge sac",
         ["vol de ce sac", "vol rouge sac"]),
    ],
)  # fmt: skip
def test_each_sign_finds_what_it_says(pattern: str, text: str, said: list[str]) -> None:
    assert found(pattern, text) == said


def test_patterns_that_begin_alike_end_each_at_its_own_notion() -> None:
    grammar = Grammar({"un": [parse("vol de sac")], "deux": [parse("vol de velo"), parse("vol")]})
    tokens = tokenise(fold("vol de sac vol de vélo", {}))
    edges = grammar.edges(tokens, _no_shape)
    assert edges[0] == {"un": {3}, "deux": {1}}
    assert edges[3] == {"deux": {4, 6}}


def test_a_pattern_never_begins_with_a_gap() -> None:
    with pytest.raises(PatternError, match="commence par un écart"):
        Grammar({"essai": [parse("_2 vol")]})


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("cambriollage", ["cambriolage"]),  # a letter too many
        ("cambrolage", ["cambriolage"]),  # a letter missing
        ("cabmriolage", ["cambriolage"]),  # two swapped
        ("cambroilage", ["cambriolage"]),
        ("cambrialage", []),  # one for another is another word
        ("sambriolage", []),
        ("cambriolages", []),  # another ending is no slip
        ("cambrilloage", []),
    ],
)
def test_a_slip_of_the_finger_is_forgiven(typed: str, meant: list[str]) -> None:
    assert LongWords(["cambriolage", "cabane"]).near(typed) == meant
