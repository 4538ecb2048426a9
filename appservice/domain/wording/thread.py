"""What officers and a member tell each other about a report, and how it is shown."""

from collections.abc import Sequence

from appservice.domain.member import Member
from appservice.domain.report import Report
from appservice.domain.wording.common import hour, quoted, said

GONE = "Son auteur n'est plus membre : votre message n'a pas été envoyé."


def question(report: Report, text: str) -> str:
    """To whoever reported: which report, by its hour, and that they may just answer."""
    when = hour(report.received_at)
    return f"Agents, sur votre signalement de {when} : {said(text)} Répondez ici."


def asked(report: Report, by: Member, text: str) -> str:
    """In the poste."""
    return f"✉️ {report.reference}, {by.attribution} à son auteur : {quoted(text)}"


def closed(report: Report) -> str:
    """Nothing is asked about what is over."""
    return f"{report.reference} est clos : votre message n'a pas été envoyé."


def joined(report: Report) -> str:
    """To the author, with the way out should it be about something else."""
    return f"Reçu : ajouté à {report.reference}. Autre sujet : commencez par « nouveau »."


def perhaps(others: Sequence[str]) -> str:
    """Behind an answer that may be about another open report."""
    return f" (ou {', '.join(others)} : on lui a aussi écrit à ce sujet)" if others else ""
