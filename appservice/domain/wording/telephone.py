"""What a telephone is told of SMS themselves: the question, OUI, STOP; what officers see of it."""

from datetime import datetime

from appservice.domain.alert import Alert
from appservice.domain.member import Channel, Member
from appservice.domain.telephone.consent import Consent, name_of
from appservice.domain.telephone.rules import PARIS
from appservice.domain.territory import Territory
from appservice.domain.wording.common import day, hour, plural

NO_NUMBER = "Cette personne n'a pas de numéro."
STOP_STANDS = (
    "Ce numéro a répondu STOP : lui seul peut revenir dessus, en répondant OUI. Faute de numéro "
    "qui reçoive les réponses, inscrivez un autre numéro."
)


def question(territory: Territory) -> str:
    """The one text that leaves before anybody agreed; fits one SMS."""
    say = "Alertes commerces par SMS : répondez OUI pour les recevoir, STOP pour refuser."
    return f"{say}{_contact(territory)}"


def reminder(territory: Territory) -> str:
    """The only other one."""
    say = "Rappel : répondez OUI pour les alertes commerces par SMS, STOP pour refuser."
    return f"{say}{_contact(territory)}"


def agreed(territory: Territory) -> str:
    """The number may be texted from now on."""
    say = "C'est noté : vous recevrez les alertes par SMS. STOP pour arrêter. Urgence : 17 ou 112."
    return f"{say}{_contact(territory)}"


def stopped(territory: Territory | None) -> str:
    """The last SMS."""
    end = _contact(territory) if territory is not None else ""
    return f"C'est noté : vous ne recevrez plus de SMS. Pour reprendre, répondez OUI.{end}"


def _contact(territory: Territory) -> str:
    return f" Contact : {territory.contact}." if territory.contact else ""


def without_consent(count: int) -> str:
    """In the line that says where an alert left for; empty when everybody agreed."""
    return f" Sans SMS, faute de OUI : {plural(count, 'personne')}." if count else ""


def unanswered(count: int) -> str:
    """In the poste, once a week."""
    return (
        f"{plural(count, 'téléphone')} sans réponse à la demande d'accord, malgré un rappel : "
        "aucun SMS n'y est envoyé. La mairie en a la liste (« maillage members »)."
    )


def channels(member: Member, consent: Consent | None) -> str:
    """« Element, SMS (OUI le 21/11/2026) »: a STOP is shown although SMS is chosen no more."""
    shown = [c.label for c in Channel if c in member.channels and c is not Channel.SMS]
    mine = consent if consent is not None and consent.concerns(member.id) else None
    if member.told_by_sms or (mine is not None and mine.refuses):
        said = "pas encore demandé" if mine is None else _answer(mine)
        fallback = Channel.SMS not in member.channels and member.sms_fallback
        shown.append(f"{'SMS si Signal est en panne' if fallback else 'SMS'} ({said})")
    return ", ".join(shown)


def _answer(consent: Consent) -> str:
    said = {"asked": "attend OUI depuis le", "agreed": "OUI le", "stopped": "STOP le"}
    return f"{said[name_of(consent.stage)]} {day(consent.stage.at)}"


def quiet_hours(alert: Alert, territory: Territory, until: datetime) -> str:
    """Behind the line that says where an alert left for."""
    if alert.urgent:
        return " Urgente : les SMS partent malgré les heures calmes."
    zone = territory.texts.quiet.zone if territory.texts.quiet is not None else PARIS
    return (
        f" Heures calmes jusqu'à {hour(until, zone)} : les SMS attendent, et ne partiront pas "
        f"s'ils sont périmés d'ici là. « urgent {alert.reference} » les envoie maintenant."
    )


def hastened(alert: Alert, by: Member, count: int) -> str:
    """In the poste."""
    leave = f"{plural(count, 'SMS part', 'SMS partent')} maintenant"
    what = leave if count else "aucun SMS n'attendait"
    return f"{alert.reference} est urgente, dit {by.attribution} : {what}."
