"""What is said about reports: in the poste and to whoever reported."""

import re
from collections.abc import Iterable, Mapping
from typing import assert_never

from appservice.domain.commands.offences import Offence, menu
from appservice.domain.commands.reactions import HINTS
from appservice.domain.commands.words import plain
from appservice.domain.member import Member
from appservice.domain.report import (
    HEAVIEST_FILE,
    LONGEST_VIDEO,
    Cleared,
    Closed,
    Received,
    Report,
    Taken,
    Unfit,
)
from appservice.domain.territory import Territory
from appservice.domain.wording.common import (
    CALL_NOW,
    NOT_EMERGENCY_LINE,
    day_and_hour,
    hour,
    quoted,
)

_WHEN = re.compile(
    r"\d ?h|\d:\d|matin|midi|soir|nuit|hier|aujourd|maintenant|instant|minute|vient|viennent"
    r"|tout a l'heure|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"
)
_WHERE = re.compile(
    r"\b(rue|avenue|place|boulevard|quai|parking|magasin|boutique|caisse|rayon|vitrine|rideau"
    r"|reserve|devant|derriere|chez|centre|zone|gare|marche|tabac|bijouterie|boulangerie)\b"
)
_VAGUE = frozenset(
    "probleme souci truc chose ici la bonjour svp merci vite un une il y au".split()
)
MENU = (
    f"Que signalez-vous ? {menu()}.\nÉcrivez le numéro ou le nom, deux points, puis ce qui "
    "s'est passé : « 6 : deux billets de 20 ce matin ». Danger en cours : 17 ou 112."
)
WHY_PHOTO = (
    "Votre photo ou vidéo est gardée : personne ne la voit tant que vous n'avez pas dit ce "
    "qu'elle montre. Répondez en une phrase : quoi, où, quand."
)
JUST_TALK = (
    "Rien n'est transmis : ceci ne ressemble pas à un signalement. Pour signaler : quoi, où, "
    "quand, ou « signaler ». Danger en cours : 17 ou 112."
)
NO_POSTE = "Aucun poste n'est encore ouvert pour votre commune : appelez le 17."
OFFICERS_ONLY = "Seuls les agents traitent les signalements."


UNFIT: Mapping[Unfit, str] = {
    Unfit.KIND: (
        "Ce type de fichier n'est pas accepté : envoyez une photo (JPEG, PNG ou WebP), une vidéo "
        "(MP4 ou MOV), ou décrivez en quelques mots."
    ),
    Unfit.MISSING: (
        f"Votre fichier n'est pas arrivé : il pèse plus de {HEAVIEST_FILE >> 20} Mo, ou n'est "
        "plus disponible. Envoyez-en un plus petit, ou décrivez en quelques mots."
    ),
    Unfit.UNREADABLE: (
        "Votre fichier n'a pas pu être lu : personne ne l'a vu. Envoyez une photo (JPEG, PNG ou "
        "WebP), une vidéo (MP4 ou MOV), ou décrivez en quelques mots."
    ),
    Unfit.TOO_LONG: (
        f"Votre vidéo dure plus de {LONGEST_VIDEO.seconds // 60} minutes : personne ne l'a vue. "
        "Envoyez le passage utile, ou décrivez en quelques mots."
    ),
}


def missing(text: str, author: Member) -> tuple[str, ...]:
    """What officers would ask: what, where, when. A shop is a place by itself."""
    words = plain(text)
    gaps = []
    if len([word for word in re.findall(r"[a-z]{2,}", words) if word not in _VAGUE]) < 2:
        gaps.append("quoi")
    if not author.shop and not _WHERE.search(words):
        gaps.append("où")
    if not _WHEN.search(words):
        gaps.append("quand")
    return tuple(gaps)


def card(report: Report, author: Member, territory: Territory) -> str:
    """Who, where, what, when, for the officers."""
    sign = "🆘 URGENCE" if report.emergency else "🔔"
    place = territory.communes.get(author.commune)
    where = place.name if place else territory.name
    trades = ", ".join(territory.trades[t].name for t in author.trades if t in territory.trades)
    pictures = f"\n{pictured(len(report.blobs)).capitalize()}" if report.blobs else ""
    return (
        f"{sign} {report.reference} — signalement\n"
        f"Qui : {author.attribution}{f' ({trades})' if trades else ''}\n"
        f"Où : {where}\n"
        f"Quand : {day_and_hour(report.received_at)}, par {report.channel.label}\n"
        f"Quoi : {quoted(report.text) if report.text else '(sans texte)'}{pictures}\n"
        f"{HINTS['report']} — ou « prends {report.reference} »"
    )


def pictured(count: int) -> str:
    """Beside a report; what each is shows when it comes."""
    return f"photos ou vidéos : {count}"


def more(report: Report, text: str, pictures: int) -> str:
    """A message that completes a report, for the officers."""
    what = quoted(text) if text else pictured(pictures)
    return f"➕ {report.reference}, complément de son auteur : {what}"


def chosen(report: Report, offence: Offence) -> str:
    """What its author says it is, for the officers."""
    return f"➕ {report.reference}, selon son auteur : {offence}"


def noted(report: Report, offence: Offence) -> str:
    """To its author."""
    return f"Noté : {report.reference}, {offence}."


def changed(report: Report, text: str) -> str:
    """The author edited what they wrote."""
    return f"✏️ {report.reference}, son auteur corrige : {quoted(text)}"


def withdrawn(report: Report) -> str:
    """The author deleted what they wrote."""
    return f"🗑️ {report.reference} : son auteur a supprimé son message. Le signalement demeure."


def emergency(*, to_officers: bool = True) -> str:
    """Before anything else."""
    return (
        f"{CALL_NOW}\nVotre message est transmis aux forces de l'ordre."
        if to_officers
        else CALL_NOW
    )


def received(report: Report, gaps: tuple[str, ...], also: str = "") -> str:
    """« reçu »; `also` says that others told of the same thing."""
    ask = f" Précisez si possible : {', '.join(gaps)}." if gaps else ""
    line = f"Reçu : votre signalement {report.reference} est chez les agents."
    return f"{line}{f' {also}' if also else ''}{ask} {NOT_EMERGENCY_LINE}"


def received_more(report: Report) -> str:
    """A complement has come in."""
    return f"Reçu : ajouté à {report.reference}."


def taken_poste(name: str, by: Member) -> str:
    """To the other officers."""
    return f"{name} pris en charge par {by.attribution}."


def cleared_poste(name: str, by: Member, *, founded: bool) -> str:
    """To the other officers."""
    return f"{name}, levée de doute par {by.attribution} : {_found(founded)}."


def closed_poste(name: str, by: Member) -> str:
    """To the other officers."""
    return f"{name} clos par {by.attribution}."


def reopened_poste(name: str, by: Member) -> str:
    """To the other officers."""
    return f"{name} rouvert par {by.attribution} : à prendre en charge."


def taken(report: Report) -> str:
    """« pris en charge », to the author."""
    return f"{report.reference} : pris en charge par un agent."


def cleared(report: Report, *, founded: bool) -> str:
    """« levée de doute », to the author."""
    return f"{report.reference} : levée de doute, {_found(founded)}. Merci."


def closed(report: Report) -> str:
    """« clos », to the author."""
    return f"{report.reference} : clos. Merci de votre signalement."


def reopened(report: Report) -> str:
    """« rouvert », to the author."""
    return f"{report.reference} est rouvert : un agent va le reprendre."


def nothing_left(report: Report) -> str:
    """Its key was destroyed at its time, or it never had a word."""
    name = report.reference
    return f"Il n'y a plus rien à lire dans {name} : il ne peut pas être rouvert."


def _found(founded: bool) -> str:
    return "fait confirmé" if founded else "rien à signaler"


def state(report: Report) -> str:
    """Answers « état S12 »."""
    return f"{report.reference} : reçu le {day_and_hour(report.received_at)}{_since(report)}."


def _since(report: Report) -> str:
    match report.stage:
        case Received():
            return ", pas encore pris en charge"
        case Taken(at=at):
            return f", pris en charge à {hour(at)}"
        case Cleared(taken_at=taken_at, at=at, founded=founded):
            return f", pris en charge à {hour(taken_at)}, {_found(founded)} à {hour(at)}"
        case Closed(taken_at=taken_at, cleared_at=cleared_at, at=at):
            steps = (("pris en charge", taken_at), ("doute levé", cleared_at), ("clos", at))
            return "".join(f", {word} à {hour(time)}" for word, time in steps if time is not None)
        case _:
            assert_never(report.stage)


def refused_files(reasons: Iterable[Unfit]) -> str:
    """To whoever sent them: why, and what to do instead."""
    return "\n".join(UNFIT[reason] for reason in dict.fromkeys(reasons))


def unknown(number: int) -> str:
    """No such report that this member may see."""
    return f"S{number} n'existe pas."
