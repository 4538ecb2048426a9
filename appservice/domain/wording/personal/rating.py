"""What is said about ratings, to whoever reported; and the comment, to the officers."""

from collections.abc import Sequence

from appservice.domain.ids import ReportId
from appservice.domain.rating.given import HIGHEST, LOWEST, Rating
from appservice.domain.report import Report
from appservice.domain.wording.common import quoted

NONE_WAITS = (
    "Aucun de vos signalements clos n'attend de note. "
    "Pour changer une note : « note », sa référence, puis la note, comme « note S12 4 »."
)


def question(report: Report) -> str:
    """At the end of « clos »; the two hold in one SMS."""
    example = f"« note {report.reference} 4 » (de {LOWEST} à {HIGHEST})"
    return f"Votre avis, compté sans votre nom ? Répondez {example} ; un mot peut suivre."


def thanks(given: Rating, *, again: bool) -> str:
    """It was counted; who reads what."""
    line = f"Merci : S{given.report} noté {given.score}/{HIGHEST}"
    line += ", à la place de votre première note." if again else "."
    if given.comment:
        return f"{line} Vos mots sont pour ses agents ; un fait se signale à part."
    return f"{line} C'est compté sans votre nom."


def scale(reference: str) -> str:
    """The rating could not be read."""
    example = f"note {reference} 4"
    return f"La note va de {LOWEST} à {HIGHEST} : écrivez « {example} », un mot peut suivre."


def not_yours(report: ReportId) -> str:
    """Also when there is no such report: nobody learns of another's."""
    return f"S{report} n'est pas un de vos signalements."


def not_closed(report: Report) -> str:
    """Only what is over is rated."""
    return f"{report.reference} n'est pas clos : vous pourrez le noter quand il le sera."


def erased(report: Report) -> str:
    """Its time is over, and its words are gone."""
    return f"{report.reference} est effacé : il ne peut plus être noté."


def or_rate(report: ReportId, score: int) -> str:
    """A number alone is an offence of the menu; whoever was just asked may have meant a rating."""
    return f"Pour noter S{report} : écrivez « note {score} »."


def mine(ratings: Sequence[Rating]) -> str:
    """In « état S12 », for its author: what counts of each closing."""
    scores = ", puis ".join(f"{given.score}/{HIGHEST}" for given in ratings)
    return f"Votre note : {scores}." if ratings else ""


def comments(ratings: Sequence[Rating]) -> str:
    """In « état S12 », for its officers: the words alone."""
    said = (given for given in ratings if given.comment)
    return "\n".join(f"💬 S{given.report}, avis : {quoted(given.comment)}" for given in said)
