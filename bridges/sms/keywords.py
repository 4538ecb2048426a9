"""Words with which a phone commands: STOP, OUI, AIDE and what people write instead."""

import unicodedata
from enum import StrEnum


class Keyword(StrEnum):
    """What the person asks for; the flow acts on it."""

    STOP = "stop"
    YES = "yes"
    HELP = "help"


_WORDS = {
    Keyword.STOP: "stop stopp stope arret arrete arreter arretez desinscription desinscrire "
    "desinscrivez desabonnement desabonner resilier unsubscribe",
    Keyword.YES: "oui ouii yes ok daccord accord",
    Keyword.HELP: "aide help info infos",
}
_MEANING = {word: keyword for keyword, words in _WORDS.items() for word in words.split()}
# What may stand around the word without changing it. "Stop, voleur au tabac" is a report.
_POLITE = frozenset(
    "sms svp stp merci s il vous te plait plz please maillage alerte alertes les des ces tout "
    "messages message je veux me de d moi le la numero".split()
)


def keyword_of(text: str) -> Keyword | None:
    """The keyword, if the message says that and nothing else."""
    words = _words(text)
    meant = {_MEANING[word] for word in words if word in _MEANING}
    others = [word for word in words if word not in _MEANING and word not in _POLITE]
    return meant.pop() if len(meant) == 1 and not others else None


def _words(text: str) -> list[str]:
    bare = unicodedata.normalize("NFKD", text.lower().replace("d'accord", "daccord"))
    letters = (c if c.isalnum() else " " for c in bare if not unicodedata.combining(c))
    return "".join(letters).split()
