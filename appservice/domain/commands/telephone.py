"""Words with which a telephone commands: STOP, OUI, AIDE and what people write instead."""

import re
import unicodedata
from enum import StrEnum

from appservice.domain.commands.words import plain


class Word(StrEnum):
    """What the person asks for; a flow acts on it."""

    STOP = "stop"
    YES = "yes"
    NO = "no"
    HELP = "help"


_SPELLINGS = {
    Word.STOP: "stop stopp stope stopsms arret arrets arrete arreter arretez desinscription "
    "desinscrire desinscrivez desinscris desabonnement desabonner desabonnez desabonne resilier "
    "resiliation unsubscribe",
    Word.YES: "oui ouii ouais yes ok okay daccord accord accepte start reprendre reprise "
    "reabonner reabonnement",
    Word.NO: "non nan no",
    Word.HELP: "aide help info infos",
}
_MEANING = {spelling: word for word, known in _SPELLINGS.items() for spelling in known.split()}
# What may stand around the word without changing it. « Stop, voleur au tabac » is a report.
_AROUND = frozenset(
    "sms svp stp merci s il vous te plait plz please maillage alerte alertes les des ces tout "
    "message messages je j veux me m moi de d la le l numero bonjour bonsoir".split()
)
# « Plus de SMS », « je ne veux plus de messages ».
_NO_MORE = re.compile(r"(je )?(ne )?(veux |souhaite )?(plus|pas) (de |d |aucun )?(sms|messages?)")
# Letter by letter; « s il » of « s'il vous plaît » is not.
_SPELT = re.compile(r"\b[a-z0-9](?: [a-z0-9]\b){2,}")


def word_of(text: str) -> Word | None:
    """The word, when the message says that and nothing else."""
    words = _words(text)
    if _NO_MORE.fullmatch(" ".join(words)):
        return Word.STOP
    meant = {_MEANING[word] for word in words if word in _MEANING}
    if Word.STOP in meant:
        meant.discard(Word.NO)  # « non merci, stop »
    others = [word for word in words if word not in _MEANING and word not in _AROUND]
    return meant.pop() if len(meant) == 1 and not others else None


def _words(text: str) -> list[str]:
    """Letters only; « S.T.O.P » and « s t o p » are one word, and what hides in between goes."""
    shown = "".join(c for c in text if unicodedata.category(c) != "Cf")
    letters = " ".join(re.findall(r"[a-z0-9]+", plain(shown).replace("d'accord", "daccord")))
    return _SPELT.sub(lambda match: match[0].replace(" ", ""), letters).split()
