"""Reads what merchants type: a few words are commands, everything else is a report."""

from collections.abc import Mapping

from appservice.domain.commands.nouns import (
    AskCharter,
    AskHelp,
    AskMe,
    AskOffences,
    AskReport,
    AskRules,
    ChooseOffence,
    Command,
)
from appservice.domain.commands.offences import numbered
from appservice.domain.commands.rating import read_rating
from appservice.domain.commands.telephone import Word, word_of
from appservice.domain.commands.words import (
    Line,
    closest,
    read_line,
    read_reference,
    read_rule,
)
from appservice.domain.errors import NotUnderstood
from appservice.domain.ids import ReportId
from appservice.domain.member import Channel

_WORDS: Mapping[str, Command] = {
    "aide": AskHelp(),
    "help": AskHelp(),
    "menu": AskHelp(),
    "charte": AskCharter(),
    "moi": AskMe(),
    "signaler": AskOffences(),
}
_RULES = frozenset({"regle", "regles", "reglement"})
_STATE = frozenset({"etat", "statut", "suivi"})


def parse_member(text: str, channel: Channel) -> Command | None:
    """The command, or None when it is a report. A word counts as a command only alone.

    Raises NotUnderstood for an unknown word called by `!` or `/`.
    """
    line = read_line(text)
    if channel is Channel.SMS and word_of(text) is Word.HELP:
        return AskHelp()
    asked = _asked(line) or read_rating(line, text)
    if asked is not None:
        return asked
    if line.called and text.strip().startswith(("!", "/")):
        known = [*_WORDS, "etat", "regles", "note"]
        close = closest(line.verb, known)
        hint = f"Vouliez-vous dire « {close} » ? " if close else ""
        raise NotUnderstood(
            f"Commande inconnue : « {line.verb} ». {hint}"
            "Commandes : aide, charte, règles, moi, signaler, état S12, note S12 4. "
            "Pour signaler un fait, écrivez-le tel quel."
        )
    return None


def _asked(line: Line) -> Command | None:
    if line.verb in _STATE:
        found = read_reference(line.rest)
        known = found is not None and found.letter in {"S", ""}
        return AskReport(ReportId(found.number)) if found is not None and known else None
    if line.verb in _RULES:
        rule = read_rule(line.rest)
        return None if rule is None else AskRules(rule)
    if line.rest.strip("!?. "):
        return None
    offence = numbered(line.verb)
    return _WORDS.get(line.verb) if offence is None else ChooseOffence(offence)
