"""Whether two reports tell of one event: what they name, and the words that they share."""

import re
from collections.abc import Mapping

from appservice.domain.commands.words import plain

_KINDS: Mapping[str, str] = {
    "arme": r"arm[eé]e?s?|braqu\w*|hold-?up|fusils?|pistolets?|couteau\w*|machettes?|otages?",
    "effraction": r"cambriol\w*|effraction\w*|belier|forc\w+ (?:le|la|mon|ma) (?:rideau|porte)"
    r"|(?:vitrine|rideau|porte|vitre)s? \w*\s?(?:brisee?s?|cassee?s?|forcee?s?|defoncee?s?)"
    r"|(?:brise|casse|force|defonce)\w* (?:la|le|une|ma|mon) (?:vitrine|rideau|porte|vitre)",
    "vol": r"vol|vols|vole[es]*|voleu(?:r|rs|se|ses)|voler|derob\w+|etalage|pickpockets?"
    r"|chaparde\w*",
    "violence": r"agress\w+|frapp\w+|bagarre\w*|rixe\w*|violen\w+|menac\w+|coups?",
    "monnaie": r"faux billets?|fausse monnaie|billets? (?:contrefaits?|suspects?)|contrefa\w+",
    "escroquerie": r"escro\w+|arnaqu\w+|rendez-?moi|fau(?:x|sse) (?:livreur|agent|policier)\w*",
    "degradation": r"degrad\w+|tagu\w+|tags?|vandal\w+|caillass\w+",
    "feu": r"incendi\w+|fumee|flammes?|en feu|feu de|brule\w*",
    "alarme": r"alarmes?|sirene",
    "trouble": r"attroup\w+|tapage|trouble\w*|emeute\w*|pillage\w*|insult\w+",
    "reperage": r"reperage\w*|allers?-?(?: et )?retours?|rod(?:e|ent|ait)|suspects?|observ\w+",
}
_FOUND = {kind: re.compile(rf"\b(?:{words})\b") for kind, words in _KINDS.items()}
_WORD = re.compile(r"[a-z]{4,}")
_EMPTY = frozenset(
    "avec dans pour plus cette chez bonjour merci vient viennent etre sont etait alors juste aussi"
    " tout tous toute faire fait depuis heure heures matin midi soir nuit hier aujourd maintenant"
    " instant minute minutes magasin boutique client cliente clients homme hommes femme personne"
    " personnes individu individus devant dehors leur notre votre nous vous elle elles"
    " ville".split()
)
_SHARED = 2  # words
_LIKE = 0.5  # of the shorter text


def kinds_of(text: str) -> frozenset[str]:
    """What the text names: a theft, a fire, an alarm. May be nothing, or several."""
    words = plain(text)
    return frozenset(kind for kind, found in _FOUND.items() if found.search(words))


def same_event(one: str, other: str) -> bool:
    """Whether two texts, close in place and time already, tell of the same thing.

    They name the same kind of thing, or share most of their words that say something. A text
    that says nothing (« problème ici ») is like no other: it gets a card of its own.
    """
    if kinds_of(one) & kinds_of(other):
        return True
    first, second = _telling(one), _telling(other)
    shared = first & second
    return len(shared) >= max(_SHARED, _LIKE * min(len(first), len(second)))


def _telling(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(plain(text))) - _EMPTY
