"""Reads what merchants type: a few words are commands, everything else is a report."""

import re
from collections.abc import Mapping

from appservice.domain.commands.nouns import (
    AskCharter,
    AskHelp,
    AskMe,
    AskReport,
    AskRules,
    Command,
    StopSms,
)
from appservice.domain.commands.words import closest, plain, read_line, read_reference, read_rule
from appservice.domain.errors import NotUnderstood
from appservice.domain.ids import ReportId
from appservice.domain.member import Channel

_WORDS: Mapping[str, Command] = {
    "aide": AskHelp(),
    "help": AskHelp(),
    "menu": AskHelp(),
    "charte": AskCharter(),
    "moi": AskMe(),
}
_RULES = frozenset({"regle", "regles", "reglement"})
_STATE = frozenset({"etat", "statut", "suivi"})
_STOP = frozenset(
    "stop stopp stope stopsms arret arrete arreter arretez desinscription desinscrire "
    "desinscrivez desabonnement desabonner resilier unsubscribe".split()
)
# What may stand around STOP without changing it. « Stop, voleur au tabac » is a report.
_AROUND_STOP = frozenset(
    "sms svp stp merci s il vous te plait plz alerte alertes les des ces tout message messages "
    "je veux me de d moi la le maillage".split()
)


def parse_member(text: str, channel: Channel) -> Command | None:
    """The command, or None when it is a report. A word counts as a command only alone.

    Raises NotUnderstood for an unknown word called by `!` or `/`.
    """
    line = read_line(text)
    alone = not line.rest.strip("!?. ")
    if channel is Channel.SMS and is_stop(text):
        return StopSms()
    if alone and line.verb in _WORDS:
        return _WORDS[line.verb]
    if line.verb in _STATE:
        found = read_reference(line.rest)
        if found is not None and found.letter in {"S", ""}:
            return AskReport(ReportId(found.number))
    if line.verb in _RULES:
        rule = read_rule(line.rest)
        if rule is not None:
            return AskRules(rule)
    if line.called and text.strip().startswith(("!", "/")):
        known = [*_WORDS, "etat", "regles"]
        close = closest(line.verb, known)
        hint = f"Vouliez-vous dire « {close} » ? " if close else ""
        raise NotUnderstood(
            f"Commande inconnue : « {line.verb} ». {hint}"
            "Commandes : aide, charte, règles, moi, état S12. "
            "Pour signaler un fait, écrivez-le tel quel."
        )
    return None


def is_stop(text: str) -> bool:
    """Whether a telephone asks for silence, whoever holds it."""
    words = re.findall(r"[a-z0-9]+", plain(text))
    return any(word in _STOP for word in words) and all(
        word in _STOP or word in _AROUND_STOP for word in words
    )
