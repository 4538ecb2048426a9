"""Reads what officers and the mairie type."""

from collections.abc import Callable, Mapping

from appservice.domain.commands.nouns import (
    ApproveAlert,
    AskAlert,
    AskAuthor,
    AskCharter,
    AskHelp,
    AskMe,
    AskReport,
    AskRules,
    CancelAlert,
    ClearReport,
    CloseReport,
    Command,
    CorrectAlert,
    DetachReport,
    HastenAlert,
    PreviewAlert,
    RefuseAlert,
    ReopenReport,
    SeparateReports,
    SubmitAlert,
    TakeReport,
)
from appservice.domain.commands.offences import chosen_last, with_offence
from appservice.domain.commands.target import read_target
from appservice.domain.commands.words import (
    Line,
    Reference,
    closest,
    plain,
    read_line,
    read_reference,
    read_rule,
)
from appservice.domain.errors import NotUnderstood
from appservice.domain.ids import AlertId, ReportId
from appservice.domain.territory import Territory

FORMS: Mapping[str, str] = {
    "alerte": "alerte buralistes Liffré : texte",
    "aperçu": "aperçu buralistes Liffré : texte",
    "valide": "valide A7",
    "refuse": "refuse A7 motif",
    "corrige": "corrige A7 : texte",
    "annule": "annule A7 motif",
    "urgent": "urgent A7",
    "prends": "prends S12",
    "réponds": "réponds S12 : texte",
    "levée": "levée S12 fondé (ou infondé)",
    "clos": "clos S12",
    "rouvre": "rouvre S12",
    "détache": "détache S12",
    "dissocie": "dissocie S12",
    "état": "état A7",
    "règles": "règles (ou « règle 12 »)",
    "aide": "aide",
}
"""Each command as it is taught."""

_SPELLINGS: Mapping[str, str] = {
    "alerte": "alerte alertes alerter alert",
    "aperçu": "apercu previsualise previsualiser",
    "valide": "valide valider validee valides validation approuve approuver",
    "refuse": "refuse refuser refuses refusee rejette rejeter",
    "corrige": "corrige corriger corriges rectifie rectifier remplace remplacer",
    "annule": "annule annuler annules retire retirer",
    "urgent": "urgent urgente",
    "prends": "prends prend prendre pris prise",
    "réponds": "reponds repond repondre reponse demande demander",
    "levée": "levee leve lever leves",
    "clos": "clos clore clot close cloture cloturer ferme fermer",
    "rouvre": "rouvre rouvrir rouvres rouvert reouvre reouvrir",
    "détache": "detache detacher detaches",
    "dissocie": "dissocie dissocier dissocies",
    "état": "etat etats statut suivi",
    "aide": "aide help menu commandes",
    "charte": "charte",
    "règles": "regles regle reglement",
    "moi": "moi",
}
_VERBS = {word: verb for verb, words in _SPELLINGS.items() for word in words.split()}
_URGENT = frozenset({"urgent", "urgente"})
_FOUNDED = frozenset(
    "fonde fondee confirme confirmee avere averee vrai vraie reel reelle oui positif".split()
)
_UNFOUNDED = frozenset(
    "infonde infondee faux fausse rien ras non negatif negative injustifie injustifiee".split()
)


def parse_agent(text: str, territory: Territory) -> Command | None:
    """The command, or None when it reads as a conversation between officers.

    Raises NotUnderstood when a command was meant and can't be read, so that an alert or a
    decision never passes silently for a conversation.
    """
    line = read_line(text)
    if line.verb == "je":  # « je prends S12 »
        line = read_line(line.rest)
    verb = _VERBS.get(line.verb)
    if verb is None:
        _must_be_talk(line)
        return None
    return _READERS[verb](line, territory)


def _must_be_talk(line: Line) -> None:
    close = closest(line.verb, _VERBS, cutoff=0.75)
    meant = line.called or (close is not None and read_reference(line.rest) is not None)
    if not meant:
        return
    hint = f"Vouliez-vous dire « {FORMS.get(_VERBS[close], close)} » ? " if close else ""
    raise NotUnderstood(f"Commande inconnue : « {line.verb} ». {hint}Écrivez « aide ».")


def _alert(line: Line, territory: Territory) -> Command | None:
    head, colon, body = line.rest.partition(":")
    if not colon:
        if not line.called and line.verb != "alerte":
            return None
        raise NotUnderstood(
            f"Alerte non envoyée : il manque « : » devant le texte. Écrivez « {FORMS['alerte']} »."
        )
    if not body.strip():
        raise NotUnderstood(f"Alerte sans texte. Écrivez « {FORMS['alerte']} ».")
    head, offence = chosen_last(head)
    first, _, others = head.strip().partition(" ")
    urgent = plain(first) in _URGENT
    trades, zone = read_target(others if urgent else head, territory)
    text = body.strip()
    said = text if offence is None else with_offence(offence, text)
    return SubmitAlert(trades, zone, said, urgent)


def _preview(line: Line, territory: Territory) -> Command | None:
    head, colon, body = line.rest.partition(":")
    if not colon or not body.strip():
        raise NotUnderstood(f"Il manque le texte. Écrivez « {FORMS['aperçu']} ».")
    trades, zone = read_target(head, territory)
    return PreviewAlert(trades, zone, body.strip())


def _about_alert(
    verb: str, make: Callable[[AlertId, str], Command]
) -> Callable[[Line, Territory], Command | None]:
    def read(line: Line, _: Territory) -> Command | None:
        found = read_reference(line.rest)
        if found is None:
            _must_lack_reference(line, verb)
            return None
        _must_be_sure(line, found, "A")
        if found.letter == "S":
            raise NotUnderstood(
                f"S{found.number} est un signalement : « {verb} » concerne une alerte, "
                f"par exemple « {FORMS[verb]} »."
            )
        return make(AlertId(found.number), found.after)

    return read


def _must_be_sure(line: Line, found: Reference, letter: str) -> None:
    """« prends 2 minutes » is no decision about S2: a bare number must stand alone."""
    if not found.letter and found.after and not line.called:
        written = f"{letter}{found.number}"
        raise NotUnderstood(f"Si vous parlez de {written}, écrivez « {line.verb} {written} ».")


def _correct(alert: AlertId, text: str) -> Command:
    if not text.strip():
        raise NotUnderstood(f"Correction sans texte. Écrivez « {FORMS['corrige']} ».")
    return CorrectAlert(alert, text.strip())


def _refuse(alert: AlertId, reason: str) -> Command:
    if not reason.strip():
        raise NotUnderstood(f"Donnez le motif du refus : « {FORMS['refuse']} ».")
    return RefuseAlert(alert, reason.strip())


def _about_report(
    verb: str, make: Callable[[ReportId, str], Command]
) -> Callable[[Line, Territory], Command | None]:
    def read(line: Line, _: Territory) -> Command | None:
        found = read_reference(_without_preamble(line.rest))
        if found is None:
            _must_lack_reference(line, verb)
            return None
        _must_be_sure(line, found, "S")
        if found.letter == "A":
            raise NotUnderstood(
                f"A{found.number} est une alerte : « {verb} » concerne un signalement, "
                f"par exemple « {FORMS[verb]} »."
            )
        return make(ReportId(found.number), found.after)

    return read


def _without_preamble(rest: str) -> str:
    """« levée de doute S12 », « prise en charge de S12 »."""
    words = rest.split()
    while words and plain(words[0]) in {"de", "du", "doute", "en", "charge", "le", "la"}:
        words.pop(0)
    return " ".join(words)


def _to_author(report: ReportId, after: str) -> Command:
    if not after.strip():
        raise NotUnderstood(f"Message vide. Écrivez « {FORMS['réponds']} ».")
    return AskAuthor(report, after.strip())


def _clear(report: ReportId, after: str) -> Command:
    words = [word.strip(".,;:!()") for word in plain(after).split()]
    if words[:1] and words[0] in {"non", "pas"} and any(word in _FOUNDED for word in words[1:2]):
        return ClearReport(report, founded=False)
    for word in words:
        if word in _FOUNDED | _UNFOUNDED:
            return ClearReport(report, founded=word in _FOUNDED)
    raise NotUnderstood(
        f"Dites le résultat : « levée S{report} fondé » ou « levée S{report} infondé »."
    )


def _state(line: Line, _: Territory) -> Command | None:
    found = read_reference(line.rest)
    if found is None:
        _must_lack_reference(line, "état")
        return None
    if found.letter == "A":
        return AskAlert(AlertId(found.number))
    if found.letter == "S":
        return AskReport(ReportId(found.number))
    number = found.number
    raise NotUnderstood(
        f"Écrivez « état A{number} » (alerte) ou « état S{number} » (signalement)."
    )


def _rules(line: Line, _: Territory) -> Command | None:
    rule = read_rule(line.rest)
    return None if rule is None else AskRules(rule)


def _must_lack_reference(line: Line, verb: str) -> None:
    """A verb without reference is a command when it stands alone or is called, else a talk."""
    if line.called or not line.rest:
        raise NotUnderstood(f"Il manque la référence. Écrivez « {FORMS[verb]} ».")


def _alone(command: Command) -> Callable[[Line, Territory], Command | None]:
    def read(line: Line, _: Territory) -> Command | None:
        return command if line.called or not line.rest.strip("!?. ") else None

    return read


_READERS: Mapping[str, Callable[[Line, Territory], Command | None]] = {
    "alerte": _alert,
    "aperçu": _preview,
    "valide": _about_alert("valide", lambda alert, _: ApproveAlert(alert)),
    "refuse": _about_alert("refuse", _refuse),
    "corrige": _about_alert("corrige", _correct),
    "annule": _about_alert("annule", lambda alert, reason: CancelAlert(alert, reason.strip())),
    "urgent": _about_alert("urgent", lambda alert, _: HastenAlert(alert)),
    "prends": _about_report("prends", lambda report, _: TakeReport(report)),
    "réponds": _about_report("réponds", _to_author),
    "levée": _about_report("levée", _clear),
    "clos": _about_report("clos", lambda report, _: CloseReport(report)),
    "rouvre": _about_report("rouvre", lambda report, _: ReopenReport(report)),
    "détache": _about_report("détache", lambda report, _: DetachReport(report)),
    "dissocie": _about_report("dissocie", lambda report, _: SeparateReports(report)),
    "état": _state,
    "aide": _alone(AskHelp()),
    "charte": _alone(AskCharter()),
    "règles": _rules,
    "moi": _alone(AskMe()),
}
